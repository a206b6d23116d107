"""The metrics by name, and the choice of metrics for a training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from whorl._core.hints import did_you_mean
from whorl._core.types import Array
from whorl._core.validation import is_function, show
from whorl.metrics import calibration, classification, confusion, ranking, regression

Metric: TypeAlias = Callable[[Array, Array], float]
"""A function of the labels and the predictions."""

METRICS: Mapping[str, Metric] = {
    "accuracy": classification.accuracy,
    "balanced_accuracy": confusion.balanced_accuracy,
    "binary_accuracy": classification.binary_accuracy,
    "calibration_error": calibration.calibration_error,
    "f1": confusion.f1,
    "mae": regression.mean_absolute_error,
    "mean_absolute_error": regression.mean_absolute_error,
    "precision": confusion.precision,
    "r2": regression.r2,
    "recall": confusion.recall,
    "rmse": regression.root_mean_squared_error,
    "roc_auc": ranking.roc_auc,
    "root_mean_squared_error": regression.root_mean_squared_error,
    "top_5_accuracy": classification.top_k_accuracy(5),
}
"""The metrics that have a name."""

RESERVED = ("loss", "penalty", "learning_rate", "epoch", "seconds")
"""Names that the history uses for other values."""


def named(metrics: object) -> dict[str, Metric]:
    """Return metrics, given by name or as functions, as a dict from name to function.

    Parameters
    ----------
    metrics : iterable of str or callable
        Names in `METRICS`, or functions of (labels, predictions), which have their own name in the history.

    Raises
    ------
    TypeError, ValueError
        If one is neither, its name is not known or is used by the history, or two have the same name.

    Examples
    --------
    >>> list(named(["accuracy", classification.top_k_accuracy(3)]))
    ['accuracy', 'top_3_accuracy']
    """
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics must be a list of names or functions, got {show(metrics)}")
    chosen: dict[str, Metric] = {}
    for metric in metrics:
        name, function = _named(metric)
        if name in RESERVED or name.startswith("val_"):
            raise ValueError(f"metrics must not be named {name!r}: the history uses that name for something else")
        if name in chosen:
            raise ValueError(f"metrics must have different names, got two called {name!r}")
        chosen[name] = function
    return chosen


def measured(metrics: Mapping[str, Metric], target: Array, prediction: Array) -> dict[str, float]:
    """Return the metrics by name; an error says which metric it is of."""
    values = {}
    for name, metric in metrics.items():
        try:
            values[name] = float(metric(target, prediction))
        except (TypeError, ValueError) as error:
            if METRICS.get(name) is not metric:  # a user's function has the traceback of its error
                raise
            raise type(error)(f"metrics: {name!r} does not fit these labels: {error}") from None
    return values


def _named(metric: object) -> tuple[str, Metric]:
    if isinstance(metric, str):
        if metric not in METRICS:
            known = f"metrics must be among {', '.join(METRICS)}, or functions"
            raise ValueError(f"{known}, got {metric!r}{did_you_mean(metric, METRICS)}")
        return metric, METRICS[metric]
    if is_function(metric):
        return getattr(metric, "__name__", type(metric).__name__), metric
    raise TypeError(f"metrics must be names or functions, got {show(metric)}")
