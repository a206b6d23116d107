"""Relatives of ReLU, which let something of the negative side through, so that no unit falls silent for good."""

from __future__ import annotations

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Backward
from whorl.layers.layer import Layer


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
    >>> backward(np.ones((1, 2)))
    array([[0.1, 1. ]])
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = validation.number("slope", slope, minimum=0, below=1)

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        def backward(dy: Array) -> Array:
            dy *= np.where(x > 0, x.dtype.type(1), x.dtype.type(self.slope))
            return dy

        return np.maximum(x, self.slope * x), backward


class ELU(Layer):
    """``y = x`` where x > 0, else ``alpha (eˣ − 1)``; the derivative is 1, or ``alpha eˣ = y + alpha``.

    Parameters
    ----------
    alpha : float, optional
        Minus the value far to the left; at least 0.

    References
    ----------
    Clevert, Unterthiner, Hochreiter (2016), Fast and Accurate Deep Network Learning by ELUs, arXiv:1511.07289.

    Examples
    --------
    >>> y, backward = ELU().forward(np.array([[-1e9, 3.0]]), None)
    >>> y
    array([[-1.,  3.]])
    >>> backward(np.ones((1, 2)))
    array([[0., 1.]])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = validation.number("alpha", alpha, minimum=0)

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        return exponential_linear(x, self.alpha, 1.0)


class SELU(Layer):
    """``y = scale · x`` where x > 0, else ``scale · alpha (eˣ − 1)``: keeps mean 0 and variance 1 from layer to layer.

    With ``scale`` = 1.0507… and ``alpha`` = 1.6732…, which make mean 0 and variance 1 a fixed point, for weights that start
    from `LecunNormal`.

    References
    ----------
    Klambauer, Unterthiner, Mayr, Hochreiter (2017), Self-Normalizing Neural Networks, arXiv:1706.02515, equation 2.

    Examples
    --------
    >>> SELU().forward(np.array([[-1e9, 1.0]]), None)[0].round(4)
    array([[-1.7581,  1.0507]])
    """

    ALPHA = 1.6732632423543772
    SCALE = 1.0507009873554805

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        return exponential_linear(x, self.ALPHA, self.SCALE)


def exponential_linear(x: Array, alpha: float, scale: float) -> tuple[Array, Backward]:
    """Return ``scale · x`` where x > 0, else ``scale · alpha (eˣ − 1)``, and the closure that goes back."""
    positive = x > 0
    low = np.expm1(np.minimum(x, 0))
    low *= scale * alpha

    def backward(dy: Array) -> Array:
        dy *= np.where(positive, x.dtype.type(scale), low + scale * alpha)
        return dy

    return np.where(positive, scale * x, low), backward
