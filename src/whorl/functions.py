"""Functions that layers and losses share, accurate over the whole range of the float type.

Each activation uses one exponential with a bounded argument, so that it cannot overflow, and avoids differences of nearly
equal numbers such as ``1 − tanh(x)²``, so that the tails keep their relative accuracy. Functions whose derivative needs
their intermediate results return y and a function that returns dy/dx. The result has the float type of the input.

Stated accuracies are relative errors in units of eps (1.2e-7 in float32, 2.2e-16 in float64), with three exceptions: near
a zero of a derivative the error is relative to the terms that cancel there, results below the smallest normal number have
fewer digits, and where the argument v of the exponential is itself rounded, as in GELU's ``e^v``, the error grows by
3 |v| eps.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from whorl._core.types import Array

Slope: TypeAlias = Callable[[], Array]
"""A function that returns dy/dx for each element of x."""

UPPER = 40.0
"""Upper bound of exponents: ``1 + e^40`` is rounded to ``e^40`` in both float types, and ``4 e^80`` is finite in float32."""

GELU_LINEAR = math.sqrt(8 / math.pi)
GELU_CUBIC = 0.044715 * GELU_LINEAR
"""GELU is ``x sigmoid(v)`` with ``v = GELU_LINEAR x + GELU_CUBIC x³``, since ``(1 + tanh u) / 2 = sigmoid(2u)``."""


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + e⁻ˣ)``, as ``eˣ / (1 + eˣ)``. Accurate to 4 eps.

    Examples
    --------
    >>> sigmoid(np.array([-1e4, -40.0, 0.0, 1e4]))
    array([0.00000000e+00, 4.24835426e-18, 5.00000000e-01, 1.00000000e+00])
    """
    w: Array = np.minimum(x, UPPER)
    np.exp(w, out=w)
    y: Array = 1 + w
    np.divide(w, y, out=y)
    return y


def sigmoid_slope(x: Array) -> Array:
    """Return the derivative of `sigmoid`, ``s (1 − s)``, as ``e / (1 + e)²`` with ``e = e^−|x|``. Accurate to 6 eps.

    Examples
    --------
    >>> sigmoid_slope(np.array([-40.0, 0.0, 40.0]))
    array([4.24835426e-18, 2.50000000e-01, 4.24835426e-18])
    """
    return _even_slope(_exp_minus_abs(x))


def tanh_slope(x: Array) -> Array:
    """Return the derivative of tanh, ``1 / cosh²x``, as ``4e / (1 + e)²`` with ``e = e^−2|x|``. Accurate to 8 eps.

    Examples
    --------
    >>> tanh_slope(np.array([0.0, 20.0]))
    array([1.0000000e+00, 1.6993417e-17])
    """
    e = _exp_minus_abs(x)
    e *= e
    slope = _even_slope(e)
    slope *= 4
    return slope


def softplus(x: Array) -> Array:
    """Return ``log(1 + eˣ)``, as ``max(x, 0) + log(1 + e^−|x|)``. Accurate to 4 eps. Its derivative is `sigmoid`.

    Examples
    --------
    >>> softplus(np.array([-1e4, -40.0, 0.0, 1e4]))
    array([0.00000000e+00, 4.24835426e-18, 6.93147181e-01, 1.00000000e+04])
    """
    y = _exp_minus_abs(x)
    np.log1p(y, out=y)
    y += np.maximum(x, 0)
    return y


def silu(x: Array) -> tuple[Array, Slope]:
    """Return ``x s`` with ``s = sigmoid(x)``, and its derivative ``s (1 + x (1 − s))``. Accurate to 5 eps and 10 eps.

    The derivative is 0 at −1.278.

    Examples
    --------
    >>> y, slope = silu(np.array([-1e4, 0.0, 1.0, 1e4]))
    >>> slope().round(4)
    array([-0.    ,  0.5   ,  0.9277,  1.    ])
    """
    low: Array = np.minimum(x, UPPER)
    s = np.exp(low)
    above = 1 + s
    s /= above

    def slope() -> Array:
        dy: Array = low / above  # 1 / above = 1 − s
        dy += 1
        dy *= s
        return dy

    return x * s, slope


def mish(x: Array) -> tuple[Array, Slope]:
    """Return ``x t`` with ``t = tanh(log(1 + w))``, ``w = eˣ``, and its derivative. Accurate to 10 eps and 20 eps.

    With ``n = (1 + w)² − 1 = w (2 + w)``, t is ``n / (n + 2)``, and the derivative is ``t + x · 4 w (1 + w) / (n + 2)²``.
    It is 0 at −1.192.

    Examples
    --------
    >>> y, slope = mish(np.array([-1e4, 0.0, 1.0, 1e4]))
    >>> slope().round(4)
    array([0.   , 0.6  , 1.049, 1.   ])
    """
    low: Array = np.minimum(x, UPPER)
    w = np.exp(low)
    t = 2 + w
    t *= w
    below = t + 2
    t /= below

    def slope() -> Array:
        dy: Array = 1 + w
        dy *= w
        dy /= below
        dy /= below
        dy *= low
        dy *= 4
        dy += t
        return dy

    return x * t, slope


def gelu(x: Array) -> tuple[Array, Slope]:
    """Return ``x (1 + tanh u) / 2`` with ``u = √(2/π) (x + 0.044715 x³)``, and its derivative.

    It is ``x s`` with ``s = sigmoid(v)``, ``v = 2u``, and the derivative is ``s (1 + x v′ (1 − s))``. Accurate to
    5 + 3 |v| and 10 + 3 |v| eps. The derivative is 0 at −0.7525.

    Examples
    --------
    >>> y, slope = gelu(np.array([-1e300, 0.0, 1.0, 1e300]))
    >>> slope().round(4)
    array([-0.   ,  0.5  ,  1.083,  1.   ])
    """
    z: Array = np.maximum(x, -32)  # below −32 s is 0, above 10 it is 1, in both float types
    np.minimum(z, 10, out=z)
    square = z * z
    s = square * GELU_CUBIC
    s += GELU_LINEAR
    s *= z  # v
    np.exp(s, out=s)
    above = 1 + s
    s /= above

    def slope() -> Array:
        dy: Array = square * (3 * GELU_CUBIC)
        dy += GELU_LINEAR  # v′
        dy *= z
        dy /= above  # 1 / above = 1 − s
        dy += 1
        dy *= s
        return dy

    return x * s, slope


def elu(x: Array, alpha: float = 1.0, scale: float = 1.0) -> tuple[Array, Slope]:
    """Return ``scale · x`` where x > 0, else ``scale · alpha (eˣ − 1)``, and its derivative. Accurate to 4 eps each.

    Examples
    --------
    >>> y, slope = elu(np.array([-40.0, -1e-15, 2.0]))
    >>> y
    array([-1.e+00, -1.e-15,  2.e+00])
    >>> slope()
    array([4.24835426e-18, 1.00000000e+00, 1.00000000e+00])
    """
    positive = x > 0
    low: Array = np.minimum(x, 0)
    y = np.expm1(low)
    y *= scale * alpha

    def slope() -> Array:
        dy = np.exp(low)
        dy *= scale * alpha
        return np.where(positive, x.dtype.type(scale), dy)

    return np.where(positive, scale * x, y), slope


def _exp_minus_abs(x: Array) -> Array:
    """Return ``e^−|x|``, between 0 and 1."""
    e: Array = np.abs(x)
    np.negative(e, out=e)
    np.exp(e, out=e)
    return e


def _even_slope(e: Array) -> Array:
    """Return ``e / (1 + e)²``."""
    below = 1 + e
    below *= below
    np.divide(e, below, out=below)
    return below
