"""An examination of one training: what the doctor measures, and what it concludes from that, at any time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from whorl.glassbox.doctor.data import examine, with_neighbours
from whorl.glassbox.doctor.finding import Report
from whorl.glassbox.doctor.probing import probe
from whorl.glassbox.doctor.signals import ALMOST_ALL, Facts, Probe, Setup, Signals
from whorl.glassbox.doctor.verdict import diagnose
from whorl.layers import Dense
from whorl.training import EarlyStopping
from whorl.training.callbacks import Run


class Examination:
    """Measurements of a training, which they leave as it is, to the bit; and the findings that follow from them.

    `Doctor` is a callback with an examination. To look at a training while you control its loop, use this class.

    Parameters
    ----------
    training : Training
        The data and the network are examined at once; this is best done before the first step.
    samples : int, optional
        Number of training samples to measure on.
    probes : iterable of Probe, optional
        Earlier measurements of this training.
    equal : iterable of int, optional
        The indices of the layers whose units all began with equal weights; by default, those that are so now.

    Attributes
    ----------
    facts : Facts
        What is known of the data.
    probes : list of Probe
        The measurements so far.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, datasets
    >>> X, y = datasets.moons(100, rng=0)
    >>> model = Model([Dense(16), ReLU(), Dense(2), ReLU(), Softmax()], inputs=2, rng=0)
    >>> training = model.training(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=100, rng=0)
    >>> examination = Examination(training)
    >>> for epoch in training:
    ...     if epoch.number in (5, 10):
    ...         examination.measure()
    ...     if epoch.number == 10:
    ...         break
    >>> [each.kind for each in examination.report(running=True)]
    ['activation before the output']
    """

    def __init__(
        self, training: Run, samples: int = 128, *, probes: Iterable[Probe] = (), equal: Iterable[int] | None = None
    ) -> None:
        self.training: Run = training
        self.samples: int = samples
        self.facts: Facts = examine(training)
        self.probes: list[Probe] = [*probes]
        self.equal: tuple[int, ...] = tuple(equal_units(training.model) if equal is None else equal)

    def measure(self) -> None:
        """Measure the network as it is now, unless that is done; forget what was measured after this epoch, if training has returned to it."""
        now = self.training.epoch
        self.probes = [each for each in self.probes if each.epoch <= now]
        if not self.probes or self.probes[-1].epoch != now:
            self.probes.append(probe(self.training, self.samples))

    def report(self, *, running: bool = False, failure: str = "") -> Report:
        """Return the findings.

        Parameters
        ----------
        running : bool, optional
            Whether training goes on: then there are no findings about how it ended, such as "stopped too early".
        failure : str, optional
            The message of the error that ended training.
        """
        if self.facts.neighbours is None and self.probes and self.probes[-1].score < ALMOST_ALL:
            self.facts = with_neighbours(self.facts, self.training)
        setup, curves = set_up(self.training, self.equal), self.training.state.history
        return diagnose(
            Signals(setup=setup, facts=self.facts, probes=self.probes, curves=curves, failure=failure, running=running)
        )


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
