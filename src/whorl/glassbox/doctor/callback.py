"""`Doctor`: a callback that says what is wrong with a training."""

from __future__ import annotations

import dataclasses
import math
import sys
from typing import Any

import numpy as np

from whorl._core import validation
from whorl.glassbox.doctor.data import examine, with_neighbours
from whorl.glassbox.doctor.finding import Report
from whorl.glassbox.doctor.probing import probe
from whorl.glassbox.doctor.signals import ALMOST_ALL, Facts, Probe, Setup, Signals
from whorl.glassbox.doctor.verdict import diagnose
from whorl.layers import Dense
from whorl.training import Callback, EarlyStopping, Epoch, History
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

    def __init__(self, *, every: int | None = None, samples: int = 128, quiet: bool = False) -> None:
        self.every: int | None = None if every is None else validation.integer("every", every)
        self.samples: int = validation.integer("samples", samples)
        self.quiet: bool = validation.truth("quiet", quiet)
        self.interval: int | None = self.every
        self.findings: Report = Report()
        self.facts: Facts | None = None
        self.before: BaseException | None = None

    @property
    def every_epochs(self) -> int | None:
        """The number of epochs between measurements."""
        return self.interval

    def on_train_begin(self, training: Run) -> None:
        memory = training.memory(self)
        self.interval = self.every or max(1, math.ceil(training.epochs / 2))
        self.before = sys.exception()  # what the caller is handling already
        self.facts = examine(training)
        if not hasattr(memory, "probes"):
            memory.probes, memory.equal = [], list(equal_units(training.model))
            self._probe(training)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if epoch.number < training.epochs:  # `on_train_end` measures after the last
            self._probe(training)

    def on_train_end(self, training: Run, history: History) -> None:
        error = sys.exception()
        failed = error if error is not self.before and isinstance(error, ArithmeticError | ValueError) else None
        diverged = isinstance(failed, ArithmeticError) or "became" in (history.stopped or "") or bool(history.skipped)
        if failed is None:
            self._probe(training)
        probes = [Probe(**each) for each in training.memory(self).probes]
        if self.facts is not None and probes and probes[-1].score < ALMOST_ALL:
            self.facts = with_neighbours(self.facts, training)
        setup = set_up(training, tuple(training.memory(self).equal))
        failure = (str(failed) if failed else str(history.stopped)) if diverged else ""
        self.findings = diagnose(Signals(setup=setup, facts=self.facts, probes=probes, curves=history, failure=failure))
        if failed is not None and self.findings:
            failed.add_note(f"whorl's doctor: {self.findings[0]}")
        if self.findings and not self.quiet:
            sys.stdout.write(f"\n{self.findings!r}\n\n")
            sys.stdout.flush()

    def _probe(self, training: Run) -> None:
        probes = training.memory(self).probes
        if not probes or probes[-1]["epoch"] != training.epoch:
            training.memory(self).probes = [*probes, dataclasses.asdict(probe(training, self.samples))]


def equal_units(model: Any) -> list[int]:
    """Return the indices of the dense layers, without the last, all of whose units have the same weights."""
    dense = [i for i, each in enumerate(model.layers) if isinstance(each, Dense) and each.units > 1]
    last = max((i for i, each in enumerate(model.layers) if isinstance(each, Dense)), default=-1)
    return [i for i in dense if i != last and np.ptp(model.p[i].w, axis=1).max() == 0]


def set_up(training: Run, equal: tuple[int, ...]) -> Setup:
    """Return what is trained, and how."""
    model, options = training.model, training.options
    kinds = {float: "random", type(None): "none"}
    return Setup(
        layers=model.layers,
        loss=options.loss,
        optimizer=options.optimizer,
        batch_size=training.batch_size,
        epochs=training.epochs,
        parameters=model.parameters.size,
        inputs=model.inputs,
        outputs=model.outputs,
        weighted=options.class_weight is not None or options.sample_weight is not None,
        keeps_best=any(isinstance(each, EarlyStopping) for each in training.callbacks),
        validation=kinds.get(type(options.validation), "given"),
        equal=equal,
    )
