"""Metrics: plain functions of the labels and the predictions, for people to read; nothing is trained by them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from whorl.losses import labels
from whorl.types import Array

Metric: TypeAlias = Callable[[Array, Array], float]


def accuracy(y: Any, prediction: Any) -> float:
    """Return the share of the samples whose most probable class is the label: in [0, 1], higher is better.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, k)
        Whole numbers from 0 to k − 1, or one-hot rows.
    prediction : array_like, shape (n, k)
        Probabilities or scores. Of equal ones the first counts.

    Examples
    --------
    >>> accuracy([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    0.6666666666666666
    """
    prediction = np.asarray(prediction)
    if prediction.ndim != 2:
        raise ValueError(f"prediction must have shape (n, k), got {prediction.shape}")
    target = labels(y, prediction.shape[1])
    if len(target) != len(prediction):
        raise ValueError(f"y and prediction must be of one length, got {len(target)} and {len(prediction)}")
    return float(np.mean(prediction.argmax(axis=1) == target))


METRICS: Mapping[str, Metric] = {"accuracy": accuracy}
"""The metrics that can be asked for by name."""


def named(metrics: object) -> dict[str, Metric]:
    """Return the metrics asked for, by name or as functions, as name and function."""
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics must be a list of names or functions, got {metrics!r}")
    chosen: dict[str, Metric] = {}
    for metric in metrics:
        if isinstance(metric, str):
            if metric not in METRICS:
                raise ValueError(f"metrics must be among {sorted(METRICS)}, or functions, got {metric!r}")
            chosen[metric] = METRICS[metric]
        elif callable(metric):
            chosen[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            raise TypeError(f"metrics must be names or functions, got {metric!r}")
    return chosen
