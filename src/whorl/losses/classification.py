"""Losses for classification: how improbable the labels are under the predictions, or by what margin they are right.

Letters: n samples, k classes, m outputs, p probabilities, z scores (logits), y labels, s smoothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Shape
from whorl._core.validation import batch, labels, number
from whorl.functions import sigmoid
from whorl.losses.loss import Elementwise, FusedLoss, Loss, by_sample, mean, values
from whorl.rows import log_sum_exp, subtract_row_max


class CrossEntropy(FusedLoss):
    """``−log p[y]``, the mean over the samples: the negative log-likelihood of the labels.

    `forward` takes probabilities and has the gradient ``−1 / (n p)`` at the label. The logarithm is clipped at the
    smallest normal number of the float type, so the loss for a probability of 0 is 87 (float32) or 708 (float64) and not
    infinite, and the gradient there is 0, as that of any clipped function.

    If the model ends in `Softmax`, `from_scores` computes both in one step, which is stable for scores of any size::

        L = 1/n Σ_n (log Σ_k exp(z_nk) − z_n[y_n])        dL/dz = (p − onehot(y)) / n

    In dL/dz, the gradient of the logarithm cancels the slope of the softmax: the difference between prediction and label is
    left, never a division by a small p.

    With label smoothing s, the target is ``(1 − s) onehot(y) + s / k`` instead of ``onehot(y)``, which keeps the
    network from becoming overconfident.

    Parameters
    ----------
    label_smoothing : float, optional
        s, in [0, 1), as in PyTorch and Keras.

    Notes
    -----
    Labels are whole numbers (n,) from 0 to k − 1, or one-hot rows (n, k). PyTorch's ``CrossEntropyLoss`` takes scores;
    this is Keras's ``SparseCategoricalCrossentropy``, and its ``CategoricalCrossentropy``, which clip at 1e-7.

    References
    ----------
    Goodfellow, Bengio, Courville (2016), Deep Learning, equations 5.59 and 6.30.

    Examples
    --------
    >>> CrossEntropy()([[0.25, 0.75], [0.5, 0.5]], [1, 0]) == (np.log(4 / 3) + np.log(2)) / 2
    np.True_
    """

    _: KW_ONLY
    label_smoothing: float = argument(number, default=0.0, minimum=0, below=1)

    def classes(self, target: Array) -> Array:
        return target

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        if len(outputs) != 1:
            raise ValueError(f"CrossEntropy takes predictions of shape (n, k), got {batch(outputs)}")
        if outputs == (1,):
            raise ValueError(
                "CrossEntropy needs an output for each class, such as Dense(2), Softmax(); for one output, use Sigmoid() and"
                " BinaryCrossEntropy(), got predictions of shape (n, 1)"
            )
        return labels(y, outputs[0])

    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        p = probabilities(prediction)
        rows = np.arange(len(p))
        floor = np.finfo(p.dtype).tiny
        chosen = p[rows, target]  # (n,)
        value = mean(-np.log(np.maximum(chosen, floor)), weight)
        s = self.label_smoothing
        if s:
            value = (1 - s) * value + s * mean(-np.log(np.maximum(p, floor)).mean(axis=1), weight)

        def backward() -> Array:
            slope = np.where(chosen >= floor, -1 / np.maximum(chosen, floor), 0) / len(p)
            dp = np.zeros_like(p)
            dp[rows, target] = (1 - s) * slope
            if s:
                dp -= np.where(p >= floor, 1 / np.maximum(p, floor), 0) * (s / p.size)
            return by_sample(dp, weight)

        return value, backward

    def from_scores(
        self, z: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss of softmax(z), the probabilities, and the function that returns dL/dz."""
        z = np.ascontiguousarray(z)  # a custom layer may return its scores in another memory order
        n, k = z.shape
        at_label = np.arange(0, n * k, k)  # where each row begins in a flat array
        at_label += target
        z = subtract_row_max(z)  # (n, k), at most 0
        log_total, p = log_sum_exp(z)  # (n,), (n, k)
        s = self.label_smoothing
        aim = z.take(at_label)  # (n,)
        if s:
            aim = (1 - s) * aim + s * z.mean(axis=1)
        value = mean(log_total - aim, weight)

        def backward() -> Array:
            dz = p / n  # (n, k)
            dz.ravel()[at_label] -= (1 - s) / n
            if s:
                dz -= s / (n * k)
            return by_sample(dz, weight)

        return value, p, backward


class BinaryCrossEntropy(Elementwise, FusedLoss):
    """``−y log p − (1 − y) log (1 − p)``, the mean over samples and outputs: each output is the probability of one label.

    One output is binary classification; with several, a sample may have any number of the labels. If the model ends in
    `Sigmoid`, `from_scores` computes both in one step: ``max(z, 0) − z y + log(1 + e^−|z|)``, with the gradient
    ``(p − y) / (n m)``. `forward` clips both logarithms at the smallest normal number, and its gradient is that of the
    clipped function.

    Notes
    -----
    Targets have the shape of the predictions, (n, m), (n, 1) for one output, and lie in [0, 1]. PyTorch's ``BCELoss`` clips
    the logarithm at −100, Keras's p at 1e-7.

    Examples
    --------
    >>> round(BinaryCrossEntropy()([[0.25], [0.5]], [[1], [0]]), 6)  # (log 4 + log 2) / 2
    1.039721
    """

    def classes(self, target: Array) -> Array | None:
        return np.rint(target[:, 0]).astype(np.intp) if target.shape[1:] == (1,) else None

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        array = values(y, outputs, dtype)
        outside = (array < 0) | (array > 1)
        if outside.any():
            first = tuple(map(int, np.argwhere(outside)[0]))
            raise ValueError(f"y must lie in [0, 1], but y[{', '.join(map(str, first))}] is {array[first]:g}")
        return array

    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        if (p < 0).any() or (p > 1).any():
            raise ValueError(
                f"BinaryCrossEntropy takes probabilities in [0, 1], got numbers from {p.min():.4g} to {p.max():.4g}:"
                " end the model with Sigmoid()"
            )
        floor = np.finfo(p.dtype).tiny
        q = 1 - p
        log = -y * np.log(np.maximum(p, floor)) - (1 - y) * np.log(np.maximum(q, floor))
        slope = np.where(q >= floor, (1 - y) / np.maximum(q, floor), 0) - np.where(
            p >= floor, y / np.maximum(p, floor), 0
        )
        return log, slope

    def from_scores(
        self, z: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss of sigmoid(z), the probabilities, and the function that returns dL/dz."""
        p = sigmoid(z)
        each = np.maximum(z, 0) - z * target + np.log1p(np.exp(-np.abs(z)))

        def backward() -> Array:
            return by_sample(p - target, weight) / z.size

        return float(by_sample(each, weight).mean()), p, backward


class Hinge(Loss):
    """``1/k Σ_{j≠y} max(0, margin − z_y + z_j)``: the label's score must exceed each other score by the margin.

    Parameters
    ----------
    margin : float, optional
        Above 0.

    Notes
    -----
    Takes scores (n, k), so the model ends without an activation, and labels like those of `CrossEntropy`. It is PyTorch's
    ``MultiMarginLoss``; Keras's ``CategoricalHinge`` counts only the largest of the other scores.

    References
    ----------
    Weston, Watkins (1999), Support Vector Machines for Multi-Class Pattern Recognition, ESANN.

    Examples
    --------
    >>> Hinge()([[3.0, 0.0], [0.5, 0.0]], [0, 0])  # ahead by 3, more than the margin, and by 0.5
    0.125
    """

    _: KW_ONLY
    margin: float = argument(number, default=1.0, above=0)

    def classes(self, target: Array) -> Array:
        return target

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        if len(outputs) != 1:
            raise ValueError(f"Hinge takes predictions of shape (n, k), got {batch(outputs)}")
        return labels(y, outputs[0])

    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        rows, k = np.arange(len(prediction)), prediction.shape[1]
        gap = self.margin - prediction[rows, target][:, None] + prediction  # (n, k)
        gap[rows, target] = 0
        value = mean(np.maximum(gap, 0).sum(axis=1) / k, weight)

        def backward() -> Array:
            dz = (gap > 0).astype(prediction.dtype)
            dz[rows, target] = -dz.sum(axis=1)
            return by_sample(dz, weight) / dz.size

        return value, backward


def probabilities(prediction: Array) -> Array:
    """Return `prediction` if its rows are probabilities: not negative, and with a sum of 1."""
    # NaN is not refused here: training reports it with a better message.
    if (prediction < 0).any() or (np.abs(prediction.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError(
            "CrossEntropy takes probabilities, rows of numbers from 0 to 1 that add up to 1, got numbers from"
            f" {prediction.min():.4g} to {prediction.max():.4g}: end the model with Softmax()"
        )
    return prediction
