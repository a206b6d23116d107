"""Schedules composed of other schedules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY
from types import SimpleNamespace

from whorl._core.description import argument
from whorl._core.validation import number, show
from whorl.schedules.schedule import Rate, ResultSchedule, as_rate, begin, between, monitored, observe, rate_at


class WarmUp(ResultSchedule):
    """A linear increase to the first rate of a schedule, then that schedule, whose time starts after the warm-up.

    With w = `epochs` and s the schedule: ``start + (s(0) − start) · t / w`` up to w, then ``s(t − w)``. So
    ``WarmUp(Cosine(0.1, epochs=45), epochs=5)`` takes 50 epochs in all. Small steps are safer at first, while the
    network is untrained and Adam's means are over few steps only.

    Parameters
    ----------
    schedule : Schedule, callable or float
        The schedule after the warm-up; a number is short for a `Constant`. One that depends on results, such as
        `ReduceOnPlateau`, does not see those of epochs that end within the warm-up.
    epochs : float
        The length of the warm-up, above 0.
    start : float, optional
        The rate at the start, at least 0.

    Notes
    -----
    In PyTorch this is a ``SequentialLR`` of ``LinearLR`` and another scheduler; its start is a factor above 0, by
    default 1/3.

    References
    ----------
    Goyal and others (2017), Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, arXiv:1706.02677, section 2.2:
    gradual warm-up.

    Examples
    --------
    >>> from whorl.schedules import Step
    >>> warm = WarmUp(Step(0.5, factor=0.5, every=10), epochs=4)
    >>> [warm(epoch) for epoch in (0, 1, 4, 13.5, 14)]
    [0.0, 0.125, 0.5, 0.5, 0.25]
    """

    schedule: Rate = argument(as_rate)
    _: KW_ONLY
    epochs: float = argument(number, above=0)
    start: float = argument(number, default=0.0, minimum=0)

    @property
    def monitored(self) -> tuple[str, ...]:
        return monitored(self.schedule)

    def begin(self) -> SimpleNamespace:
        return SimpleNamespace(completed=0, schedule=begin(self.schedule))

    def observe(self, values: Mapping[str, float], memory: SimpleNamespace) -> None:
        memory.completed += 1
        if memory.completed > self.epochs:  # the warm-up is over
            observe(self.schedule, values, memory.schedule)

    def rate(self, epoch: float, memory: SimpleNamespace) -> float:
        if epoch < self.epochs:
            return between(self.start, rate_at(self.schedule, 0.0, memory.schedule), epoch / self.epochs)
        return rate_at(self.schedule, epoch - self.epochs, memory.schedule)


def _parts(name: str, value: object) -> tuple[tuple[float, Rate], ...]:
    """Return pairs of a number of epochs and a schedule."""
    if not isinstance(value, list | tuple) or not value:
        raise TypeError(
            f"{name} must be a list of (epochs, schedule), such as [(5, 0.1), (45, Cosine(0.1, epochs=45))],"
            f" got {show(value)}"
        )
    parts = []
    for i, part in enumerate(value):
        if not isinstance(part, list | tuple) or len(part) != 2:
            raise TypeError(f"{name}[{i}] must be (epochs, schedule), got {show(part)}")
        parts.append((number(f"{name}[{i}][0]", part[0], above=0), as_rate(f"{name}[{i}][1]", part[1])))
    return tuple(parts)


class Chain(ResultSchedule):
    """One schedule after another; the time of each starts at 0 when the previous one ends.

    Parameters
    ----------
    parts : sequence of (float, schedule)
        A number of epochs, above 0, and a schedule, another function, or a number, short for a `Constant`. The last one
        also applies after its time. The part in whose time an epoch ends sees the results of that epoch.

    Notes
    -----
    PyTorch's ``SequentialLR`` takes a list of schedulers and a list of the milestones between them.

    Examples
    --------
    >>> from whorl.schedules import Polynomial
    >>> rate = Chain([(10, 0.5), (4, Polynomial(0.5, epochs=4)), (1, 0.125)])
    >>> [rate(epoch) for epoch in (0, 9.9, 11, 14, 99)]
    [0.5, 0.5, 0.375, 0.125, 0.125]
    """

    parts: tuple[tuple[float, Rate], ...] = argument(_parts)

    @property
    def monitored(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for _, schedule in self.parts for name in monitored(schedule)))

    def begin(self) -> SimpleNamespace:
        return SimpleNamespace(completed=0, parts=[begin(schedule) for _, schedule in self.parts])

    def observe(self, values: Mapping[str, float], memory: SimpleNamespace) -> None:
        memory.completed += 1
        i, _ = self._at(math.nextafter(memory.completed, 0))  # the part just before the end of the epoch
        observe(self.parts[i][1], values, memory.parts[i])

    def rate(self, epoch: float, memory: SimpleNamespace) -> float:
        i, start = self._at(epoch)
        return rate_at(self.parts[i][1], epoch - start, memory.parts[i])

    def _at(self, epoch: float) -> tuple[int, float]:
        """Return the index of the part that applies at this time, and the time at which it starts."""
        start = 0.0
        for i, (epochs, _) in enumerate(self.parts[:-1]):
            if epoch < start + epochs:
                return i, start
            start += epochs
        return len(self.parts) - 1, start
