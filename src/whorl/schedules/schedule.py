"""The base classes of schedules, and the constant one."""

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
"""Tolerance in epochs at boundaries: 0.3, the third tenth of an epoch, is reached by 0.1 + 0.2 despite rounding errors."""


class Schedule(Description, ABC):
    """A learning rate that changes with time. To write your own, declare its arguments as fields and define `__call__`."""

    @abstractmethod
    def __call__(self, epoch: float) -> float:
        """Return the learning rate, at least 0, after this many epochs."""


class ResultSchedule(Schedule):
    """A schedule that also depends on the results of training.

    It is immutable like the others. Its memory of the results is a namespace, which the training state holds.
    """

    @property
    @abstractmethod
    def monitored(self) -> tuple[str, ...]:
        """The results that the rate depends on, by their names in the `History`."""

    @abstractmethod
    def begin(self) -> SimpleNamespace:
        """Return the memory at the start of training."""

    @abstractmethod
    def observe(self, values: Mapping[str, float], memory: SimpleNamespace) -> None:
        """Update the memory with the results of an epoch, by name."""

    @abstractmethod
    def rate(self, epoch: float, memory: SimpleNamespace) -> float:
        """Return the learning rate, at least 0, after this many epochs."""

    def __call__(self, epoch: float) -> float:
        """Return the learning rate after this many epochs, without any results."""
        return self.rate(epoch, self.begin())


class Constant(Schedule):
    """``lr0`` at all times.

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
    """Interpolate linearly: return `start` for a share of 0, `end` for a share of 1, both exactly."""
    return (1 - share) * start + share * end


def as_rate(name: str, value: object) -> Rate:
    """Return `value` if it is a schedule or another function, or the `Constant` of a number."""
    if validation.is_function(value):
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        what = f"the class {value.__name__} itself" if isinstance(value, type) else validation.show(value)
        raise TypeError(f"{name} must be a schedule, such as Cosine(0.1, epochs=50), or a number, got {what}")
    return Constant(number(name, value, minimum=0))


def monitored(rate: float | Rate) -> tuple[str, ...]:
    """Return the results that a learning rate depends on, by name."""
    return rate.monitored if isinstance(rate, ResultSchedule) else ()


def begin(rate: float | Rate) -> SimpleNamespace:
    """Return the memory of a learning rate at the start of training; empty unless it depends on results."""
    return rate.begin() if isinstance(rate, ResultSchedule) else SimpleNamespace()


def observe(rate: float | Rate, values: Mapping[str, float], memory: SimpleNamespace) -> None:
    """Update the memory of a learning rate that depends on results with those of an epoch."""
    if isinstance(rate, ResultSchedule):
        rate.observe(values, memory)


def rate_at(rate: float | Rate, epoch: float, memory: SimpleNamespace) -> float:
    """Return the learning rate after this many epochs; raise ValueError unless it is finite and at least 0."""
    if not callable(rate):
        return rate
    value = float(rate.rate(epoch, memory) if isinstance(rate, ResultSchedule) else rate(epoch))
    if not 0 <= value < math.inf:
        raise ValueError(f"the schedule must give a finite rate of at least 0, but at epoch {epoch:g} it is {value}")
    return value
