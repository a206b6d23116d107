"""Classification metrics that count correct predictions.

All are in [0, 1]; higher is better. Letters: n samples, k classes, m outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core.validation import integer, numeric
from whorl.metrics import validation


def accuracy(y: Any, prediction: Any) -> float:
    """Return the fraction of samples whose predicted class is right: ``mean [predicted = y]``.

    Parameters
    ----------
    y : array_like, shape (n,), (n, k) or (n, 1)
        Labels: integers from 0 to k − 1 or one-hot rows; for a model with one output, 0 and 1 of shape (n, 1).
    prediction : array_like, shape (n, k) or (n, 1)
        Probabilities or scores, (n, k): the class with the highest is predicted, and the first of several equal ones.
        Or the probability of class 1, (n, 1): class 1 is predicted if it is above 0.5.

    Returns
    -------
    float
        In [0, 1]; higher is better.

    Raises
    ------
    TypeError, ValueError
        If an argument has another shape or type, is a masked array, or holds NaN or infinity.

    Notes
    -----
    scikit-learn's ``accuracy_score`` takes predicted classes instead of scores.

    Labels (n, k) of which several in a row may be 1 are for `binary_accuracy`. They are refused here, because the meaning
    of the result would otherwise change for data in which every row happens to have a single 1.

    Examples
    --------
    >>> accuracy([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    0.6666666666666666
    >>> accuracy([[0], [1], [1], [1]], [[0.1], [0.9], [0.6], [0.5]])
    0.75
    """
    target, predicted, _ = validation.classes(y, prediction)
    return float(np.mean(predicted == target))


def binary_accuracy(y: Any, prediction: Any) -> float:
    """Return the fraction of labels of 0 and 1 that are predicted right, each output counted separately.

    A label is right if ``[p > 0.5] = y``.

    Parameters
    ----------
    y : array_like, shape (n, m)
        0 and 1, with any number of each in a row.
    prediction : array_like, shape (n, m)
        Probabilities; 1 is predicted if it is above 0.5.

    Notes
    -----
    This is Keras's ``BinaryAccuracy``. scikit-learn's ``accuracy_score`` counts a row only if all its labels are right.

    Examples
    --------
    >>> binary_accuracy([[1, 0, 1], [0, 0, 1]], [[0.9, 0.2, 0.3], [0.1, 0.4, 0.8]]) == 5 / 6
    True
    """
    target, p = validation.binary(y, prediction)
    return float(np.mean((p > 0.5) == target))


def top_k_accuracy(k: int) -> Callable[[Any, Any], float]:
    """Return a metric: the fraction of samples whose class is among the k with the highest scores.

    In the history it has its k in its name: ``metrics=[top_k_accuracy(3)]`` gives ``"top_3_accuracy"``. For k = 5 the name
    alone is enough: ``metrics=["top_5_accuracy"]``.

    Parameters
    ----------
    k : int
        At least 1. If there are no more than k classes, the metric is 1.

    Returns
    -------
    callable
        A metric whose arguments and result are as in `accuracy`, for at least two outputs.

    Notes
    -----
    Among equal scores the first class comes first, so that k = 1 gives `accuracy`. In scikit-learn's
    ``top_k_accuracy_score`` the last comes first.

    Examples
    --------
    >>> top_2_accuracy = top_k_accuracy(2)
    >>> top_2_accuracy([0, 1, 2], [[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.6, 0.3, 0.1]])
    0.6666666666666666
    """
    most = integer("k", k)

    def metric(y: Any, prediction: Any) -> float:
        if validation.has_one_output(p := numeric("prediction", prediction)):
            raise ValueError(
                f"prediction must have shape (n, k), with a score for each of at least 2 classes, got {p.shape}"
            )
        target, z = validation.scores(y, p)
        own = np.take_along_axis(z, target[:, None], axis=1)  # (n, 1)
        earlier = np.arange(z.shape[1]) < target[:, None]  # (n, k)
        ahead = (z > own) | ((z == own) & earlier)
        return float(np.mean(ahead.sum(axis=1) < most))

    metric.__name__ = metric.__qualname__ = f"top_{most}_accuracy"
    return metric
