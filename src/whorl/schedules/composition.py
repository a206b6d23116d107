"""Schedules made of schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from whorl._core import validation
from whorl.schedules.schedule import Rate, Schedule, as_rate, between


class WarmUp(Schedule):
    """A straight line up to where a schedule begins, then that schedule, whose own clock starts after the warm-up.

    With w = `epochs` and s the schedule: ``start + (s(0) − start) · t / w`` up to w, then ``s(t − w)``. So
    ``WarmUp(Cosine(0.1, epochs=45), epochs=5)`` takes 50 epochs in all. The first gradients come from a network that
    knows nothing, and those of Adam are scaled by means over few steps: small steps do least harm with them.

    Parameters
    ----------
    schedule : Schedule, callable or float
        What comes after; a number is short for a `Constant`. Epochs that end within the warm-up are not shown to one
        that watches the results, as `ReduceOnPlateau` does.
    epochs : float
        How long the warm-up takes, above 0.
    start : float, optional
        The rate at the start, at least 0.

    Notes
    -----
    PyTorch's ``SequentialLR`` of ``LinearLR`` and another does this; its start is a factor, 1/3 by default, as it
    refuses 0.

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

    def __init__(self, schedule: Rate | float, *, epochs: float, start: float = 0.0) -> None:
        self.schedule = as_rate("schedule", schedule)
        self.epochs = validation.number("epochs", epochs, above=0)
        self.start = validation.number("start", start, minimum=0)
        self.watched = _watched([self.schedule])
        self._completed = 0

    def __call__(self, epoch: float) -> float:
        if epoch < self.epochs:
            return between(self.start, self.schedule(0.0), epoch / self.epochs)
        return self.schedule(epoch - self.epochs)

    def observe(self, values: Mapping[str, float]) -> None:
        """Take the results of one more epoch, and hand them on once the warm-up is over."""
        self._completed += 1
        if self._completed > self.epochs and hasattr(self.schedule, "observe"):
            self.schedule.observe(values)


class Chain(Schedule):
    """One schedule after another, each by its own clock: 0 when its turn comes.

    Parameters
    ----------
    parts : sequence of (float, schedule)
        For how many epochs, above 0, and what: a schedule, another function, or a number, short for a `Constant`. The
        last one goes on after its time. An epoch's results are shown to the part in whose time it ended.

    Notes
    -----
    PyTorch's ``SequentialLR`` takes the schedulers, and the milestones between them.

    Examples
    --------
    >>> from whorl.schedules import Polynomial
    >>> rate = Chain([(10, 0.5), (4, Polynomial(0.5, epochs=4)), (1, 0.125)])
    >>> [rate(epoch) for epoch in (0, 9.9, 11, 14, 99)]
    [0.5, 0.5, 0.375, 0.125, 0.125]
    """

    def __init__(self, parts: Sequence[tuple[float, Rate | float]]) -> None:
        if not isinstance(parts, list | tuple) or not parts:
            raise TypeError(
                "parts must be a list of (epochs, schedule), such as [(5, 0.1), (45, Cosine(0.1, epochs=45))],"
                f" got {validation.show(parts)}"
            )
        self.parts = [_part(f"parts[{i}]", part) for i, part in enumerate(parts)]
        self.watched = _watched(schedule for _, schedule in self.parts)
        self._completed = 0

    def __call__(self, epoch: float) -> float:
        schedule, start = self._at(epoch)
        return schedule(epoch - start)

    def _at(self, epoch: float) -> tuple[Rate, float]:
        """Return the schedule whose turn it is, and since when."""
        start = 0.0
        for epochs, schedule in self.parts[:-1]:
            if epoch < start + epochs:
                return schedule, start
            start += epochs
        return self.parts[-1][1], start

    def observe(self, values: Mapping[str, float]) -> None:
        """Take the results of one more epoch, and hand them to the part in whose time it ended."""
        self._completed += 1
        schedule, _ = self._at(math.nextafter(self._completed, 0))  # whose turn it was just before the epoch ended
        if hasattr(schedule, "observe"):
            schedule.observe(values)


def _part(name: str, part: object) -> tuple[float, Rate]:
    if not isinstance(part, list | tuple) or len(part) != 2:
        raise TypeError(f"{name} must be (epochs, schedule), got {validation.show(part)}")
    return validation.number(f"{name}[0]", part[0], above=0), as_rate(f"{name}[1]", part[1])


def _watched(schedules: Iterable[Rate]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for schedule in schedules for name in getattr(schedule, "watched", ())))
