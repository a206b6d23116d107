"""The temperature of scores, and a bias for each class, which corrects classes that are predicted too often or too rarely.

Letters: n samples, k classes; z scores (n, k); t = 1/T; b biases (k,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.calibration.temperature import FLATTEST, SHARPEST, check_scores, temperature

DEVIATION = 0.2
"""Standard deviation of the biases, as the prior has it: exp(0.2) = 1.22 changes the odds by a fifth."""
STEPS, SMALLEST = 50, 1e-14
"""Newton's method ends after so many steps, or when the next one would reduce the objective by less than this."""


def temperature_and_biases(scores: Any, y: Any, weight: Any = None) -> tuple[float, Array]:
    """Return the temperature T and the biases b for which ``softmax(scores / T + b)`` fits held-out labels best.

    A `temperature` cannot help a class that is predicted too rarely, as a rare one often is: it makes all probabilities more or less
    extreme. With biases, the mean probability of each class over the held-out samples approaches its share of the labels, the closer
    the more samples there are. Where two classes are about equally probable, a bias may change which one is predicted. They minimize,
    with ``t = 1/T`` from 0.001 to 20 and S the sum over the samples::

        S [log Σ_c exp(t z_c + b_c) − t z_y − b_y] + (1/n) S [log Σ_c exp(t z_c + b_c) − (1/k) Σ_c (t z_c + b_c)]
        + Σ_c b_c² / (2 · 0.2²)

    which is convex. The second term is that of `temperature`. The third one is a Gaussian prior of standard deviation 0.2, which keeps
    the biases near 0 if there are few samples.

    Parameters
    ----------
    scores, y, weight : array_like
        As for `temperature`.

    Returns
    -------
    T : float
    b : ndarray, shape (k,)
        They sum to 0.

    References
    ----------
    Alexandari, Kundaje, Shrikumar (2020), Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation,
    arXiv:1901.06852, section 3.2, which has the first term only.

    Examples
    --------
    Scores that give 98 % to the first class, which 75 % of the 1000 samples have:

    >>> z, y = np.tile([4.0, 0.0], (1000, 1)), [0, 0, 0, 1] * 250
    >>> T, b = temperature_and_biases(z, y)
    >>> odds = np.exp(4.0 / T + b[0] - b[1])
    >>> round(odds / (1 + odds), 2)
    np.float64(0.75)
    """
    z, target, w = check_scores(scores, y, weight)
    k = z.shape[1]
    share = np.square(w).sum()  # 1/n, if the weights are equal
    wanted = np.full(z.shape, share / k)
    wanted[np.arange(len(z)), target] += 1
    prior_precision = np.r_[0.0, np.full(k, share / DEVIATION**2)]

    def objective(parameters: Array) -> float:
        logits = parameters[0] * z + parameters[1:]
        each = (1 + share) * _log_sum(logits) - (wanted * logits).sum(axis=1)
        return float(w @ each + prior_precision @ np.square(parameters) / 2)

    def derivatives(parameters: Array) -> tuple[Array, Array]:
        """Return the gradient (k + 1,) and the second derivatives (k + 1, k + 1), by t and the biases."""
        logits = parameters[0] * z + parameters[1:]
        p = np.exp(logits - _log_sum(logits)[:, None])
        error = w[:, None] * ((1 + share) * p - wanted)
        gradient = np.r_[(error * z).sum(), error.sum(axis=0)] + prior_precision * parameters
        mean = (p * z).sum(axis=1)
        wp = (1 + share) * w[:, None] * p
        second = np.empty((k + 1, k + 1))
        second[0, 0] = (wp * np.square(z - mean[:, None])).sum()
        second[0, 1:] = second[1:, 0] = (wp * (z - mean[:, None])).sum(axis=0)
        second[1:, 1:] = np.diag(wp.sum(axis=0)) - wp.T @ p
        return gradient, second + np.diag(prior_precision)

    found = _newton(objective, derivatives, np.r_[1 / temperature(scores, y, weight), np.zeros(k)])
    return 1 / float(found[0]), found[1:] - found[1:].mean()


def _log_sum(logits: Array) -> Array:
    """Return ``log Σ_c exp(logits_c)`` of each sample."""
    most = logits.max(axis=1)
    total: Array = most + np.log(np.exp(logits - most[:, None]).sum(axis=1))
    return total


def _newton(
    objective: Callable[[Array], float], derivatives: Callable[[Array], tuple[Array, Array]], start: Array
) -> Array:
    """Return where a convex function is least, by Newton's method; the first parameter stays within its limits."""
    x, value = start, objective(start)
    for _ in range(STEPS):
        gradient, second = derivatives(x)
        at_limit = (x[0] <= FLATTEST and gradient[0] > 0) or (x[0] >= SHARPEST and gradient[0] < 0)
        free = np.full(len(x), fill_value=True)
        free[0] = not at_limit and second[0, 0] > 0  # 0 where no temperature changes anything, as with equal scores
        step = np.zeros(len(x))
        step[free] = np.linalg.solve(second[np.ix_(free, free)], -gradient[free])
        if gradient @ step > -SMALLEST:
            break
        length = 1.0
        while True:  # half as far, until the value falls
            new = x + length * step
            new[0] = np.clip(new[0], FLATTEST, SHARPEST)
            if (least := objective(new)) < value:
                break
            length /= 2
            if length < SMALLEST:  # only rounding is left
                return x
        x, value = new, least
    return x
