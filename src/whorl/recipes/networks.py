"""The networks of an ensemble: each is trained on all samples but those of its own fold, which validate it.

Letters: n samples, K networks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl import passes
from whorl._core.types import Array
from whorl.layers import Sigmoid, Softmax
from whorl.many import fit_many
from whorl.model import Model
from whorl.training import Callback, Epoch, History

Callbacks = Sequence[Callback] | Callable[[int], Sequence[Callback]]
"""Callbacks for all networks, or a function that returns those of the network of a number, from 0."""


@dataclass(frozen=True)
class Networks:
    """Trained networks.

    Parameters
    ----------
    models : list of Model
    histories : list of History
    folds : list of ndarray of int
        The indices of the samples that each network has not learned from.
    predictions : list of ndarray
        What each network predicts for these samples: for classes, the scores before `Softmax` or `Sigmoid`.
    weights : ndarray, shape (K,)
        The share of each network in the average. Their sum is 1.
    """

    models: list[Model]
    histories: list[History]
    folds: list[Array]
    predictions: list[Array]
    weights: Array

    def take(self, *numbers: int) -> Networks:
        """Return the networks of these numbers, from 0, with equal weights."""
        return Networks(
            [self.models[k] for k in numbers],
            [self.histories[k] for k in numbers],
            [self.folds[k] for k in numbers],
            [self.predictions[k] for k in numbers],
            equal(len(numbers)),
        )

    def kinds(self) -> list[list[int]]:
        """Return the numbers of the networks that have the same layers, for each of the different ones."""
        layers = [model.layers for model in self.models]
        return [[k for k, own in enumerate(layers) if own == each] for each in dict.fromkeys(layers)]

    @property
    def rows(self) -> Array:
        """The indices of all samples that some network has not learned from."""
        return np.unique(np.concatenate(self.folds))

    def held_out(self) -> Array:
        """Return for each sample of `rows` the weighted mean of what those networks predict that have not learned from it."""
        rows = self.rows
        total, sums = np.zeros((len(rows), *self.predictions[0].shape[1:])), np.zeros(len(rows))
        for p, fold, weight in zip(self.predictions, self.folds, self.weights, strict=True):
            places = np.searchsorted(rows, fold)
            total[places] += weight * p
            sums[places] += weight
        mean: Array = total / sums.reshape(-1, *[1] * (total.ndim - 1))
        return mean.astype(self.predictions[0].dtype)

    def history(self) -> History:
        """Return the means of the values over the networks, for each epoch that all of them have completed."""
        found = History()
        found.engine = self.histories[0].engine
        found.stopped = next((each.stopped for each in self.histories if each.stopped), None)
        for epochs in zip(*(each.epochs for each in self.histories), strict=False):
            values = {name: float(np.mean([epoch[name] for epoch in epochs])) for name in epochs[0].values}
            found.append(Epoch(epochs[0].number, sum(epoch.seconds for epoch in epochs), values))
        return found


def train(
    models: Sequence[Model],
    folds: Sequence[Array],
    x: Array,
    target: Array,
    *,
    callbacks: Callbacks,
    resume: Callable[[int], str | os.PathLike[str] | None],
    rng: np.random.Generator,
    **arguments: Any,
) -> Networks:
    """Train models side by side, or one after the other if several processes share the training, each validated on its fold; return those that have completed an epoch, or the first one if none has.

    Training may have been stopped before the others began.

    Parameters
    ----------
    models : sequence of Model
    folds : sequence of ndarray of int
        The indices of the samples to validate each model with.
    x, target : ndarray
        All samples, and their targets.
    callbacks : sequence of Callback, or function
    resume : function
        Returns the file to continue the training of the model of a number from, or None.
    rng : Generator
        Gives each training a seed.
    arguments
        Those of `Model.fit`, for all.
    """
    own: list[dict[str, Any]] = [
        {
            "validation": rows,
            "rng": int(rng.integers(2**63)),
            "callbacks": [*(callbacks(k) if callable(callbacks) else callbacks)],
            "resume": resume(k),
        }
        for k, rows in enumerate(folds)
    ]
    if len(models) == 1 or arguments.get("distributed"):  # which may use all cores, or other processes
        histories = [model.fit(x, target, **arguments, **each) for model, each in zip(models, own, strict=True)]
    else:
        histories = fit_many([(model, (x, target), each) for model, each in zip(models, own, strict=True)], **arguments)
    begun = [k for k, history in enumerate(histories) if history.epochs] or [0]
    last = -1 if isinstance(models[0].layers[-1], Softmax | Sigmoid) else None
    return Networks(
        [models[k] for k in begun],
        [histories[k] for k in begun],
        [folds[k] for k in begun],
        [passes.predict(models[k], models[k].samples(x[folds[k]]), last=last) for k in begun],
        equal(len(begun)),
    )


def equal(count: int) -> Array:
    """Return equal weights of sum 1."""
    return np.full(count, 1 / count)
