"""What is measured on the test rows, from probabilities (n, k) and labels (n,), or from predicted and true numbers (n,)."""

import numpy as np

from benchmarks.cases import Array
from whorl.metrics import calibration_error, roc_auc

Scores = dict[str, float]


def of_classes(probabilities: Array, labels: Array) -> Scores:
    """Return accuracy, area under the ROC curve, log loss and calibration error."""
    n = len(labels)
    clipped = np.clip(probabilities, np.finfo(np.float32).eps, 1.0)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "auc": roc_auc(labels, probabilities),
        "log loss": float(-np.log(clipped[np.arange(n), labels]).mean()),
        "ece": calibration_error(labels, probabilities),
    }


def of_numbers(predictions: Array, truth: Array) -> Scores:
    """Return the root of the mean squared error, and R²: 0 for a constant prediction of the mean, 1 for a perfect one."""
    squared = ((predictions - truth) ** 2).mean()
    return {"rmse": float(np.sqrt(squared)), "r2": float(1 - squared / truth.var())}


def coverage(low: Array, high: Array, truth: Array) -> float:
    """Return the share of the true numbers that lie in their intervals."""
    return float(((low <= truth) & (truth <= high)).mean())
