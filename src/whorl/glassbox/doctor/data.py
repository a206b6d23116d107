"""Measure the data before training. Letters: n rows, D features, F inputs of the first dense layer, k classes."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.doctor.signals import Facts
from whorl.layers import Dense, NTKDense, chain
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Hinge
from whorl.training.callbacks import Run

ROWS = 2000
"""Rows that are looked at, evenly spaced; for duplicates, ten times as many."""

FEATURES = 100
"""The most features that are tried alone, for a leaked target: sorting many of them takes long."""

NEIGHBOURS = 200
"""Rows that are predicted from their neighbours."""


def examine(training: Run) -> Facts:
    """Return what there is to know about the training and the validation data."""
    data, validation, loss = training.train, training.validation, training.options.loss
    rows = spaced(len(data), ROWS)
    x, target, _ = data.batch(rows)
    flat = np.asarray(x.reshape(len(x), -1), np.float64)
    labels = loss.classes(target)
    k = max(2, math.prod(training.model.outputs))
    facts: dict[str, Any] = {}
    if validation is not None:
        facts["val_rows"] = len(validation)
        x_val, target_val, _ = validation.batch(spaced(len(validation), ROWS))
        val = np.asarray(x_val.reshape(len(x_val), -1), np.float64)
        facts["shift"] = (val.mean(axis=0) - flat.mean(axis=0)) / np.maximum(
            flat.std(axis=0), 1e-12 + 1e-6 * np.abs(flat).max()
        )
        facts["duplicates"] = duplicates(data, validation)
        if labels is not None:
            facts["val_shares"] = np.bincount(loss.classes(target_val), minlength=k) / len(target_val)
    if labels is not None:
        facts["shares"] = np.bincount(labels, minlength=k) / len(labels)
    elif not isinstance(loss, BinaryCrossEntropy):
        facts["target"] = np.asarray(target.reshape(len(target), -1), np.float64)
    numbers = answers(loss, target)
    entered = first_inputs(training, x)
    return Facts(
        rows=len(data),
        mean=None if entered is None else entered.mean(axis=0),
        deviation=None if entered is None else entered.std(axis=0),
        raw_mean=flat.mean(axis=0),
        raw_deviation=flat.std(axis=0),
        chance=chance(loss, target, labels, k),
        alone=alone(flat, numbers, classes=labels is not None),
        levels=np.array([len(np.unique(column)) for column in flat.T]) if flat.shape[1] <= FEATURES else None,
        identifiers=identifiers(flat, exact=1 / float(np.finfo(x.dtype).eps)),
        **facts,
    )


def with_neighbours(facts: Facts, training: Run) -> Facts:
    """Return the facts with the accuracy, or R², of predicting training samples from their neighbours."""
    x, target, _ = training.train.batch(spaced(len(training.train), ROWS))
    classes = training.options.loss.classes(target) is not None
    flat = np.asarray(x.reshape(len(x), -1), np.float64)
    return replace(facts, neighbours=neighbours(flat, answers(training.options.loss, target), classes=classes))


def answers(loss: Any, target: Array) -> Array:
    """Return the labels (n,), or the first of the numbers to predict."""
    labels: Array | None = loss.classes(target)
    return labels if labels is not None else np.asarray(target.reshape(len(target), -1)[:, 0], np.float64)


def spaced(count: int, most: int) -> Array:
    """Return at most so many indices below `count`, evenly spaced."""
    return np.linspace(0, count - 1, min(most, count)).astype(np.intp)


@contextmanager
def next_step(training: Run) -> Iterator[Any]:
    """Yield the model as it will be at its next step, with layers such as `Standardize` fitted, and restore it afterwards."""
    model = training.model
    before = [each.copy() for each in (model.parameters, model.statistics, model.gradients)]
    epochs = [views.epoch for views in model.timed]
    if training.step == 0:
        chain.adapt(model.layers, training.train.x, model.p, copy.deepcopy(training.state.rng))
    model.set_epoch(float(training.epoch))
    try:
        yield model
    finally:
        model.parameters, model.statistics, model.gradients = before
        for views, epoch in zip(model.timed, epochs, strict=True):
            views.epoch = epoch


def first_inputs(training: Run, x: Array) -> Array | None:
    """Return the inputs of the first dense layer (n, F), as at the first step; None if there is no such layer."""
    layers = training.model.layers
    first = next((i for i, each in enumerate(layers) if isinstance(each, Dense | NTKDense)), None)
    if first is None:
        return None
    with next_step(training) as model:
        entered = chain.predict(layers[:first], x, model.p)
    return np.asarray(entered.reshape(len(entered), -1), np.float64)


def chance(loss: Any, target: Array, labels: Array | None, k: int) -> float | None:
    """Return the loss of the best constant prediction: the entropy of the classes, or that of always predicting the mean."""
    if isinstance(loss, Hinge):
        return float(loss.margin * (k - 1) / k)
    if labels is not None:
        shares = np.bincount(labels, minlength=k) / len(labels)
        entropy = float(-(shares * np.log(np.maximum(shares, 1e-12))).sum())
        return max(entropy, 1e-6) if isinstance(loss, CrossEntropy | BinaryCrossEntropy) else None
    constant = np.broadcast_to(target.mean(axis=0), target.shape).astype(target.dtype)
    try:
        value = float(loss.forward(constant, target)[0])
    except (ValueError, TypeError):
        return None
    return value if math.isfinite(value) and value > 0 else None


def duplicates(data: Any, validation: Any) -> float:
    """Return the share of validation rows that are training rows too, less what chance would give: the share within the former."""
    x = np.ascontiguousarray(np.asarray(data.x[: 10 * ROWS]))
    own = {row.tobytes() for row in x}
    others = [row.tobytes() for row in np.ascontiguousarray(np.asarray(validation.x[: 10 * ROWS]))]
    shared = sum(each in own for each in others)
    natural = 1 - len(set(others)) / len(others)  # of data with few different values, many rows are equal anyway
    return max(0.0, shared / len(others) - 2 * natural) if shared > 2 else 0.0


def standardized(x: Array) -> Array:
    """Return the features with mean 0 and standard deviation 1; constant ones are 0."""
    scaled: Array = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12 + 1e-6 * np.abs(x).max(initial=0))
    return scaled


def neighbours(x: Array, y: Array, *, classes: bool, count: int = 5) -> float | None:
    """Return the accuracy, or R², of predicting rows of x (n, D) from the others: by the classes, or the mean, of the nearest."""
    if len(x) < 20 * count:
        return None
    x, asked = standardized(x).astype(np.float32), spaced(len(x), NEIGHBOURS)
    squares = np.einsum("nd,nd->n", x, x)
    distance = squares - 2 * x[asked] @ x.T  # (asked, n), up to a constant of each row
    distance[np.arange(len(asked)), asked] = np.inf
    nearest = y[np.argpartition(distance, count, axis=1)[:, :count]]  # (asked, count)
    if classes:
        votes = (nearest[:, :, None] == np.unique(y)).sum(axis=1)  # (asked, k)
        return float((np.unique(y)[votes.argmax(axis=1)] == y[asked]).mean())
    left = ((nearest.mean(axis=1) - y[asked]) ** 2).mean()
    return float(1 - left / max(y.var(), 1e-300))


def alone(x: Array, y: Array, *, classes: bool) -> Array | None:
    """Return for each feature how well it alone predicts the target, from 0 to 1.

    For classes: the accuracy of predicting the most frequent class of each of at most 20 intervals with equally many rows, less that
    of always predicting the most frequent class, of what that leaves. For numbers: the square of the rank correlation.
    """
    if len(x) < 50 or x.shape[1] > FEATURES:
        return None
    if not classes:
        ranks, own = ranked(x), ranked(y[:, None])
        correlation: Array = (standardized(ranks).T @ standardized(own))[:, 0] / len(x)
        return correlation**2
    k = int(y.max()) + 1
    base = np.bincount(y).max() / len(y)
    found = []
    for column in x.T:
        values = np.unique(column)
        edges = values if len(values) <= 20 else np.unique(np.quantile(column, np.linspace(0, 1, 21)))[1:-1]
        cells = np.searchsorted(edges, column, side="right")
        counts = np.bincount(cells * k + y, minlength=(len(edges) + 1) * k).reshape(-1, k)
        found.append((counts.max(axis=1).sum() / len(y) - base) / max(1 - base, 1e-12))
    return np.array(found)


def ranked(x: Array) -> Array:
    """Return the rank of each value within its column; equal values have the mean of their ranks."""
    columns = []
    for column in x.T:
        values, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        columns.append((ends - (counts - 1) / 2)[place.reshape(-1)] if len(values) else column)
    return np.array(columns, np.float64).T


def identifiers(x: Array, exact: float = 2.0**52) -> tuple[int, ...]:
    """Return the features that number the rows: whole numbers, all different, that are dense or grow from row to row.

    Numbers of `exact` or more are left out: all of them are whole, in the type that they had.
    """
    if len(x) < 50 or x.shape[1] < 2:
        return ()
    whole = ((x == np.rint(x)) & (np.abs(x) < exact)).all(axis=0)
    found = []
    for j in np.flatnonzero(whole):
        column = x[:, j]
        steps = np.diff(np.sort(column))
        if not (steps > 0).all():
            continue
        if (np.diff(column) > 0).all() or steps.std() < 2 * steps.mean():  # gaps of random rows are exponential at most
            found.append(int(j))
    return tuple(found)
