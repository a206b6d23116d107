"""The temperature of scores: one number that makes probabilities neither too sure nor too unsure.

Letters: n samples, k classes; z scores (n, k); b = 1/T.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import labels, numeric, same_length

FLATTEST, SHARPEST = 0.001, 20.0
"""Limits of b."""


def temperature(scores: Any, y: Any, weight: Any = None) -> float:
    """Return the temperature T for which ``softmax(scores / T)`` fits held-out labels best.

    It minimizes the cross-entropy, which is convex in ``b = 1/T``, for b from 0.001 to 20. T above 1 makes probabilities less
    extreme. The predicted classes stay the same. With S the sum over the samples::

        S [log Σ_c exp(b z_c) − b z_y] + (1/n) S [log Σ_c exp(b z_c) − b (1/k) Σ_c z_c]

    The second term counts one additional sample with a random label: each class has the probability 1/k. It keeps T away from 0 if all
    n samples are predicted correctly, and so prevents probabilities of 1: if these samples have equal scores, the probability becomes
    (n + 1/k) / (n + 1), however large the scores are. Those of an overfitted network can be arbitrarily large.

    Parameters
    ----------
    scores : array_like, shape (n, k)
        The inputs of the softmax, for samples that were not used to train the model; k is at least 2.
    y : array_like, shape (n,) or (n, k)
        Labels from 0 to k − 1, or one-hot rows.
    weight : array_like, shape (n,), optional
        Weight of each sample, at least 0, and above 0 for one; only their ratios matter. Then n is ``(Σ w)² / Σ w²``.

    Returns
    -------
    float
        From 0.05 to 1000.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599, section 4.2, which has no
    second term.

    Examples
    --------
    Scores that claim 98 % where 75 % are right:

    >>> T = temperature([[4.0, 0.0]] * 100, [0, 0, 0, 1] * 25)
    >>> round(T, 1), round(1 / (1 + np.exp(-4.0 / T)), 2)
    (3.7, np.float64(0.75))
    """
    z, target, w = check_scores(scores, y, weight)
    if not z.any():  # all probabilities are equal at any temperature
        return 1.0
    share = np.square(w).sum()  # 1/n, if the weights are equal
    wanted = z[np.arange(len(z)), target] + share * z.mean(axis=1)

    def slopes(b: float) -> tuple[float, float]:
        """Return the first and the second derivative of the mean loss by b."""
        mean, variance = _moments(z, b)
        return float(w @ ((1 + share) * mean - wanted)), float(w @ ((1 + share) * variance))

    return 1 / _root(slopes)


def check_scores(scores: Any, y: Any, weight: Any) -> tuple[Array, Array, Array]:
    """Return scores in float64 whose largest is 0 for each sample, labels (n,), and weights (n,) of sum 1; raise ValueError."""
    z = numeric("scores", scores, np.dtype(np.float64))
    if z.ndim != 2 or z.shape[1] < 2 or len(z) == 0:
        raise ValueError(
            f"scores must have shape (n, k), with at least one sample and a score for each of at least 2 classes, got {z.shape}"
        )
    target = labels(y, z.shape[1])
    same_length("scores", len(z), "y", len(target))
    return z - z.max(axis=1, keepdims=True), target, _weights(weight, len(z))


def _moments(z: Array, b: float) -> tuple[Array, Array]:
    """Return mean and variance of the scores of each sample, under the probabilities softmax(b z)."""
    p = np.exp(b * z)
    p /= p.sum(axis=1, keepdims=True)
    mean = (p * z).sum(axis=1)
    return mean, (p * np.square(z - mean[:, None])).sum(axis=1)


def _root(slopes: Callable[[float], tuple[float, float]]) -> float:
    """Return b where the first derivative is 0, by Newton's method; where that leaves the bracket, by bisection."""
    low, high = FLATTEST, SHARPEST
    if slopes(low)[0] >= 0:
        return low
    if slopes(high)[0] <= 0:
        return high
    b = 1.0
    for _ in range(100):
        slope, curvature = slopes(b)
        low, high = (b, high) if slope < 0 else (low, b)
        step = b - slope / curvature if curvature > 0 else math.inf
        new = step if low < step < high else math.sqrt(low * high)
        if abs(new - b) <= 1e-12 * b:
            return new
        b = new
    return b


def _weights(weight: Any, count: int) -> Array:
    """Return weights of sum 1."""
    if weight is None:
        return np.full(count, 1 / count)
    w = numeric("weight", weight, np.dtype(np.float64))
    if w.shape != (count,) or w.min() < 0 or not w.any():
        raise ValueError(
            f"weight must be {count} numbers of at least 0, one for each sample, and not all 0, got shape {w.shape}"
            + (f" with a minimum of {w.min():g}" if w.shape == (count,) else "")
        )
    w = w / w.max()  # so that the sum of huge weights does not overflow
    total: Array = w / w.sum()
    return total
