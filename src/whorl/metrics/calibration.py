"""Metrics of calibration: whether probabilities are right as often as they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import integer
from whorl.metrics import validation


def calibration_error(y: Any, prediction: Any, bins: int = 15) -> float:
    """Return the expected calibration error: how far the confidence of predictions is from the fraction that are right.

    The confidence of a prediction is the probability of the predicted class. Samples are sorted by it into M bins of equal width. With
    n_m samples in bin m, of which the fraction acc_m is predicted right, with the mean confidence conf_m::

        error = Σ_m n_m / n · |acc_m − conf_m|

    Parameters
    ----------
    y, prediction : array_like
        As in `accuracy`. The predictions must be probabilities.
    bins : int, optional
        M, at least 1. Bin m holds confidences above (m − 1) / M and up to m / M.

    Returns
    -------
    float
        In [0, 1]; lower is better.

    Notes
    -----
    With few samples it is above 0 even for perfect probabilities, so compare models on the same samples. A low error alone is no merit:
    constant predictions of the frequency of the most frequent class have none. The cross-entropy measures both.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599, equation 3.

    Examples
    --------
    Four predictions with a confidence of 0.9, of which three are right:

    >>> round(calibration_error([0, 0, 0, 1], [[0.9, 0.1]] * 4), 6)
    0.15
    """
    target, p = probabilities(y, prediction)
    _, confident, right = binned(p.max(axis=1), p.argmax(axis=1) == target, bins)
    return float(np.abs(right - confident).sum() / len(p))


def probabilities(y: Any, prediction: Any) -> tuple[Array, Array]:
    """Return labels (n,), and the probabilities of the classes (n, k); raise ValueError unless they lie from 0 to 1."""
    target, p = validation.scores(y, prediction)
    if p.min() < 0 or p.max() > 1 + 1e-5:  # above 1 by rounding
        wrong = p.min() if p.min() < 0 else p.max()
        raise ValueError(f"prediction must hold probabilities, from 0 to 1, to compare with frequencies, got {wrong:g}")
    return target, p


def binned(p: Array, occurs: Array, bins: int) -> tuple[Array, Array, Array]:
    """Sort events into M bins of equal width by their probability; bin m holds those above (m − 1) / M and up to m / M.

    Parameters
    ----------
    p : ndarray, shape (n,)
        The probability of each event, such as the predicted class being right.
    occurs : ndarray of bool, shape (n,)
        Whether it has occurred.
    bins : int
        M, at least 1.

    Returns
    -------
    events, expected, occurred : ndarray, shape (M,)
        For each bin the number of events, the sum of their probabilities, and the number of those that have occurred.

    Examples
    --------
    >>> import numpy as np
    >>> binned(np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, True, True, True]), bins=2)
    (array([2., 2.]), array([0.3, 1.5]), array([1., 2.]))
    """
    count = integer("bins", bins)
    p = p.astype(np.float64)
    place = np.ceil(p * count).astype(np.intp).clip(1, count) - 1
    events, expected, occurred = (
        np.bincount(place, weights=each, minlength=count) for each in (np.ones(len(p)), p, occurs)
    )
    return events, expected, occurred
