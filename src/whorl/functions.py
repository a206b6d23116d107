"""Functions that layers and losses share, written so that nothing overflows."""

import math
from functools import lru_cache

import numpy as np

from whorl._core.types import Array, Shape

MANY = 2**18
"""Zeros that are kept for comparisons: one or two MiB."""


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + e⁻ˣ)``, as ``(1 + tanh(x / 2)) / 2``.

    Examples
    --------
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    y: Array = np.tanh(0.5 * x)
    y += 1
    y *= 0.5
    return y


def softplus(x: Array) -> Array:
    """Return ``log(1 + eˣ)``, as ``max(x, 0) + log(1 + e^−|x|)``.

    Examples
    --------
    >>> softplus(np.array([-1e4, 0.0])).round(4)
    array([0.    , 0.6931])
    """
    y: Array = np.log1p(np.exp(-np.abs(x)))
    y += np.maximum(x, 0)
    return y


@lru_cache(maxsize=32)
def ones(count: int, dtype: np.dtype[np.floating]) -> Array:
    """Return a vector of ones, not to be written to; the same one each time, since batches come in few sizes.

    A product with it is a sum, ``ones(n).dot(x) = Σ_n x_n``, which for few rows is faster than ``x.sum(axis=0)``.

    Examples
    --------
    >>> ones(2, np.dtype(np.float32)).dot(np.array([[1, 2], [3, 4]], np.float32))
    array([4., 6.], dtype=float32)
    """
    vector = np.ones(count, dtype)
    vector.flags.writeable = False
    return vector


@lru_cache(maxsize=64)
def zeros(shape: Shape, dtype: np.dtype[np.floating]) -> Array:
    """Return zeros that compare with an array of this shape, not to be written to: as many, or a row where those would be too many.

    NumPy compares two arrays of one shape up to three times as fast as an array and a number.

    Examples
    --------
    >>> np.maximum([[-1.0, 2.0]], zeros((1, 2), np.dtype(np.float64)))
    array([[0., 2.]])
    """
    count = math.prod(shape)
    if count <= MANY:
        return _zeros(dtype)[:count].reshape(shape)
    row = np.zeros(shape[1:], dtype)
    row.flags.writeable = False
    return row


@lru_cache(maxsize=2)
def _zeros(dtype: np.dtype[np.floating]) -> Array:
    vector = np.zeros(MANY, dtype)
    vector.flags.writeable = False
    return vector


def row_max(x: Array) -> Array:
    """Return the largest number of each row: (n, k) gives (n, 1).

    NumPy takes long over many short rows; their transpose has few, and long ones.

    Examples
    --------
    >>> row_max(np.array([[1.0, 3.0, 2.0], [0.0, -1.0, -2.0]]))
    array([[3.],
           [0.]])
    """
    if x.shape[1] < 32 and len(x) > 8:
        x = x.T.copy().T
    largest: Array = np.maximum.reduce(x, axis=1)
    return largest[:, None]
