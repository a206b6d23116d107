"""Ensemble selection: weights for each kind of network in an average, from their predictions for held-out samples.

Letters: n samples, k classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import labels
from whorl.calibration import temperature
from whorl.layers import Layer, Sigmoid, Softmax
from whorl.losses import CrossEntropy, Loss, weights
from whorl.parameters import Views
from whorl.recipes.networks import Networks

VOTES = 20
"""The most votes in total; with more than four kinds, five for each."""
SAMPLES = 10_000
"""The most samples to measure the error with."""


def votes(predictions: Sequence[Array], error: Callable[[Array], float], count: int = VOTES) -> Array:
    """Return the number of votes of each prediction, such that the mean weighted by votes has a small error.

    Each prediction starts with one vote. In each round, the one whose additional vote reduces the error most gets it. The rounds end
    when no vote reduces the error, or when `count` votes are given.

    Parameters
    ----------
    predictions : sequence of ndarray, of one shape
    error : callable
        Returns the error of a mean.
    count : int, optional
        The most votes to give.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew, Ksikes (2004), Ensemble Selection from Libraries of Models, ICML, section 2. They start
    without votes; starting with one each keeps the weights closer to equal ones if there are few samples.

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
    """Return the networks with weights: the votes of each kind are shared equally among its networks.

    Kinds without predictions for all held-out samples, because training was stopped or there are too few networks, get no votes: their
    networks keep equal weights.

    Parameters
    ----------
    trained : Networks
    target : ndarray, shape (n, ...)
        Labels or targets as the networks predict them.
    loss : Loss
        The error is this loss of the held-out predictions. If it is the cross-entropy, it is without label smoothing, and the
        scores are divided by their best temperature.
    sample_weight : ndarray, shape (n,), optional
    """
    rows = trained.rows
    kinds = {tuple(kind): trained.take(*kind) for kind in trained.kinds()}
    kinds = {kind: networks for kind, networks in kinds.items() if len(networks.rows) == len(rows)}
    if len(kinds) < 2:
        return trained
    sample = np.arange(len(rows))
    if len(rows) > SAMPLES:  # random ones, since the order of a table may repeat
        sample = np.random.default_rng(0).choice(len(rows), SAMPLES, replace=False)
    last = trained.models[0].layers[-1]
    predictions = [networks.held_out()[sample] for networks in kinds.values()]
    own, weight = target[rows[sample]], None if sample_weight is None else sample_weight[rows[sample]]
    given = votes(predictions, lambda mean: error(loss, mean, own, last, weight), max(VOTES, 5 * len(kinds)))
    shares, total = trained.weights.copy(), sum(map(len, kinds)) / len(trained.models)
    for kind, number in zip(kinds, given, strict=True):
        shares[list(kind)] = total * number / given.sum() / len(kind)
    return replace(trained, weights=shares)


def error(loss: Loss, prediction: Array, target: Array, last: Layer, weight: Array | None = None) -> float:
    """Return the loss of predictions; before a last layer `Softmax` or `Sigmoid` they are scores.

    Those for the cross-entropy (n, k) are divided by their best temperature.
    """
    if isinstance(loss, CrossEntropy):
        own = labels(target, prediction.shape[1])
        weight = None if weight is None else weights(weight, len(own), prediction.dtype)
        return CrossEntropy().from_scores(prediction / temperature(prediction, own, weight), own, weight)[0]
    if isinstance(last, Softmax | Sigmoid):
        prediction, _ = last.forward(prediction, Views())
    return loss(prediction, target, weight)
