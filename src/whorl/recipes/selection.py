"""Ensemble selection: by how much each kind of network should count in an average, as held-out samples tell.

Letters: n samples, k classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import labels
from whorl.calibration import temperature
from whorl.layers import Layer, Softmax
from whorl.losses import CrossEntropy, Loss
from whorl.parameters import Views
from whorl.recipes.networks import Networks

VOTES = 20
"""The most votes that are given to all kinds together."""
SAMPLES = 10_000
"""The most samples that decide."""


def votes(predictions: Sequence[Array], error: Callable[[Array], float], count: int = VOTES) -> Array:
    """Return for each of several predictions a number of votes, with which their weighted mean has a small error.

    Each has one vote at the start. Then, again and again, the one gets another vote that makes the error least, as long as it falls.

    Parameters
    ----------
    predictions : sequence of ndarray, of one shape
    error : callable
        Returns the error of a mean.
    count : int, optional
        The most votes to give.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew, Ksikes (2004), Ensemble Selection from Libraries of Models, ICML: section 2. There no model has a
    vote at the start; here, the weights of few samples stay closer to equal ones.

    Examples
    --------
    >>> target, good, bad = np.array([1.0, 2.0]), np.array([1.1, 1.9]), np.array([0.0, 4.0])
    >>> votes([good, bad], lambda mean: float(np.square(mean - target).sum()), count=6)
    array([5., 1.])
    """
    found = np.ones(len(predictions))
    total: Array = sum(predictions[1:], start=predictions[0])
    least = error(total / found.sum())
    while found.sum() < count:
        errors = [error((total + each) / (found.sum() + 1)) for each in predictions]
        best = int(np.argmin(errors))
        if not errors[best] < least:
            break
        least = errors[best]
        found[best] += 1
        total = total + predictions[best]
    return found


def selected(trained: Networks, target: Array, loss: Loss, sample_weight: Array | None = None) -> Networks:
    """Return the networks with weights: the votes of a kind are shared among its networks.

    Parameters
    ----------
    trained : Networks
    target : ndarray, shape (n, ...)
        Labels or targets as the networks predict them.
    loss : Loss
        The error is this loss of the held-out predictions, after the best temperature if it is the cross-entropy.
    sample_weight : ndarray, shape (n,), optional
    """
    kinds = trained.kinds()
    parts = [trained.take(*kind) for kind in kinds]
    rows = reduce(np.intersect1d, [part.rows for part in parts])
    rows = rows[:: -(-len(rows) // SAMPLES) or 1]
    if len(kinds) == 1 or not len(rows):
        return trained
    last = trained.models[0].layers[-1]
    predictions = [part.held_out()[np.searchsorted(part.rows, rows)] for part in parts]
    weight = None if sample_weight is None else sample_weight[rows]
    given = votes(predictions, lambda mean: error(loss, mean, target[rows], last, weight))
    weights = np.zeros(len(trained.models))
    for kind, number in zip(kinds, given, strict=True):
        weights[kind] = number / len(kind)
    return replace(trained, weights=weights / weights.sum())


def error(loss: Loss, prediction: Array, target: Array, last: Layer, weight: Array | None = None) -> float:
    """Return the loss of predictions, which are scores (n, k) before a last layer `Softmax`; for the cross-entropy, after their temperature."""
    if isinstance(loss, CrossEntropy):
        own = labels(target, prediction.shape[1])
        weight = None if weight is None else weight / weight.mean()
        return CrossEntropy().from_scores(prediction / temperature(prediction, own, weight), own, weight)[0]
    if isinstance(last, Softmax):
        prediction, _ = last.forward(prediction, Views())
    return loss(prediction, target, weight)
