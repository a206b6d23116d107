"""From the arguments of training to the samples that it works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import number
from whorl.metrics import METRICS, Metric
from whorl.stack import Stack
from whorl.training.data import Samples, class_weights, split
from whorl.training.options import Options


def training_data(
    model: Stack, X: Any, y: Any, options: Options, metrics: Mapping[str, Metric], rng: np.random.Generator
) -> tuple[Samples, Samples | None]:
    """Validate samples and labels; return those to train on, and those to validate on or None.

    Raises
    ------
    TypeError, ValueError
        If they do not fit the model, the loss, each other or the options.
    """
    loss = options.loss

    def checked(X: Any, y: Any, sample_weight: Any = None) -> Samples:
        return Samples.checked(model, X, y, loss, sample_weight)

    train, validation = checked(X, y, options.sample_weight), None
    given = options.validation
    classes = loss.classes(train.target)
    if options.stratify and (given is None or isinstance(given, tuple | list)):
        raise ValueError("stratify=True needs a fraction to split off: validation=0.2, for instance")
    if options.stratify and classes is None:
        raise ValueError("stratify=True needs a loss with one label for each sample, such as CrossEntropy()")
    if isinstance(given, tuple | list):
        if len(given) not in (2, 3):
            raise ValueError(f"validation must be (X_val, y_val), got {len(given)} items")
        try:
            validation = checked(*given)
        except (TypeError, ValueError) as error:
            raise type(error)(f"in validation: {error}") from None
    elif given is not None:
        fraction = number("validation", given, above=0, below=1)
        train, validation = split(train, fraction, rng, classes if options.stratify else None)
    for data in filter(None, (train, validation)):
        _try_metrics(metrics, data.target, (len(data), *model.outputs), model.dtype)
    if options.class_weight is not None:
        by_class = class_weights(loss.classes(train.target), options.class_weight, max(2, model.outputs[-1]))
        train = train.reweighted(by_class)
    return train, validation


def _try_metrics(metrics: Mapping[str, Metric], target: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Compute our own metrics once, so that one that does not fit the labels fails now and not after an epoch."""
    prediction = np.broadcast_to(np.zeros(1, dtype), shape)
    for name, metric in metrics.items():
        if METRICS.get(name) is metric:
            try:
                metric(target, prediction)
            except (TypeError, ValueError) as error:
                raise type(error)(f"metrics: {name!r} does not fit these labels: {error}") from None
