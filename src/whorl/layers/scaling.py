"""Layers that change the scale of numbers: inputs to mean 0 and deviation 1, predictions back to their unit."""

from __future__ import annotations

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import number
from whorl.initializers import Ones, Zeros
from whorl.layers.layer import Layer
from whorl.parameters import Parameter, Views


class Standardize(Layer):
    """``y = (x − mean) / scale``, with the mean and the standard deviation of the training data.

    Networks train badly on features of very different scales, such as an income and a rate; put this layer first. It
    computes mean and deviation from the training samples when training begins, unless it already has them: further training
    keeps them, and `Model.adapt` computes them again. They are saved with the model, so no separate scaler is needed. A
    constant feature has the scale 1.

    Notes
    -----
    Keras's ``Normalization`` is this layer, with ``adapt`` called by hand. scikit-learn's ``StandardScaler`` divides by the
    same standard deviation, the biased one.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Standardize()], inputs=2, rng=0)
    >>> model.adapt([[0.0, 1000.0], [2.0, 3000.0]])
    >>> model.predict([[1.0, 4000.0]])
    array([[0., 2.]], dtype=float32)
    """

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "mean": Parameter(inputs, Zeros(), trained=False),
            "scale": Parameter(inputs, Ones(), trained=False),
            "count": Parameter((1,), Zeros(), trained=False),  # the number of samples that it was fitted to
        }

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        return again or bool(p.count[0] == 0)

    def adapt(self, x: Array, p: Views, *, again: bool = False) -> None:
        p.mean[...] = x.mean(axis=0, dtype=np.float64)
        deviation = x.std(axis=0, dtype=np.float64)
        size = np.abs(x).max(axis=0)
        constant = deviation <= 1e-7 * size  # rounding errors of a constant feature
        p.scale[...] = np.where(constant, 1, deviation)
        p.count[0] = len(x)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy /= p.scale
            return dy

        return (x - p.mean) / p.scale, backward


class Rescale(Layer):
    """``y = factor · x + offset``, with given numbers: converts predictions to the unit of the targets.

    Use it as the last layer after training on standardized targets, ``(price − mean) / deviation``.

    Parameters
    ----------
    factor, offset : float
        Finite; the factor not 0.

    Examples
    --------
    >>> Rescale(100.0, 20.0).forward(np.array([[0.5]]), None)[0]
    array([[70.]])
    """

    factor: float = argument(number)
    offset: float = argument(number)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factor == 0:
            raise ValueError("factor must not be 0, or every prediction is the same, got 0")

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= self.factor
            return dy

        return self.factor * x + self.offset, backward
