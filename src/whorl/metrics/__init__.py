"""Metrics: plain functions of the labels and the predictions, for people to read; nothing is trained by them.

Each takes ``(y, prediction)`` and is a plain mean over the samples, or over classes where it says so: the weights of
samples count in the loss only. In training a metric is asked for by name, or as any function of the same form.

What a network predicts says what it is about: ``(n, 1)`` is the probability of class 1, beside labels ``(n, 1)`` of 0
and 1; ``(n, k)`` is a score for each of k classes, beside whole numbers ``(n,)`` or one-hot rows; where the two have to be
numbers of one kind, they have one shape. Nothing is broadcast: ``(n,)`` against ``(n, 1)`` is an error.
"""

from whorl.metrics.classification import (
    accuracy,
    balanced_accuracy,
    binary_accuracy,
    confusion_matrix,
    f1,
    precision,
    recall,
    top_k_accuracy,
)
from whorl.metrics.names import METRICS, Metric, named
from whorl.metrics.ranking import roc_auc
from whorl.metrics.regression import mean_absolute_error, r2, root_mean_squared_error

__all__ = [
    "METRICS",
    "Metric",
    "accuracy",
    "balanced_accuracy",
    "binary_accuracy",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "named",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "root_mean_squared_error",
    "top_k_accuracy",
]
