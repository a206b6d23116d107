"""What is best possible on synthetic data, whose distributions are known: no classifier does better on new data.

Letters: k classes, m points, d features; f_c the density of class c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.hints import check_names
from whorl._core.types import Array
from whorl.datasets.mixtures import MIXTURES, Mixture, normalized


def best_possible(name: str, **settings: Any) -> tuple[float, float]:
    """Return the best possible accuracy and cross-entropy of a classifier on new points of a synthetic data set.

    With the posterior ``p_c = f_c / Σ_j f_j`` of equally frequent classes, the best classifier predicts p::

        accuracy = 1/k Σ_c ∫ f_c max_j p_j dx        cross-entropy = −1/k Σ_c ∫ f_c log p_c dx

    Both integrals are computed numerically, accurate to about 1e-4 for the accuracy, whose integrand has kinks, and 1e-6 for the
    cross-entropy.

    Parameters
    ----------
    name : {"spiral", "moons", "circles", "xor", "blobs"}
        The function of `whorl.datasets` that draws the points.
    **settings
        Its arguments, with its defaults, except for `samples`; and except for `rng` of all but blobs, whose centres it draws.

    Returns
    -------
    accuracy, cross_entropy : float
        Without noise they are 1 and 0.

    Raises
    ------
    TypeError, ValueError
        If there is no such data set or argument; for more than three blobs in more than two features.

    Examples
    --------
    >>> [round(value, 3) for value in best_possible("spiral", classes=3, noise=0.2)]
    [0.91, 0.213]
    >>> [round(value, 3) for value in best_possible("moons", noise=0.3)]
    [0.915, 0.21]
    """
    return _mixture("best_possible", name, settings).limit()


def posterior(name: str, X: Any, **settings: Any) -> Array:
    """Return the probability of each class at points, for a synthetic data set: what the best classifier predicts.

    Parameters
    ----------
    name, **settings
        As for `best_possible`; the noise must be above 0.
    X : array_like, shape (m, d)

    Returns
    -------
    ndarray of float64, shape (m, k)
        ``p_c = f_c / Σ_j f_j``.

    Examples
    --------
    >>> posterior("circles", [[1.0, 0.0], [0.0, 0.5]], noise=0.2).round(2)
    array([[0.94, 0.06],
           [0.03, 0.97]])
    """
    mixture = _mixture("posterior", name, settings)
    points = validation.numeric("X", X, np.dtype(np.float64))
    if points.ndim != 2 or points.shape[1] != mixture.features:
        raise ValueError(f"X must have shape (m, {mixture.features}), got {points.shape}")
    if mixture.deviation == 0:
        raise ValueError(f"posterior needs noise above 0: without it, the points of {name} lie on lines")
    return np.exp(normalized(mixture.log_densities(points))).T


def _mixture(function: str, name: str, settings: dict[str, Any]) -> Mixture:
    """Return the distribution of a data set; raise TypeError or ValueError for a wrong name or argument."""
    kind: Callable[..., Mixture] = MIXTURES[validation.choice("name", name, list(MIXTURES))]
    check_names(f'{function}("{name}")', settings, [each.name for each in fields(MIXTURES[name])])
    return kind(**settings)
