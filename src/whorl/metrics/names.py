"""The metrics that can be asked for by name, and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from whorl._core.types import Array
from whorl.metrics import classification, ranking, regression

Metric: TypeAlias = Callable[[Array, Array], float]
"""A function of the labels and the predictions."""

METRICS: Mapping[str, Metric] = {
    "accuracy": classification.accuracy,
    "balanced_accuracy": classification.balanced_accuracy,
    "binary_accuracy": classification.binary_accuracy,
    "f1": classification.f1,
    "mae": regression.mean_absolute_error,
    "mean_absolute_error": regression.mean_absolute_error,
    "precision": classification.precision,
    "r2": regression.r2,
    "recall": classification.recall,
    "rmse": regression.root_mean_squared_error,
    "roc_auc": ranking.roc_auc,
    "root_mean_squared_error": regression.root_mean_squared_error,
    "top_5_accuracy": classification.top_k_accuracy(5),
}
"""The metrics that can be asked for by name."""


TAKEN = ("loss", "penalty", "learning_rate", "epoch", "seconds")
"""Names that a history has for other things."""


def named(metrics: object) -> dict[str, Metric]:
    """Return the metrics asked for, by name or as functions, as name and function."""
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics must be a list of names or functions, got {metrics!r}")
    chosen: dict[str, Metric] = {}
    for metric in metrics:
        name, function = _named(metric)
        if name in TAKEN or name.startswith("val_"):
            raise ValueError(f"metrics must not be called {name!r}, which the history has for something else")
        if name in chosen:
            raise ValueError(f"metrics must have names of their own, got two called {name!r}")
        chosen[name] = function
    return chosen


def _named(metric: object) -> tuple[str, Metric]:
    if isinstance(metric, str):
        if metric not in METRICS:
            raise ValueError(f"metrics must be among {', '.join(METRICS)}, or functions, got {metric!r}")
        return metric, METRICS[metric]
    if callable(metric):
        return getattr(metric, "__name__", type(metric).__name__), metric
    raise TypeError(f"metrics must be names or functions, got {metric!r}")
