"""What a schedule is, and the simplest one."""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TypeAlias

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.validation import number

Rate: TypeAlias = Callable[[float], float]
"""Any function from the time in epochs to the learning rate."""

TIME_EPSILON = 1e-9
"""Epochs by which a boundary comes early, so that 0.1 + 0.2 is the third tenth of an epoch although it is not 0.3."""


class Schedule(Description, ABC):
    """A learning rate that changes with time. For one of your own write `__call__`, and declare its arguments as fields."""

    @abstractmethod
    def __call__(self, epoch: float) -> float:
        """Return the learning rate after so many epochs, at least 0."""


class ResultSchedule(Schedule):
    """A schedule that depends on the results of training too, not on time alone.

    It is immutable like the others. What it remembers of the results lies in a namespace that the training state holds.
    """

    @property
    @abstractmethod
    def monitored(self) -> tuple[str, ...]:
        """The results that the rate depends on, by their names in the `History`."""

    @abstractmethod
    def begin(self) -> SimpleNamespace:
        """Return the memory that training begins with."""

    @abstractmethod
    def observe(self, values: Mapping[str, float], memory: SimpleNamespace) -> None:
        """Take note of the results of one more epoch, by name."""

    @abstractmethod
    def rate(self, epoch: float, memory: SimpleNamespace) -> float:
        """Return the learning rate after so many epochs, at least 0."""

    def __call__(self, epoch: float) -> float:
        """Return the learning rate after so many epochs if there were no results."""
        return self.rate(epoch, self.begin())


class Constant(Schedule):
    """``lr0``, always.

    Parameters
    ----------
    learning_rate : float
        lr0, at least 0.

    Examples
    --------
    >>> Constant(0.1)(200)
    0.1
    """

    learning_rate: float = argument(number, minimum=0)

    def __call__(self, epoch: float) -> float:
        return self.learning_rate


def between(start: float, end: float, share: float) -> float:
    """Return the point a share of the way from `start` to `end`: each of them exactly, for shares of 0 and 1."""
    return (1 - share) * start + share * end


def as_rate(name: str, value: object) -> Rate:
    """Return `value` if it is a schedule or another function; a number is short for a `Constant`."""
    if callable(value) and not isinstance(value, type):
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        what = f"the class {value.__name__} itself" if isinstance(value, type) else validation.show(value)
        raise TypeError(f"{name} must be a schedule, such as Cosine(0.1, epochs=50), or a number, got {what}")
    return Constant(number(name, value, minimum=0))


def monitored(rate: float | Rate) -> tuple[str, ...]:
    """Return the results that a learning rate depends on, by name."""
    return rate.monitored if isinstance(rate, ResultSchedule) else ()


def begin(rate: float | Rate) -> SimpleNamespace:
    """Return the memory that a learning rate begins with; empty for one that depends on time alone."""
    return rate.begin() if isinstance(rate, ResultSchedule) else SimpleNamespace()


def observe(rate: float | Rate, values: Mapping[str, float], memory: SimpleNamespace) -> None:
    """Show the results of an epoch to a learning rate that depends on them."""
    if isinstance(rate, ResultSchedule):
        rate.observe(values, memory)


def rate_at(rate: float | Rate, epoch: float, memory: SimpleNamespace) -> float:
    """Return the learning rate after so many epochs; raise ValueError unless it is finite and at least 0."""
    if not callable(rate):
        return rate
    value = float(rate.rate(epoch, memory) if isinstance(rate, ResultSchedule) else rate(epoch))
    if not 0 <= value < math.inf:
        raise ValueError(f"the schedule must give a finite rate of at least 0, but at epoch {epoch:g} it is {value}")
    return value
