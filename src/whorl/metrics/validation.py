"""Validation of labels and predictions: they are returned in the form the formulas take, or an error says what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array


def classes(y: object, prediction: object) -> tuple[Array, Array, int]:
    """Return labels (n,), the classes (n,) with the highest score, the first of several equal ones, and their number k."""
    target, z = scores(y, prediction)
    return target, z.argmax(axis=1), z.shape[1]


def scores(y: Any, prediction: object) -> tuple[Array, Array]:
    """Return labels (n,) in [0, k), and scores (n, k), k at least 2; probabilities p of class 1 become ``(1 − p, p)``."""
    z = validation.numeric("prediction", prediction)
    if has_one_output(z):
        target, p = binary(y, z)
        return target[:, 0].astype(np.intp), np.hstack([1.0 - p, p])
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(f"prediction must have shape (n, k), got {z.shape}")
    try:
        target = validation.labels(y, z.shape[1])
    except ValueError as error:
        several = np.shape(y) == z.shape and bool(np.isin(y, (0, 1)).all())
        raise ValueError(f"{error}; if several may be 1, use binary_accuracy" if several else str(error)) from None
    _same_samples(target, z)
    return target, z


def binary(y: object, prediction: object) -> tuple[Array, Array]:
    """Return labels of 0 and 1, and probabilities, both (n, m)."""
    target, p = numbers(y, prediction)
    if p.ndim != 2:
        raise ValueError(f"prediction must have shape (n, m), got {p.shape}")
    wrong = np.argwhere((target != 0) & (target != 1))
    if len(wrong):
        n, m = map(int, wrong[0])
        raise ValueError(f"y must hold 0 and 1 only, but y[{n}, {m}] is {target[n, m]}")
    return target, p


def numbers(y: object, prediction: object) -> tuple[Array, Array]:
    """Return targets and predictions of one shape (n, …), with n at least 1."""
    p = validation.numeric("prediction", prediction)
    target = validation.numeric("y", y)
    if target.shape != p.shape or p.ndim == 0:
        hint = ""
        if target.ndim == 1 and p.shape == (len(target), 1):
            hint = "; use y[:, None]"
        elif p.ndim == 1 and target.shape == (len(p), 1):
            hint = "; use y[:, 0]"
        raise ValueError(f"y must have the shape of the prediction, {p.shape}, got {target.shape}{hint}")
    _same_samples(target, p)
    return target, p


def has_one_output(prediction: Array) -> bool:
    """Whether the predictions have shape (n, 1): for each sample the probability of class 1."""
    return prediction.shape[1:] == (1,)


def _same_samples(target: Array, prediction: Array) -> None:
    validation.same_length("y", len(target), "prediction", len(prediction))
    if len(target) == 0:
        raise ValueError("y and prediction must hold at least one sample, got none")
