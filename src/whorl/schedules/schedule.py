"""What a schedule is, and the simplest one."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

from whorl._core import validation
from whorl._core.description import Configured

Rate: TypeAlias = Callable[[float], float]
"""Any function from the time in epochs to the learning rate."""

HAIR = 1e-9
"""Epochs by which a boundary comes early, so that 0.1 + 0.2 is the third tenth of an epoch although it is not 0.3."""


class Schedule(Configured, ABC):
    """A learning rate that changes with time.

    For one of your own write `__call__`, and keep each argument of the constructor under its own name.

    Attributes
    ----------
    watched : tuple of str
        The results of training that the rate depends on, by their names in the `History`; none for a function of time
        alone. One that watches something has a method ``observe(values)``, which training calls after each epoch.
    """

    watched: tuple[str, ...] = ()

    @abstractmethod
    def __call__(self, epoch: float) -> float:
        """Return the learning rate after so many epochs, at least 0."""


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

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = validation.number("learning_rate", learning_rate, minimum=0)

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
    return Constant(validation.number(name, value, minimum=0))
