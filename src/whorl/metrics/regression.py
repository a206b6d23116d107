"""How far predicted numbers are from the true ones. All sums are in float64.

Letters: n samples, y the true numbers, p the predicted ones, of one shape: (n, m), or (n,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.metrics import door


def mean_absolute_error(y: Any, prediction: Any) -> float:
    """Return ``mean |p − y|``, over all numbers: at least 0, in the unit of y, lower is better.

    Its short name is ``"mae"``.

    Parameters
    ----------
    y, prediction : array_like, shape (n, m) or (n,)
        Of one shape: (n,) against (n, 1) is an error.

    Examples
    --------
    >>> mean_absolute_error([[1.0], [2.0]], [[1.5], [4.0]])
    1.25
    """
    return float(np.mean(np.abs(_errors(y, prediction))))


def root_mean_squared_error(y: Any, prediction: Any) -> float:
    """Return ``√ mean (p − y)²``, over all numbers: at least 0, in the unit of y, lower is better.

    Its short name is ``"rmse"``. Parameters are those of `mean_absolute_error`.

    Notes
    -----
    It is the root of the mean squared error. For several outputs scikit-learn gives the mean of the roots instead.

    Examples
    --------
    >>> root_mean_squared_error([[1.0], [2.0]], [[4.0], [6.0]])  # √12.5
    3.5355339059327378
    """
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean(_errors(y, prediction) ** 2)))


def r2(y: Any, prediction: Any) -> float:
    """Return ``1 − Σ (p − y)² / Σ (y − mean y)²``: at most 1, higher is better, 0 for who always predicts the mean.

    For several outputs it is the mean of their values. Where all y are equal, it is 1 if the predictions are exact, else 0.
    Parameters are those of `mean_absolute_error`.

    Notes
    -----
    This is scikit-learn's ``r2_score``, but that the latter is NaN for a single sample.

    Examples
    --------
    >>> r2([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]])
    0.5
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        unexplained = np.sum(_errors(y, prediction) ** 2, axis=0)
        true = np.asarray(y, np.float64)
        total = np.sum((true - true.mean(axis=0)) ** 2, axis=0)
        constant = true.min(axis=0) == true.max(axis=0)
        each = 1 - unexplained / np.where(constant, 1, total)
    return float(np.mean(np.where(constant, np.where(np.isnan(unexplained), np.nan, unexplained == 0), each)))


def _errors(y: Any, prediction: Any) -> Array:
    target, p = door.pair(y, prediction)
    difference: Array = np.subtract(p, target, dtype=np.float64)
    return difference
