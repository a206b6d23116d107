"""The base class of losses: the mean error of the predictions over the samples, and its gradient.

Letters: n samples, m outputs, p predictions, y targets, w weights of the samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.description import Description
from whorl._core.types import Array, Shape


class Loss(Description, ABC):
    """Base of all losses.

    Like a layer, a loss returns its value and a function that computes the gradient. `targets` validates the labels
    once, before training; `forward` does not check them again.
    """

    @abstractmethod
    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        """Validate the labels `y` for outputs of this shape and float type; return them in the form that `forward` takes."""

    @abstractmethod
    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        """Return the loss, and the function that returns its gradient dL/dprediction.

        Parameters
        ----------
        prediction : ndarray, shape (n, *outputs)
        target : ndarray
            As `targets` returned it.
        weight : ndarray, shape (n,), optional
            Weights of the samples, of mean 1 over the data set.
        """

    def classes(self, target: Array) -> Array | None:
        """Return the class of each sample, (n,), for class weights; None if samples have no single class."""
        return None

    def __call__(self, prediction: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the loss of these predictions.

        Parameters
        ----------
        prediction : array_like, shape (n, *outputs)
        y : array_like
            Labels, as in `Model.fit`.
        sample_weight : array_like, shape (n,), optional
            Weight of each sample, at least 0. Only their ratios matter.
        """
        prediction = validation.numeric("prediction", prediction)
        if prediction.dtype.kind != "f":
            prediction = prediction.astype(np.float64)
        if prediction.ndim == 0 or len(prediction) == 0:
            raise ValueError(f"prediction must hold at least one sample, got shape {prediction.shape}")
        target = self.targets(y, prediction.shape[1:], prediction.dtype)
        validation.same_length("prediction", len(prediction), "y", len(target))
        weight = None if sample_weight is None else weights(sample_weight, len(target), prediction.dtype)
        return self.forward(prediction, target, weight)[0]


class FusedLoss(Loss):
    """A loss that can also be computed from the inputs of a model's last layer, in one numerically stable step with it."""

    @abstractmethod
    def from_scores(
        self, z: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss, the last layer's output, and the function that returns dL/dz; the arguments are those of `forward`."""


class Elementwise(Loss):
    """Base of the losses that compare each output with its own target: the mean over samples and outputs.

    Targets must have the shape of the predictions; (n,) is taken as (n, 1) for one output. Nothing is broadcast.
    """

    @abstractmethod
    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        """Return the loss of each element, and its derivative with respect to p."""

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        return values(y, outputs, dtype)

    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        each, slope = self.each(prediction, target)  # (n, *outputs)

        def backward() -> Array:
            return by_sample(slope, weight) / slope.size

        return float(by_sample(each, weight).mean()), backward


def by_sample(array: Array, weight: Array | None) -> Array:
    """Multiply the values of each sample by its weight."""
    return array if weight is None else array * weight.reshape(-1, *[1] * (array.ndim - 1))


def values(y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
    """Return targets (n, *outputs) of the float type; raise unless they are finite and have that shape, or (n,) for one output."""
    array = validation.numeric("y", y, dtype)
    if array.ndim == 1 and outputs == (1,):
        return array[:, None]
    if array.shape[1:] != outputs or array.ndim == 0:
        raise ValueError(f"y must have shape {validation.batch(outputs)}, as the predictions have, got {array.shape}")
    return array


def mean(each: Array, weight: Array | None) -> float:
    """Return the mean of the losses of the samples, ``Σ w l / n``: weights have mean 1 over the data set."""
    return float(each.sum() if weight is None else each @ weight) / len(each)


def weights(values: object, count: int, dtype: "np.dtype[Any]") -> Array:
    """Return the samples' weights (count,) scaled to a mean of 1."""
    array = validation.numeric("sample_weight", values, np.dtype(np.float64))
    if array.shape != (count,):
        raise ValueError(f"sample_weight must have shape ({count},), one for each sample, got {array.shape}")
    if array.min() < 0:
        raise ValueError(f"sample_weight must not be negative, but sample_weight[{array.argmin()}] is {array.min()}")
    if array.max() == 0:
        raise ValueError("sample_weight must be above 0 for at least one sample, got zeros only")
    array = array / array.max()  # so that the mean of huge weights does not overflow
    normalised: Array = (array / array.mean()).astype(dtype)
    return normalised
