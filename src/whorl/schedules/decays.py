"""Learning rates that decrease: inverse time, exponential, in steps, and polynomial."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import KW_ONLY

from whorl._core.description import argument
from whorl._core.validation import number, show
from whorl.schedules.schedule import TIME_EPSILON, Schedule, between


class InverseTime(Schedule):
    """``lr0 / (1 + decay · epoch)``: decreases fast at first, then more and more slowly.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    decay : float
        Speed of the decrease per epoch, at least 0: after ``1 / decay`` epochs the rate is half of lr0.

    Notes
    -----
    Keras's ``InverseTimeDecay`` counts steps instead of epochs, so its result depends on the batch size.

    References
    ----------
    Robbins, Monro (1951), A Stochastic Approximation Method: with steps that decrease as 1/time, the noise of the
    gradient averages out.

    Examples
    --------
    >>> InverseTime(0.05, decay=2.5e-4)(200) == 0.05 / 1.05
    True
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    decay: float = argument(number, minimum=0)

    def __call__(self, epoch: float) -> float:
        return self.learning_rate / (1 + self.decay * epoch)


class Exponential(Schedule):
    """``lr0 · decayᵉᵖᵒᶜʰ``: each epoch multiplies the rate by `decay`.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    decay : float
        Factor per epoch, above 0 and at most 1: 0.95 reduces the rate by 5 %, and halves it in 13.5 epochs.

    Notes
    -----
    PyTorch's ``ExponentialLR`` with ``gamma`` = decay has these values if it is stepped once per epoch.
    Keras's ``ExponentialDecay`` counts steps.

    Examples
    --------
    >>> [Exponential(0.8, decay=0.5)(epoch) for epoch in (0, 1, 2)]
    [0.8, 0.4, 0.2]
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    decay: float = argument(number, above=0, maximum=1)

    def __call__(self, epoch: float) -> float:
        return float(self.learning_rate * self.decay**epoch)


def _increasing(name: str, values: object) -> tuple[float, ...]:
    """Return numbers above 0, each larger than the one before it."""
    if not isinstance(values, Sequence) or isinstance(values, str | bytes) or not values:
        raise TypeError(f"{name} must be a list of numbers, such as [30, 60], got {show(values)}")
    numbers = [number(f"{name}[{i}]", value, above=0) for i, value in enumerate(values)]
    for i in range(1, len(numbers)):
        if numbers[i] <= numbers[i - 1]:
            raise ValueError(f"{name} must increase, but {name}[{i}] is {numbers[i]:g} after {numbers[i - 1]:g}")
    return tuple(numbers)


class Step(Schedule):
    """``lr0 · factorⁿ``, where n boundaries have been reached: the rate is constant in between.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    factor : float, optional
        Factor at each boundary, above 0 and at most 1.
    every : float, optional
        Number of epochs between boundaries, above 0.
    milestones : sequence of float, optional
        Instead of `every`: the boundaries in epochs, above 0, in increasing order.

    Notes
    -----
    The values are those of PyTorch's ``StepLR`` and ``MultiStepLR``, stepped once per epoch; their ``gamma`` is `factor`.

    References
    ----------
    He, Zhang, Ren, Sun (2016), Deep Residual Learning for Image Recognition, CVPR, section 3.4: a factor of 0.1 when
    the error no longer decreases.

    Examples
    --------
    >>> schedule = Step(0.8, factor=0.5, every=10)
    >>> [schedule(epoch) for epoch in (0, 9.9, 10, 20)]
    [0.8, 0.8, 0.4, 0.2]
    >>> Step(1.0, factor=0.5, milestones=[30, 45])(50)
    0.25
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    factor: float = argument(number, default=0.1, above=0, maximum=1)
    every: float | None = argument(number, default=None, above=0)
    milestones: tuple[float, ...] | None = argument(_increasing, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.every is None) == (self.milestones is None):
            raise ValueError(
                f"either every or milestones must be given, got every={self.every!r} and milestones={self.milestones!r}"
            )

    def __call__(self, epoch: float) -> float:
        if self.every is not None:
            reached = math.floor(epoch / self.every + TIME_EPSILON)
        else:
            reached = bisect_right(self.milestones or (), epoch + TIME_EPSILON)
        return self.learning_rate * self.factor**reached


class Polynomial(Schedule):
    """``end + (lr0 − end) · (1 − epoch / epochs)ᵖᵒʷᵉʳ``, then ``end``: with power 1, a linear decrease.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    epochs : float
        The time at which `end` is reached, above 0.
    end : float, optional
        The rate from then on, at least 0.
    power : float, optional
        Above 0: with 2, the rate decreases fast at first and slowly at the end.

    Notes
    -----
    PyTorch's ``PolynomialLR`` ends at 0. Keras's ``PolynomialDecay`` counts steps.

    References
    ----------
    Liu, Rabinovich, Berg (2016), ParseNet: Looking Wider to See Better, arXiv:1506.04579, section 3.2: the "poly" policy.

    Examples
    --------
    >>> line = Polynomial(0.5, epochs=10, end=0.25)
    >>> [line(epoch) for epoch in (0, 5, 10, 99)]
    [0.5, 0.375, 0.25, 0.25]
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    epochs: float = argument(number, above=0)
    end: float = argument(number, default=0.0, minimum=0)
    power: float = argument(number, default=1.0, above=0)

    def __call__(self, epoch: float) -> float:
        left = max(0.0, 1 - epoch / self.epochs)
        return between(self.end, self.learning_rate, left**self.power)
