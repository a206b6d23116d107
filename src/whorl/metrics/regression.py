"""Regression metrics; all sums are computed in float64.

Letters: n samples, m outputs; y the true values, p the predicted ones, both (n, m) or both (n,).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.metrics import validation


def mean_absolute_error(y: Any, prediction: Any) -> float:
    """Return the mean absolute error ``mean |p − y|`` over all samples and outputs.

    Its short name is ``"mae"``. This is scikit-learn's ``mean_absolute_error``.

    Parameters
    ----------
    y, prediction : array_like, shape (n, m) or (n,)
        True and predicted values, of the same shape: (n,) with (n, 1) is an error.

    Returns
    -------
    float
        At least 0, in the unit of y; lower is better.

    Raises
    ------
    TypeError, ValueError
        If the shapes differ, or an argument is not numeric, is a masked array, or holds NaN or infinity.

    Examples
    --------
    >>> mean_absolute_error([[1.0], [2.0]], [[1.5], [4.0]])
    1.25
    """
    with np.errstate(over="ignore"):
        return float(np.mean(np.abs(_errors(y, prediction))))


def root_mean_squared_error(y: Any, prediction: Any) -> float:
    """Return the root mean squared error ``√ mean (p − y)²`` over all samples and outputs.

    Its short name is ``"rmse"``.

    Arguments and result are as in `mean_absolute_error`. For several outputs, scikit-learn's ``root_mean_squared_error``
    gives the mean of their roots instead.

    Examples
    --------
    >>> root_mean_squared_error([[1.0], [2.0]], [[4.0], [6.0]])  # √12.5
    3.5355339059327378
    """
    errors = _errors(y, prediction)
    largest = float(np.abs(errors).max())
    if largest == 0 or math.isinf(largest):
        return largest
    return largest * math.sqrt(np.mean((errors / largest) ** 2))  # scaled, so that no square overflows


def r2(y: Any, prediction: Any) -> float:
    """Return the coefficient of determination ``1 − Σ (p − y)² / Σ (y − mean y)²``.

    For several outputs it is the mean of their values. For an output whose y are all equal, it is 1 if the predictions are
    exact, else 0.

    Arguments are as in `mean_absolute_error`. The result is at most 1; higher is better, 0 for a constant prediction of the
    mean. This is scikit-learn's ``r2_score``, except that the latter is NaN for a single sample.

    Examples
    --------
    >>> r2([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]])
    0.5
    """
    errors = _errors(y, prediction)
    true = np.asarray(y, np.float64)
    constant = true.min(axis=0) == true.max(axis=0)
    with np.errstate(over="ignore"):
        deviation = true - true.mean(axis=0)
        scale = np.where(constant, 1, np.abs(deviation).max(axis=0))  # so that no square overflows
        unexplained = np.sum((errors / scale) ** 2, axis=0)
    total = np.where(constant, 1, np.sum((deviation / scale) ** 2, axis=0))
    exact = (errors == 0).all(axis=0)
    return float(np.mean(np.where(constant, exact, 1 - unexplained / total)))


def _errors(y: Any, prediction: Any) -> Array:
    target, p = validation.numbers(y, prediction)
    with np.errstate(over="ignore"):
        difference: Array = np.subtract(p, target, dtype=np.float64)
    return difference
