"""Means and standard deviations in one pass over the samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from whorl._core.types import Array

Parts: TypeAlias = Iterable[Array]
"""The inputs of a layer for all samples, some of them at a time."""


def moments(parts: Parts) -> tuple[int, Array, Array, Array]:
    """Return the number of samples, and of each feature the mean, the standard deviation and the largest absolute value, in float64.

    With d the difference of the means of m and of n samples, ``Σ (x − mean)²`` of both together is the sum of theirs and
    ``d² m n / (m + n)``.

    References
    ----------
    Chan, Golub, LeVeque (1983), Algorithms for Computing the Sample Variance, The American Statistician 37, equation 2.1b.

    Examples
    --------
    >>> count, mean, deviation, largest = moments([np.array([[1.0], [3.0]]), np.array([[-5.0]])])
    >>> count, mean, deviation == np.std([1, 3, -5]), largest
    (3, array([-0.33333333]), array([ True]), array([5.]))
    """
    count, mean, squares, largest = 0, np.zeros(()), np.zeros(()), np.zeros(())
    for x in parts:
        own, both = x.mean(axis=0, dtype=np.float64), count + len(x)
        squares = squares + x.var(axis=0, dtype=np.float64) * len(x) + (own - mean) ** 2 * (count * len(x) / both)
        mean = mean + (own - mean) * (len(x) / both)
        count, largest = both, np.maximum(largest, np.abs(x).max(axis=0))
    return count, mean, np.sqrt(squares / count), largest
