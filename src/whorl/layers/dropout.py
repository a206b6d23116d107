"""Dropout: each step trains the network without a random part of its units, so that none relies on another."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from whorl._core import randomness
from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import at, scheduled
from whorl.layers.layer import Layer
from whorl.parameters import Views


def dropout_mask(shape: Shape, rate: float, dtype: np.dtype[np.floating], rng: np.random.Generator) -> Array:
    """Draw a mask of 0 (with probability `rate`) and ``1 / (1 − rate)``, whose mean is 1.

    The rate is rounded to a multiple of 1/65536, and the scale is that of the rounded rate, so that the mean is
    exactly 1.

    Examples
    --------
    >>> dropout_mask((2, 6), 0.5, np.dtype(np.float32), np.random.default_rng(6))
    array([[2., 0., 0., 2., 0., 2.],
           [2., 0., 0., 2., 0., 0.]], dtype=float32)
    """
    threshold, scale = rounded(rate, dtype)
    bits = randomness.bits16(rng, math.prod(shape)).reshape(shape)
    mask: Array = (bits >= threshold).astype(dtype)
    mask *= scale
    return mask


@lru_cache(maxsize=64)
def rounded(rate: float, dtype: np.dtype[np.floating]) -> tuple[int, np.floating]:
    """Return the rate as a multiple of 1/65536, and the scale of that rate."""
    threshold = min(round(rate * 65536), 65535)
    return threshold, dtype.type(65536 / (65536 - threshold))


class Dropout(Layer):
    """In training ``y = x · mask``, the mask 0 with probability `rate`, else ``1 / (1 − rate)``; then ``dx = dy · mask``.

    This is *inverted* dropout: the inputs that are kept are scaled up in training, so that the expected output is x.
    When predicting, ``y = x``.

    Parameters
    ----------
    rate : float or callable
        The probability of dropping an input, in [0, 1), as PyTorch's ``p`` and Keras's ``rate``; the paper's p is the
        probability of keeping it. It is rounded to a multiple of 1/65536. Or a schedule: its value at the time of each step.

    Raises
    ------
    ValueError
        If the rate is negative, or 1 or more; in training, if that of a schedule is.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), Dropout, JMLR 15, section 4 and, for the
    inverted form, section 10.

    Examples
    --------
    >>> y, backward = Dropout(0.5).forward(np.ones((1, 6)), None, np.random.default_rng(6))
    >>> y
    array([[2., 0., 0., 2., 0., 2.]])
    >>> backward(np.ones((1, 6)), None)
    array([[2., 0., 0., 2., 0., 2.]])
    >>> Dropout(0.5).forward(np.ones((1, 6)), None)[0]
    array([[1., 1., 1., 1., 1., 1.]])
    """

    rate: float | Callable[[float], float] = argument(scheduled, minimum=0, below=1)

    @property
    def timed(self) -> bool:
        return callable(self.rate)

    def rate_at(self, epoch: float) -> float:
        """Return the rate at a time in epochs."""
        return at("rate", self.rate, epoch, minimum=0, below=1)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        if rng is None or self.rate == 0:
            return x, lambda dy, g: dy
        rate = self.rate_at(p.epoch) if callable(self.rate) else self.rate
        mask = dropout_mask(x.shape, rate, x.dtype, rng)

        def backward(dy: Array, g: Views) -> Array:
            dy *= mask
            return dy

        return x * mask, backward
