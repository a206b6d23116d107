"""Checks at the metrics' door: labels and predictions in the form the formulas take, or an error.

Predictions may hold NaN: a training that diverges shall say so itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.losses import labels


def scores(y: Any, prediction: Any) -> tuple[Array, Array]:
    """Return labels (n,) in [0, k), and scores (n, k), k at least 2."""
    z = _numbers("prediction", prediction)
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(f"prediction must have shape (n, k), got {z.shape}")
    if z.shape[1] == 1:
        raise ValueError(
            f"prediction must have shape (n, k), with a score for each of at least 2 classes, got {z.shape}"
        )
    try:
        target = labels(y, z.shape[1])
    except ValueError as error:
        several = np.shape(y) == z.shape and bool(np.isin(y, (0, 1)).all())
        raise ValueError(f"{error}; if several may be 1, use binary_accuracy" if several else str(error)) from None
    _samples(target, z)
    return target, z


def classes(y: object, prediction: Any) -> tuple[Array, Array, int]:
    """Return labels (n,), predicted classes (n,), and how many classes there are.

    From (n, 1) probabilities class 1 is predicted above 0.5; from (n, k) scores the class with the highest, of equal ones
    the first.
    """
    if one_output(prediction):
        target, p = binary(y, prediction)
        return target[:, 0].astype(np.intp), (p[:, 0] > 0.5).astype(np.intp), 2
    target, z = scores(y, prediction)
    return target, z.argmax(axis=1), z.shape[1]


def binary(y: Any, prediction: Any) -> tuple[Array, Array]:
    """Return labels of 0 and 1, and probabilities, both (n, m)."""
    target, p = pair(y, prediction)
    if p.ndim != 2:
        raise ValueError(f"prediction must have shape (n, m), got {p.shape}")
    wrong = np.argwhere((target != 0) & (target != 1))
    if len(wrong):
        n, m = map(int, wrong[0])
        raise ValueError(f"y must hold 0 and 1 only, but y[{n}, {m}] is {target[n, m]}")
    return target, p


def pair(y: Any, prediction: Any) -> tuple[Array, Array]:
    """Return two arrays of numbers of one shape (n, …), n at least 1."""
    p = _numbers("prediction", prediction)
    target = validation.numeric("y", y)
    if target.shape != p.shape or p.ndim == 0:
        hint = ""
        if target.ndim == 1 and p.shape == (len(target), 1):
            hint = "; use y[:, None]"
        elif p.ndim == 1 and target.shape == (len(p), 1):
            hint = "; use y[:, 0]"
        raise ValueError(f"y must have the shape of the prediction, {p.shape}, got {target.shape}{hint}")
    _samples(target, p)
    return target, p


def one_output(prediction: Any) -> bool:
    """Whether these are predictions (n, 1): for each sample the probability of class 1."""
    return _numbers("prediction", prediction).shape[1:] == (1,)


def _numbers(name: str, values: Any) -> Array:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array, with rows of one length: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got {validation.show(array)}")
    return array


def _samples(target: Array, prediction: Array) -> None:
    if len(target) != len(prediction):
        raise ValueError(f"y and prediction must be of one length, got {len(target)} and {len(prediction)}")
    if len(target) == 0:
        raise ValueError("y and prediction must hold at least one sample, got none")
