"""How well classes are told apart.

Letters: n samples, k classes; C the confusion matrix, of which C[i, j] samples of class i were taken for class j.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.metrics import door


def accuracy(y: Any, prediction: Any) -> float:
    """Return the share of the samples whose class is predicted: in [0, 1], higher is better.

    Parameters
    ----------
    y : array_like, shape (n,), (n, k) or (n, 1)
        Whole numbers from 0 to k − 1, or one-hot rows; or 0 and 1, (n, 1), beside one output.
    prediction : array_like, shape (n, k) or (n, 1)
        Probabilities or scores, of which the highest is predicted, of equal ones the first; or the probability of class
        1, which is predicted if it is above 0.5.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not of these forms.

    Notes
    -----
    Rows of labels of which several may be 1 are for `binary_accuracy`. Were they taken here too, one and the same call
    would mean something else for data in which by chance every row has one.

    Examples
    --------
    >>> accuracy([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    0.6666666666666666
    >>> accuracy([[0], [1], [1], [1]], [[0.1], [0.9], [0.6], [0.5]])
    0.75
    """
    target, predicted, _ = door.classes(y, prediction)
    return float(np.mean(predicted == target))


def binary_accuracy(y: Any, prediction: Any) -> float:
    """Return the share of all labels of 0 and 1 that are predicted, each for itself: in [0, 1], higher is better.

    Parameters
    ----------
    y : array_like, shape (n, m)
        0 and 1; in each row there may be any number of either.
    prediction : array_like, shape (n, m)
        Probabilities; 1 is predicted if it is above 0.5.

    Notes
    -----
    This is Keras's ``BinaryAccuracy``. scikit-learn's ``accuracy_score`` counts a row only if all of it is right.

    Examples
    --------
    >>> binary_accuracy([[1, 0, 1], [0, 0, 1]], [[0.9, 0.2, 0.3], [0.1, 0.4, 0.8]]) == 5 / 6
    True
    """
    target, p = door.binary(y, prediction)
    return float(np.mean((p > 0.5) == target))


def top_k_accuracy(k: int) -> Callable[[Any, Any], float]:
    """Return a metric: the share of the samples whose class is among the k predicted first; higher is better.

    It is named by its k: with ``metrics=[top_k_accuracy(3)]`` the history has ``"top_3_accuracy"``. For five,
    ``"top_5_accuracy"`` may be asked for by name. Labels and predictions are those of `accuracy`, for at least 2 classes.

    Parameters
    ----------
    k : int
        At least 1. For as many as there are classes, or more, the share is 1.

    Notes
    -----
    Of equal scores the first counts, as in `accuracy`, which is the metric for k = 1; in scikit-learn's
    ``top_k_accuracy_score`` it is the last.

    Examples
    --------
    >>> top_2_accuracy = top_k_accuracy(2)
    >>> top_2_accuracy([0, 1, 2], [[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.6, 0.3, 0.1]])
    0.6666666666666666
    """
    most = validation.integer("k", k)

    def metric(y: Any, prediction: Any) -> float:
        target, z = door.scores(y, prediction)
        own = np.take_along_axis(z, target[:, None], axis=1)  # (n, 1)
        earlier = np.arange(z.shape[1]) < target[:, None]  # (n, k)
        ahead = (z > own) | ((z == own) & earlier)
        return float(np.mean(ahead.sum(axis=1) < most))

    metric.__name__ = metric.__qualname__ = f"top_{most}_accuracy"
    return metric


def confusion_matrix(y: Any, prediction: Any) -> Array:
    """Return C, (k, k): a row for each class, and in it how many samples were taken for each.

    It is no number, so it is not for `metrics`. Parameters are those of `accuracy`; for one output k is 2.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], np.eye(3)[[0, 1, 1, 0]])
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 0]])
    """
    target, predicted, k = door.classes(y, prediction)
    matrix: Array = np.bincount(target * k + predicted, minlength=k * k).reshape(k, k)
    return matrix


def balanced_accuracy(y: Any, prediction: Any) -> float:
    """Return the mean over the classes of the share of each that is predicted: in [0, 1], higher is better.

    However rare a class is, it has the same say: who always predicts the commonest of k gets 1/k. The mean is over the
    classes that occur in y; parameters are those of `accuracy`.

    Examples
    --------
    >>> balanced_accuracy([0, 0, 0, 1], np.eye(2)[[0, 0, 0, 0]])
    0.5
    """
    c = confusion_matrix(y, prediction)
    actual = c.sum(axis=1)
    return float(np.mean(_ratio(c.diagonal(), actual)[actual > 0]))


def precision(y: Any, prediction: Any) -> float:
    """Return the share of what was taken for a class that is of it, ``C[j, j] / Σ_i C[i, j]``: in [0, 1].

    Higher is better. For two classes it is that of class 1. For more it is the mean over the classes that occur, in y or
    in what is predicted; one that was never predicted counts as 0.

    Parameters
    ----------
    y, prediction
        As in `accuracy`.

    Notes
    -----
    scikit-learn's ``average="macro"`` is the same; ``average="binary"``, its default, is that of class 1.

    Examples
    --------
    >>> precision([0, 0, 1, 1], np.eye(2)[[0, 1, 1, 1]])
    0.6666666666666666
    """
    c = confusion_matrix(y, prediction)
    return _summary(c, _ratio(c.diagonal(), c.sum(axis=0)))


def recall(y: Any, prediction: Any) -> float:
    """Return the share of a class that is predicted, ``C[i, i] / Σ_j C[i, j]``: in [0, 1], higher is better.

    The rest as in `precision`: a class that does not occur in y, but is predicted, counts as 0.

    Examples
    --------
    >>> recall([0, 0, 1, 1], np.eye(2)[[0, 1, 1, 0]])
    0.5
    """
    c = confusion_matrix(y, prediction)
    return _summary(c, _ratio(c.diagonal(), c.sum(axis=1)))


def f1(y: Any, prediction: Any) -> float:
    """Return the harmonic mean of precision and recall, ``2 C[i, i] / (Σ_j C[i, j] + Σ_j C[j, i])``: in [0, 1].

    Higher is better. The rest as in `precision`: for more than two classes it is the mean of the classes' values, not the
    harmonic mean of the means.

    Examples
    --------
    >>> f1([0, 0, 1, 1], np.eye(2)[[0, 1, 1, 1]])
    0.8
    """
    c = confusion_matrix(y, prediction)
    return _summary(c, _ratio(2 * c.diagonal(), c.sum(axis=0) + c.sum(axis=1)))


def _ratio(above: Array, below: Array) -> Array:
    """Divide, and give 0 for 0 / 0."""
    ratio: Array = above / np.maximum(below, 1)
    return ratio


def _summary(c: Array, each: Array) -> float:
    """Return the value of class 1 of two, or the mean over the classes that occur."""
    if len(c) == 2:
        return float(each[1])
    occurs = c.sum(axis=0) + c.sum(axis=1) > 0
    return float(each[occurs].mean())
