"""Recognizes activations by their values, however a program has written them.

SiLU may be written ``x · sigmoid(x)``, GELU as six operations with tanh, softplus with a threshold above which it is x. All of them are
functions of one number, so it is enough to compute them at some numbers, and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.functions import gelu
from whorl.layers import ELU, GELU, SELU, Clip, Layer, LeakyReLU, Mish, ReLU, Rescale, Sigmoid, SiLU, Softplus, Tanh
from whorl.parameters import Views

FUNCTIONS: Mapping[str, Any] = {
    "Abs": np.abs,
    "Add": np.add,
    "Cast": lambda x: x,
    "Clip": lambda x, low=None, high=None: np.clip(x, low, high),
    "Div": np.divide,
    "Elu": lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "Exp": np.exp,
    "Gelu": lambda x, approximate=b"none": gelu(x)[0] if approximate == b"tanh" else np.full_like(x, np.nan),
    "Greater": np.greater,
    "LeakyRelu": lambda x, alpha=0.01: np.where(x > 0, x, alpha * x),
    "Log": np.log,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "Mul": np.multiply,
    "Neg": np.negative,
    "Pow": np.power,
    "Relu": lambda x: np.maximum(x, 0),
    "Selu": lambda x, alpha=1.6732632, gamma=1.0507010: gamma * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.logaddexp(0, x),
    "Sub": np.subtract,
    "Tanh": np.tanh,
    "Where": np.where,
}
"""Operators that compute each number by itself, with the defaults of their attributes."""

POINTS = np.concatenate([[-300.0, -1.0, 0.0, 1.0, 300.0], np.linspace(-24, 24, 193) + 0.03125])
"""The numbers at which functions are compared; the first five determine the settings of layers."""
TOLERANCE = 1e-6
"""Largest difference, relative to numbers above 1."""


def recognize(function: Callable[[Array], Array]) -> Layer | None:
    """Return the layer that computes this function of each number, or None.

    Parameters
    ----------
    function : callable
        Takes and returns an array (k,), float64.

    Examples
    --------
    >>> recognize(lambda x: x / (1 + np.exp(-x)))
    SiLU()
    >>> recognize(lambda x: np.where(x > 0, x, 0.1 * x))
    LeakyReLU(0.1)
    >>> recognize(np.sin)
    """
    with np.errstate(all="ignore"):
        y = np.asarray(function(POINTS.copy()), np.float64)
    if y.shape != POINTS.shape or not np.isfinite(y).all():
        return None
    for layer in _candidates(y):
        expected, _ = layer.forward(POINTS, Views())
        if (np.abs(y - expected) <= TOLERANCE * np.maximum(1, np.abs(expected))).all():
            return layer
    return None


def _candidates(y: Array) -> Iterator[Layer]:
    """Yield the layers that may compute y, with settings that follow from the first five numbers."""
    least, below, zero, above, largest = (_rounded(each) for each in y[:5])
    yield from (ReLU(), Tanh(), Sigmoid(), Softplus(), SiLU(), Mish(), GELU(), SELU())
    if 0 < -below < 1:
        yield LeakyReLU(-below)
    if least < 0:
        yield ELU(-least)
    if least < largest:
        yield Clip(least, largest)
    if above != zero:
        yield Rescale(_rounded(y[3] - y[2]), zero)


def _rounded(value: float) -> float:
    """Return a number with the seven digits that float32 has: 0.01, where a file has 0.009999999776482582."""
    return float(f"{value:.7g}")
