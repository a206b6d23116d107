"""Losses: one number for how wrong the network is, the mean over the samples, and its gradient.

Letters: n samples, k classes, p probabilities, z scores (logits), y labels, w weights of the samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from whorl import checks
from whorl.configuration import Configured
from whorl.types import Array, Shape


class Loss(Configured, ABC):
    """Base of all losses.

    Like a layer, a loss returns its value and the closure that takes the gradient back. Labels go through
    `targets` once, at the door; what comes after trusts them.
    """

    @abstractmethod
    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        """Check the labels `y` against outputs of this shape and float type; return them in the form `forward` takes."""

    @abstractmethod
    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        """Return the loss, and the closure that gives its gradient dL/dprediction.

        Parameters
        ----------
        prediction : ndarray, shape (n, *outputs)
        target : ndarray
            As `targets` returned it.
        weight : ndarray, shape (n,), optional
            Weights of the samples, of mean 1 over the data set.
        """

    def __call__(self, prediction: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the loss of these predictions.

        Parameters
        ----------
        prediction : array_like, shape (n, *outputs)
        y : array_like
            Labels, as in `Model.fit`.
        sample_weight : array_like, shape (n,), optional
            Weights, at least 0. Scaling all of them changes nothing.
        """
        prediction = checks.numeric("prediction", prediction)
        if prediction.dtype.kind != "f":
            prediction = prediction.astype(np.float64)
        if prediction.ndim == 0 or len(prediction) == 0:
            raise ValueError(f"prediction must hold at least one sample, got shape {prediction.shape}")
        target = self.targets(y, prediction.shape[1:], prediction.dtype)
        same_length("prediction", len(prediction), "y", len(target))
        weight = None if sample_weight is None else weights(sample_weight, len(target), prediction.dtype)
        return self.forward(prediction, target, weight)[0]


class FusedLoss(Loss):
    """A loss that can also start from the scores that go into a model's last layer, in one stable step with it."""

    @abstractmethod
    def from_scores(
        self, z: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss, the last layer's output, and the closure that gives dL/dz; the rest as in `forward`."""


class CrossEntropy(FusedLoss):
    """``−log p[y]``, the mean over the samples: how surprised the network is by the labels.

    Apart from its softmax, `forward` takes probabilities and has the gradient ``−1 / (n p)`` at the label. The
    logarithm is clipped at the smallest normal number of the float type, so a probability of 0 costs 87 (float32) or
    708 (float64) and not infinity, and the gradient there is 0, as of any clipped function.

    Where a model ends in `Softmax`, `from_scores` does both at once, without ever forming a ratio of exponentials::

        L = 1/n Σ_n (log Σ_k exp(z_nk) − z_n[y_n])        dL/dz = (p − onehot(y)) / n

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

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        if len(outputs) != 1:
            raise ValueError(f"CrossEntropy takes predictions of shape (n, k), got {checks.batch(outputs)}")
        return labels(y, outputs[0])

    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        p = probabilities(prediction)
        rows = np.arange(len(p))
        floor = np.finfo(p.dtype).tiny
        chosen = p[rows, target]  # (n,)
        value = mean(-np.log(np.maximum(chosen, floor)), weight)

        def backward() -> Array:
            slope = np.where(chosen >= floor, -1 / np.maximum(chosen, floor), 0) / len(p)
            dp = np.zeros_like(p)
            dp[rows, target] = slope if weight is None else slope * weight
            return dp

        return value, backward

    def from_scores(
        self, z: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss of softmax(z), the probabilities, and the closure that gives dL/dz."""
        rows = np.arange(len(z))
        z = z - z.max(axis=1, keepdims=True)  # (n, k), at most 0
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)  # (n, 1), at least 1
        p /= total
        value = mean(np.log(total[:, 0]) - z[rows, target], weight)

        def backward() -> Array:
            dz = p / len(p)
            dz[rows, target] -= 1 / len(p)
            if weight is not None:
                dz *= weight[:, None]
            return dz

        return value, p, backward


def mean(each: Array, weight: Array | None) -> float:
    """Return the mean over the samples of the loss of each, ``Σ w l / n``: weights have mean 1 over the data set."""
    return float(each.mean() if weight is None else (each @ weight) / len(each))


def labels(y: object, classes: int) -> Array:
    """Return labels as whole numbers (n,) in [0, classes), from those or from one-hot rows (n, classes)."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == classes:
        array = checks.numeric("y", array)
        one, zero = (array == 1).sum(axis=1), (array == 0).sum(axis=1)
        wrong = np.flatnonzero((one != 1) | (zero != classes - 1))
        if len(wrong):
            row = int(wrong[0])
            raise ValueError(f"y must be one-hot: one 1 in each row, the rest 0, but y[{row}] is {array[row]}")
        hot: Array = array.argmax(axis=1)
        return hot
    if array.ndim != 1:
        hint = "; use y.ravel()" if array.ndim == 2 and array.shape[1] == 1 else ""
        raise ValueError(f"y must have shape (n,), or (n, {classes}) if one-hot, got {array.shape}{hint}")
    if array.dtype.kind not in "iub":
        raise TypeError(f"y must hold whole numbers from 0 to {classes - 1}, got {checks.show(array)}")
    array = array.astype(np.intp)
    wrong = np.flatnonzero((array < 0) | (array >= classes))
    if len(wrong):
        raise ValueError(
            f"y must hold labels from 0 to {classes - 1}, one for each of the model's {classes} outputs,"
            f" but y[{wrong[0]}] is {array[wrong[0]]}"
        )
    return array


def probabilities(prediction: Array) -> Array:
    """Return `prediction` if its rows are probabilities: not negative, and of sum 1."""
    # A NaN passes here: training names it better.
    if (prediction < 0).any() or (np.abs(prediction.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError(
            "CrossEntropy takes probabilities, rows of numbers from 0 to 1 that add up to 1, got numbers from"
            f" {prediction.min():.4g} to {prediction.max():.4g}: end the model with Softmax()"
        )
    return prediction


def weights(values: object, count: int, dtype: "np.dtype[Any]") -> Array:
    """Return the samples' weights (count,) scaled to a mean of 1."""
    array = checks.numeric("sample_weight", values, np.dtype(np.float64))
    if array.shape != (count,):
        raise ValueError(f"sample_weight must have shape ({count},), one for each sample, got {array.shape}")
    if array.min() < 0:
        raise ValueError(f"sample_weight must not be negative, but sample_weight[{array.argmin()}] is {array.min()}")
    if array.max() == 0:
        raise ValueError("sample_weight must be above 0 for at least one sample, got zeros only")
    array = array / array.max()  # so that the mean of huge weights does not overflow
    normalised: Array = (array / array.mean()).astype(dtype)
    return normalised


def same_length(first: str, first_length: int, second: str, second_length: int) -> None:
    """Raise unless two arguments have as many samples as each other."""
    if first_length != second_length:
        raise ValueError(
            f"{first} and {second} must have as many samples as each other, got {first_length} and {second_length}"
        )
