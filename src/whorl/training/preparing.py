"""Validate the data of a training, and split them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from whorl.losses import Loss
from whorl.metrics import METRICS, Metric, measured
from whorl.stack import Stack
from whorl.training.data import Samples, set_aside
from whorl.training.options import Options
from whorl.training.sources import is_stored
from whorl.training.stored import StoredSamples, stored_inputs

FEW = 1000
"""So many labels in a file are looked at before training."""


def inputs(model: Stack, X: Any) -> Any:
    """Return X as the inputs of a model, in memory or in a file, as `Stack.samples` does; raise TypeError or ValueError."""
    return stored_inputs(model, X) if is_stored(X) else model.samples(X)


def checked_samples(model: Stack, X: Any, y: Any, loss: Loss, sample_weight: Any = None) -> Samples:
    """Validate the data that a user passed for a model, in memory or in files; raise TypeError or ValueError."""
    kind = StoredSamples if is_stored(X) or is_stored(y) else Samples
    return kind.checked(model, X, y, loss, sample_weight)


def training_data(
    model: Stack, X: Any, y: Any, options: Options, metrics: Mapping[str, Metric], rng: np.random.Generator
) -> tuple[Samples, Samples | None]:
    """Validate samples and labels; return the training set and the validation set, or None for the latter.

    Raises
    ------
    TypeError, ValueError
        If the data do not fit the model, the loss or the options.
    """
    loss = options.loss

    def checked(X: Any, y: Any, sample_weight: Any = None) -> Samples:
        return checked_samples(model, X, y, loss, sample_weight)

    train, validation = checked(X, y, options.sample_weight), None
    given = options.validation
    classes = train.labels(loss) if options.stratify else None
    if options.stratify and (given is None or isinstance(given, tuple | list | np.ndarray)):
        raise ValueError("stratify=True needs validation to be a fraction, such as validation=0.2")
    if options.stratify and classes is None:
        raise ValueError("stratify=True needs a loss with one label for each sample, such as CrossEntropy()")
    if isinstance(given, tuple | list):
        if len(given) not in (2, 3):
            raise ValueError(f"validation must be (X_val, y_val) or (X_val, y_val, weights), got {len(given)} items")
        try:
            validation = checked(*given)
        except (TypeError, ValueError) as error:
            raise type(error)(f"in validation: {error}") from None
    elif given is not None:
        train, validation = set_aside(train, given, rng, classes)
    for data in filter(None, (train, validation)):
        _try_metrics(data, metrics, model)
    if options.class_weight is not None:
        train = train.class_weighted(loss, options.class_weight, max(2, model.outputs[-1]))
    return train, validation


def _try_metrics(data: Samples, metrics: Mapping[str, Metric], model: Stack) -> None:
    """Compute whorl's metrics once, so that a metric that does not fit the labels fails before training."""
    chosen = {name: metric for name, metric in metrics.items() if METRICS.get(name) is metric}
    target: Any = data.target
    if not isinstance(target, np.ndarray):  # others may need all classes, which a few samples may not have
        chosen = {name: metric for name, metric in chosen.items() if name in data.means(metrics)}
        target = data.targets(np.arange(min(len(data), FEW)))
    prediction = np.broadcast_to(np.zeros(1, model.dtype), (len(target), *model.outputs))
    measured(chosen, target, prediction)
