"""The confusion matrix, and the metrics computed from it. They take labels and predictions as `accuracy` does.

Letters: n samples, k classes; C (k, k) the confusion matrix: C[i, j] samples of class i were predicted as class j.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.metrics import validation


def confusion_matrix(y: Any, prediction: Any) -> Array:
    """Return the confusion matrix C: ``C[i, j]`` is the number of samples of class i that are predicted as class j.

    It is not a number, so it cannot be one of the `metrics` of `Model.fit`.

    Parameters
    ----------
    y, prediction : array_like
        As in `accuracy`; for one output, k is 2.

    Returns
    -------
    ndarray of int, shape (k, k)

    Notes
    -----
    scikit-learn's ``confusion_matrix`` has no rows for classes that occur neither in the labels nor in the predictions.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], np.eye(3)[[0, 1, 1, 0]])
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 0]])
    """
    target, predicted, k = validation.classes(y, prediction)
    matrix: Array = np.bincount(target * k + predicted, minlength=k * k).reshape(k, k)
    return matrix


def balanced_accuracy(y: Any, prediction: Any) -> float:
    """Return the mean recall of the classes: the mean over i of ``C[i, i] / Σ_j C[i, j]``.

    Every class counts the same, however rare: always predicting one of k classes gives 1/k. The mean is over the classes
    that occur in y. This is scikit-learn's ``balanced_accuracy_score``, for predicted scores instead of classes.

    Arguments and result are as in `accuracy`.

    Examples
    --------
    >>> balanced_accuracy([0, 0, 0, 1], np.eye(2)[[0, 0, 0, 0]])
    0.5
    """
    c = confusion_matrix(y, prediction)
    occurs = c.sum(axis=1) > 0
    return float(np.mean(c.diagonal()[occurs] / c.sum(axis=1)[occurs]))


def precision(y: Any, prediction: Any) -> float:
    """Return the fraction of predictions of a class that are right: ``C[j, j] / Σ_i C[i, j]``.

    For two classes it is the precision of class 1. For more it is the mean over the classes that occur in y or in the
    predictions. A class that is never predicted counts as 0.

    Arguments and result are as in `accuracy`.

    Notes
    -----
    For two classes this is scikit-learn's ``precision_score`` with its default ``average="binary"``, for more that with
    ``average="macro"``; there, a class that is never predicted also gives a warning.

    Examples
    --------
    >>> precision([0, 0, 1, 1], np.eye(2)[[0, 1, 1, 1]])
    0.6666666666666666
    """
    c = confusion_matrix(y, prediction)
    return _class_1_or_mean(c.diagonal(), c.sum(axis=0), c)


def recall(y: Any, prediction: Any) -> float:
    """Return the fraction of the samples of a class that are predicted as it: ``C[i, i] / Σ_j C[i, j]``.

    For two classes it is the recall of class 1, and for more a mean, as in `precision`. A class that is predicted but does
    not occur in y counts as 0. scikit-learn's ``recall_score`` corresponds to it as ``precision_score`` does to `precision`.

    Arguments and result are as in `accuracy`.

    Examples
    --------
    >>> recall([0, 0, 1, 1], np.eye(2)[[0, 1, 1, 0]])
    0.5
    """
    c = confusion_matrix(y, prediction)
    return _class_1_or_mean(c.diagonal(), c.sum(axis=1), c)


def f1(y: Any, prediction: Any) -> float:
    """Return the harmonic mean of precision and recall: ``2 C[i, i] / (Σ_j C[i, j] + Σ_j C[j, i])``.

    For two classes it is the F1 score of class 1. For more it is a mean, as in `precision`, which differs from the harmonic
    mean of the mean precision and the mean recall. scikit-learn's ``f1_score`` corresponds to it as ``precision_score``
    does to `precision`.

    Arguments and result are as in `accuracy`.

    Examples
    --------
    >>> f1([0, 0, 1, 1], np.eye(2)[[0, 1, 1, 1]])
    0.8
    """
    c = confusion_matrix(y, prediction)
    return _class_1_or_mean(2 * c.diagonal(), c.sum(axis=0) + c.sum(axis=1), c)


def _class_1_or_mean(above: Array, below: Array, c: Array) -> float:
    """Divide the counts of each class, where 0 / 0 is 0; return the ratio of class 1 of two, else the mean ratio."""
    ratio = above / np.maximum(below, 1)
    if len(c) == 2:
        return float(ratio[1])
    occurs = c.sum(axis=0) + c.sum(axis=1) > 0
    return float(ratio[occurs].mean())
