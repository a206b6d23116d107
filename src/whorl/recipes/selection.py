"""Ensemble selection: by how much each kind of network should count in an average, as held-out samples tell.

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
"""The most votes that are given to all kinds together, or five for each if that is more."""
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

    Kinds that have not held out all of the samples, because training was stopped or there are too few networks, get no votes: their
    networks keep equal weights.

    Parameters
    ----------
    trained : Networks
    target : ndarray, shape (n, ...)
        Labels or targets as the networks predict them.
    loss : Loss
        The error is this loss of the held-out predictions. If it is the cross-entropy, it is without label smoothing, and of the
        scores divided by their best temperature.
    sample_weight : ndarray, shape (n,), optional
    """
    rows = trained.rows
    kinds = [kind for kind in trained.kinds() if len(trained.take(*kind).rows) == len(rows)]
    if len(kinds) < 2:
        return trained
    some = np.arange(len(rows))
    if len(rows) > SAMPLES:  # in a random order, since a table may have one that repeats
        some = np.random.default_rng(0).choice(len(rows), SAMPLES, replace=False)
    last = trained.models[0].layers[-1]
    predictions = [trained.take(*kind).held_out()[some] for kind in kinds]
    own, weight = target[rows[some]], None if sample_weight is None else sample_weight[rows[some]]
    given = votes(predictions, lambda mean: error(loss, mean, own, last, weight), max(VOTES, 5 * len(kinds)))
    shares, together = trained.weights.copy(), sum(map(len, kinds)) / len(trained.models)
    for kind, number in zip(kinds, given, strict=True):
        shares[kind] = together * number / given.sum() / len(kind)
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
