"""Schedules: the learning rate as a plain function of time.

Time is counted in epochs and is a float: 0 before the first step, 2.5 halfway through the third epoch. So a
schedule means the same whatever the batch size. Any function from float to float will do for one.
"""

from abc import ABC, abstractmethod

from whorl import checks
from whorl.configuration import Configured


class Schedule(Configured, ABC):
    """A learning rate that changes with time."""

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
        self.learning_rate = checks.number("learning_rate", learning_rate, minimum=0)

    def __call__(self, epoch: float) -> float:
        return self.learning_rate


class InverseTime(Schedule):
    """``lr0 / (1 + decay · epoch)``: large steps to get there, ever smaller ones to settle.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    decay : float
        How fast it falls, at least 0, per epoch: after ``1 / decay`` epochs the rate is half of lr0.

    Notes
    -----
    Keras's ``InverseTimeDecay`` counts steps instead of epochs, so its result depends on the batch size.

    References
    ----------
    Robbins, Monro (1951), A Stochastic Approximation Method: with steps that fall as 1/time, the noise of the gradient
    averages out.

    Examples
    --------
    >>> InverseTime(0.05, decay=2.5e-4)(200) == 0.05 / 1.05
    True
    """

    def __init__(self, learning_rate: float, *, decay: float) -> None:
        self.learning_rate = checks.number("learning_rate", learning_rate, minimum=0)
        self.decay = checks.number("decay", decay, minimum=0)

    def __call__(self, epoch: float) -> float:
        return self.learning_rate / (1 + self.decay * epoch)
