"""`Doctor`: a callback that says what is wrong with a training."""

from __future__ import annotations

import dataclasses
import math
import sys

from whorl._core import validation
from whorl.glassbox.doctor.examination import Examination
from whorl.glassbox.doctor.finding import Report
from whorl.glassbox.doctor.signals import Facts, Probe
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run


class Doctor(Callback):
    """Says in plain words what is wrong with a training: what it found, the numbers, why it happens, and what to try first.

    Before the first epoch it looks at the data and the network. During training it measures the model on samples that are the same each time, and leaves it
    as it was: training gives the same bits as without it. At the end it prints its findings; it prints nothing if all is well. An error that
    ends training, such as `DivergenceError`, gets the first finding as a note.

    Parameters
    ----------
    every : int, optional
        Number of epochs between measurements; by default there is one after half of the epochs. There are others before and after training.
    samples : int, optional
        Number of training samples to measure on.
    quiet : bool, optional
        Whether to print nothing.

    Attributes
    ----------
    findings : Report
        A sequence of `Finding`, the most important first.

    Notes
    -----
    ``python -m benchmarks doctor`` plants mistakes in trainings, and measures how often they are found; docs/doctor.md has the figures.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, datasets
    >>> X, y = datasets.moons(100, rng=0)
    >>> model, doctor = Model([Dense(16), ReLU(), Dense(2), Softmax()], inputs=2, rng=0), Doctor(quiet=True)
    >>> history = model.fit(100 * X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=10, callbacks=[doctor], rng=0)
    >>> doctor.findings[0].kind
    'unscaled inputs'
    >>> doctor.findings[0].remedy
    'layers=[Standardize(), Dense(16), ReLU(), Dense(2), Softmax()]'
    """

    main_process_only = True

    def __init__(self, *, every: int | None = None, samples: int = 128, quiet: bool = False) -> None:
        self.every: int | None = None if every is None else validation.integer("every", every)
        self.samples: int = validation.integer("samples", samples)
        self.quiet: bool = validation.truth("quiet", quiet)
        self.interval: int | None = self.every
        self.findings: Report = Report()
        self.facts: Facts | None = None
        self.examination: Examination | None = None
        self.before: BaseException | None = None

    @property
    def every_epochs(self) -> int | None:
        """The number of epochs between measurements."""
        return self.interval

    def on_train_begin(self, training: Run) -> None:
        memory = training.memory(self)
        self.interval = self.every or max(1, math.ceil(training.epochs / 2))
        self.before = sys.exception()  # what the caller is handling already
        if hasattr(memory, "probes"):
            probes = [Probe(**each) for each in memory.probes]
            self.examination = Examination(training, self.samples, probes=probes, equal=memory.equal)
        else:
            self.examination = Examination(training, self.samples)
            memory.equal = list(self.examination.equal)
            self._measure(training)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if epoch.number < training.epochs:  # `on_train_end` measures after the last
            self._measure(training)

    def on_train_end(self, training: Run, history: History) -> None:
        error = sys.exception()
        failed = error if error is not self.before and isinstance(error, ArithmeticError | ValueError) else None
        diverged = isinstance(failed, ArithmeticError) or "became" in (history.stopped or "") or bool(history.skipped)
        if failed is None:
            self._measure(training)
        if self.examination is not None:
            self.findings = self.examination.report(
                failure=(str(failed) if failed else str(history.stopped)) if diverged else ""
            )
            self.facts = self.examination.facts
        self.examination = None  # so that a copy of this callback holds no data
        if failed is not None and self.findings:
            failed.add_note(f"whorl's doctor: {self.findings[0]}")
        if self.findings and not self.quiet:
            sys.stdout.write(f"\n{self.findings!r}\n\n")
            sys.stdout.flush()

    def _measure(self, training: Run) -> None:
        assert self.examination is not None
        self.examination.measure()
        training.memory(self).probes = [dataclasses.asdict(each) for each in self.examination.probes]
