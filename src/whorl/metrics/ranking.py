"""Metrics of how well scores order the samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.metrics import validation


def roc_auc(y: Any, prediction: Any) -> float:
    """Return the area under the receiver operating characteristic (ROC) curve.

    It is the probability that a random sample of the class has a higher score than a random sample of the others, where a
    tie counts one half. With r the ranks of the scores, from 1 and averaged over ties, p samples of the class and q
    others::

        AUC = (Σ_class r − p (p + 1) / 2) / (p q)

    For one output or two classes it is the area for class 1. For more it is the mean over the classes that occur in y, each
    against the rest.

    Parameters
    ----------
    y, prediction : array_like
        As in `accuracy`. The labels must be of at least two different classes; only the order of the scores matters.

    Returns
    -------
    float
        In [0, 1]; higher is better, 0.5 for random scores.

    Notes
    -----
    This is scikit-learn's ``roc_auc_score``, for more than two classes with ``multi_class="ovr"``, which needs
    probabilities and every class in y.

    References
    ----------
    Hanley, McNeil (1982), The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve,
    Radiology 143, section "The meaning".
    Mann, Whitney (1947), On a Test of Whether One of Two Random Variables is Stochastically Larger than the Other.

    Examples
    --------
    >>> roc_auc([[0], [0], [1], [1]], [[0.1], [0.4], [0.35], [0.8]])
    0.75
    """
    target, z = validation.scores(y, prediction)
    occurring = np.unique(target)
    if len(occurring) < 2:
        raise ValueError(f"y must hold samples of at least two classes for roc_auc, got class {occurring[0]} only")
    chosen = [1] if z.shape[1] == 2 else occurring
    return float(np.mean([_area(z[:, c], target == c) for c in chosen]))


def _area(score: Array, is_class: Array) -> float:
    _, index, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2  # the mean rank of each distinct score
    p = int(is_class.sum())
    q = len(score) - p
    return float((rank[index][is_class].sum() - p * (p + 1) / 2) / (p * q))
