"""Metrics of calibration: whether probabilities are right as often as they say."""

from __future__ import annotations

from typing import Any

import numpy as np

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
    count = integer("bins", bins)
    target, p = validation.scores(y, prediction)
    if p.min() < 0 or p.max() > 1 + 1e-5:  # above 1 by rounding
        wrong = p.min() if p.min() < 0 else p.max()
        raise ValueError(f"prediction must hold probabilities, from 0 to 1, for calibration_error, got {wrong:g}")
    confidence = p.max(axis=1).astype(np.float64)
    place = np.ceil(confidence * count).astype(np.intp).clip(1, count)
    gaps = np.bincount(place, weights=(p.argmax(axis=1) == target) - confidence)  # n_m (acc_m − conf_m)
    return float(np.abs(gaps).sum() / len(p))
