"""Metrics that are means over samples: they are added up batch by batch, without keeping the predictions."""

from __future__ import annotations

from collections.abc import Mapping

from whorl._core.types import Array
from whorl.metrics.classification import accuracy, binary_accuracy
from whorl.metrics.names import METRICS, Metric
from whorl.metrics.regression import mean_absolute_error, root_mean_squared_error

POWERS: Mapping[Metric, int] = {
    accuracy: 1,
    binary_accuracy: 1,
    mean_absolute_error: 1,
    root_mean_squared_error: 2,
    METRICS["top_5_accuracy"]: 1,
}
"""Metrics of which this power is a mean over samples."""


def means(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """Return those of the metrics that can be added up.

    Examples
    --------
    >>> list(means({name: METRICS[name] for name in ("rmse", "r2", "accuracy")}))
    ['rmse', 'accuracy']
    """
    return {name: metric for name, metric in metrics.items() if any(metric is each for each in POWERS)}


def add_means(sums: dict[str, float], metrics: Mapping[str, Metric], target: Array, prediction: Array) -> None:
    """Add the values for some samples to the sums, in place.

    Examples
    --------
    >>> import numpy as np
    >>> sums, metrics = {}, {"rmse": root_mean_squared_error}
    >>> add_means(sums, metrics, np.array([0.0, 0.0]), np.array([1.0, 1.0]))
    >>> add_means(sums, metrics, np.array([0.0]), np.array([5.0]))
    >>> averaged(sums, metrics, 3)
    {'rmse': 3.0}
    """
    for name, metric in metrics.items():
        sums[name] = sums.get(name, 0.0) + len(target) * float(metric(target, prediction)) ** POWERS[metric]


def averaged(sums: Mapping[str, float], metrics: Mapping[str, Metric], count: int) -> dict[str, float]:
    """Return the metrics for all samples, given their sums and the number of samples."""
    return {name: (sums[name] / count) ** (1 / POWERS[metric]) for name, metric in metrics.items()}
