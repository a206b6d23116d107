"""Metrics: plain functions of labels and predictions, to report how good a model is; training does not optimize them.

Each takes ``(y, prediction)`` and returns a plain mean over the samples, or over the classes where it says so: sample and
class weights count in the loss only. In training, choose metrics by name, or give any function of the same form.

The shape of the predictions determines what they mean:

- ``(n, 1)``: the probability of class 1; the labels are 0 and 1, of shape ``(n, 1)``.
- ``(n, k)``: a score for each of k classes; the labels are integers ``(n,)`` or one-hot rows ``(n, k)``.
- for regression, targets and predictions have the same shape.

Nothing is broadcast: ``(n,)`` with ``(n, 1)`` is an error. Predictions and targets that are NaN or infinite, and masked
arrays, are errors too.
"""

from whorl._core.hints import hint_missing_names
from whorl.metrics.calibration import calibration_error
from whorl.metrics.classification import accuracy, binary_accuracy, top_k_accuracy
from whorl.metrics.confusion import balanced_accuracy, confusion_matrix, f1, precision, recall
from whorl.metrics.names import METRICS, Metric, measured, named
from whorl.metrics.ranking import roc_auc
from whorl.metrics.regression import mean_absolute_error, r2, root_mean_squared_error

__all__ = [
    "METRICS",
    "Metric",
    "accuracy",
    "balanced_accuracy",
    "binary_accuracy",
    "calibration_error",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "measured",
    "named",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "root_mean_squared_error",
    "top_k_accuracy",
]

hint_missing_names(__name__)
