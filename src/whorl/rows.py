"""Fast sums, maxima and comparisons for batches of short rows.

Letters: n samples in the batch, k classes.
"""

import math
from functools import lru_cache

import numpy as np

from whorl._core.types import Array, Shape

MANY = 2**18
"""Number of zeros cached for comparisons: 1 MiB in float32, 2 MiB in float64."""


@lru_cache(maxsize=32)
def ones(count: int, dtype: np.dtype[np.floating]) -> Array:
    """Return a read-only vector of ones, cached because batches have few different sizes.

    ``ones(n).dot(x)`` is ``Σ_n x_n``, and for small batches faster than ``x.sum(axis=0)``.

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
    """Return read-only zeros to compare with an array of this shape; one row of them if the array is large.

    NumPy compares two arrays of the same shape up to three times as fast as an array and a number.

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
    """Return the largest element of each row of (n, k), as (n, 1).

    NumPy is slow for many short rows, so their maximum is computed from the transpose.

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


def subtract_row_max(z: Array) -> Array:
    """Return ``z − max_k z`` for each row of (n, k): the largest score becomes 0, and the softmax stays the same.

    Examples
    --------
    >>> subtract_row_max(np.array([[1e4, 1e4 - 2], [0.0, 1.0]]))
    array([[ 0., -2.],
           [-1.,  0.]])
    """
    lower: Array = z - row_max(z)
    return lower


def log_sum_exp(z: Array) -> tuple[Array, Array]:
    """Return ``log Σ_k exp(z_k)`` of each row (n,), and its gradient, the softmax of the row (n, k).

    z must come from `subtract_row_max`: no score is above 0, so no exponential overflows, and one is 0, so the sum lies
    between 1 and k. The relative error of the softmax and the absolute error of the logarithm are at most k/2 + 4 eps.

    Examples
    --------
    >>> log_sum, p = log_sum_exp(subtract_row_max(np.array([[1e4, 1e4 + np.log(3)]])))
    >>> log_sum.round(4), p.round(4)
    (array([0.2877]), array([[0.25, 0.75]]))
    """
    p = np.exp(z)
    total: Array = p.dot(ones(z.shape[1], p.dtype))
    p /= total[:, None]
    np.log(total, out=total)
    return total, p
