"""What is measured on the test rows, from probabilities (n, k) and labels (n,), or from predicted and true numbers (n,)."""

import numpy as np

from benchmarks.cases import Array

Scores = dict[str, float]


def of_classes(probabilities: Array, labels: Array) -> Scores:
    """Return accuracy, area under the ROC curve, log loss and calibration error."""
    n = len(labels)
    clipped = np.clip(probabilities, np.finfo(np.float32).eps, 1.0)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "auc": auc(probabilities, labels),
        "log loss": float(-np.log(clipped[np.arange(n), labels]).mean()),
        "ece": calibration_error(probabilities, labels),
    }


def of_numbers(predictions: Array, truth: Array) -> Scores:
    """Return the root of the mean squared error, and R²: 0 for a constant prediction of the mean, 1 for a perfect one."""
    squared = ((predictions - truth) ** 2).mean()
    return {"rmse": float(np.sqrt(squared)), "r2": float(1 - squared / truth.var())}


def coverage(low: Array, high: Array, truth: Array) -> float:
    """Return the share of the true numbers that lie in their intervals."""
    return float(((low <= truth) & (truth <= high)).mean())


def auc(probabilities: Array, labels: Array) -> float:
    """Return the area under the ROC curve: of class 1 if there are two, else the mean over the classes, each against the rest."""
    k = probabilities.shape[1]
    classes = [1] if k == 2 else [c for c in range(k) if 0 < (labels == c).sum() < len(labels)]
    return float(np.mean([_auc(probabilities[:, c], labels == c) for c in classes]))


def _auc(scores: Array, positive: Array) -> float:
    """Return the chance that a random positive sample has a higher score than a random negative one; equal scores count one half."""
    _, at, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[at]  # from 1; the mean rank of equal scores
    m = positive.sum()
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * (len(scores) - m)))


def calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> float:
    """Return the expected calibration error of the most likely class (Guo et al., 2017), with bins of equal width."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
