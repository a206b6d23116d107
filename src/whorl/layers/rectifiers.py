"""Variants of ReLU with a gradient for negative inputs, so that no unit stops learning."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward
from whorl._core.validation import number
from whorl.functions import elu
from whorl.layers.layer import Layer
from whorl.parameters import Views


class LeakyReLU(Layer):
    """``y = x`` where x > 0, else ``slope · x``; the derivative is 1 or `slope` (also at 0).

    Parameters
    ----------
    slope : float, optional
        In [0, 1). PyTorch's default is 0.01 too, Keras's is 0.3.

    References
    ----------
    Maas, Hannun, Ng (2013), Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML workshop, equation 4.

    Examples
    --------
    >>> y, backward = LeakyReLU(0.1).forward(np.array([[-2.0, 3.0]]), None)
    >>> y
    array([[-0.2,  3. ]])
    >>> backward(np.ones((1, 2)), None)
    array([[0.1, 1. ]])
    """

    slope: float = argument(number, default=0.01, minimum=0, below=1)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= np.where(x > 0, x.dtype.type(1), x.dtype.type(self.slope))
            return dy

        return np.maximum(x, self.slope * x), backward


class ELU(Layer):
    """``y = x`` where x > 0, else ``alpha (eˣ − 1)``; the derivative is 1, or ``alpha eˣ = y + alpha``.

    Parameters
    ----------
    alpha : float, optional
        Minus the limit of y for x → −∞; at least 0.

    References
    ----------
    Clevert, Unterthiner, Hochreiter (2016), Fast and Accurate Deep Network Learning by ELUs, arXiv:1511.07289.

    Examples
    --------
    >>> y, backward = ELU().forward(np.array([[-1e9, 3.0]]), None)
    >>> y
    array([[-1.,  3.]])
    >>> backward(np.ones((1, 2)), None)
    array([[0., 1.]])
    """

    alpha: float = argument(number, default=1.0, minimum=0)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        return _exponential_linear(x, self.alpha, 1.0)


class SELU(Layer):
    """``y = scale · x`` where x > 0, else ``scale · alpha (eˣ − 1)``: keeps mean 0 and variance 1 from layer to layer.

    ``scale`` = 1.0507… and ``alpha`` = 1.6732… make mean 0 and variance 1 a fixed point, for weights initialized by
    `LecunNormal`.

    References
    ----------
    Klambauer, Unterthiner, Mayr, Hochreiter (2017), Self-Normalizing Neural Networks, arXiv:1706.02515, equation 2.

    Examples
    --------
    >>> SELU().forward(np.array([[-1e9, 1.0]]), None)[0].round(4)
    array([[-1.7581,  1.0507]])
    """

    ALPHA: ClassVar[float] = 1.6732632423543772
    SCALE: ClassVar[float] = 1.0507009873554805

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        return _exponential_linear(x, self.ALPHA, self.SCALE)


def _exponential_linear(x: Array, alpha: float, scale: float) -> tuple[Array, Backward]:
    y, slope = elu(x, alpha, scale)

    def backward(dy: Array, g: Views) -> Array:
        dy *= slope()
        return dy

    return y, backward
