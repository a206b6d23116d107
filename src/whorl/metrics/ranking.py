"""How well the scores put the samples in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.metrics import door


def roc_auc(y: Any, prediction: Any) -> float:
    """Return the area under the receiver's operating curve: in [0, 1], higher is better, 0.5 by chance.

    It is the probability that a sample of the class, drawn at random, has a higher score than one of the others, a tie
    counting half. With r the ranks of the scores, from 1, equal ones sharing their mean, p samples of the class and q
    others::

        AUC = (Σ_class r − p (p + 1) / 2) / (p q)

    For one output, or two classes, it is that of class 1. For more it is the mean over the classes that occur in y, each
    against the rest.

    Parameters
    ----------
    y : array_like, shape (n,), (n, k) or (n, 1)
        As in `accuracy`.
    prediction : array_like, shape (n, k) or (n, 1)
        Probabilities or scores; only their order matters. With a NaN among them the result is NaN.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not of these forms, or all samples are of one class.

    Notes
    -----
    scikit-learn's ``roc_auc_score`` is the same for two classes, and with ``multi_class="ovr"`` for more, where it wants
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
    target, z = _columns(y, prediction)
    occurring = np.unique(target)
    if len(occurring) < 2:
        raise ValueError(
            f"y must hold samples of at least two classes, for roc_auc to compare, got class {occurring[0]} only"
        )
    if np.isnan(z).any():
        return float("nan")
    chosen = [1] if z.shape[1] == 2 else occurring
    return float(np.mean([_area(z[:, c], target == c) for c in chosen]))


def _columns(y: Any, prediction: Any) -> tuple[Array, Array]:
    """Return labels (n,), and scores (n, k), k at least 2."""
    if door.one_output(prediction):
        target, p = door.binary(y, prediction)
        return target[:, 0].astype(np.intp), np.hstack([1 - p, p])
    return door.scores(y, prediction)


def _area(score: Array, is_class: Array) -> float:
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2  # the mean rank of each distinct score
    p = int(is_class.sum())
    q = len(score) - p
    return float((rank[place][is_class].sum() - p * (p + 1) / 2) / (p * q))
