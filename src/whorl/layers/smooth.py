"""Smooth activations: the sigmoids, and smooth alternatives to ReLU.

Each backward pass multiplies dy by the derivative. The formulas are in `whorl.functions`, accurate for all floats.
"""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array, Backward
from whorl.functions import gelu, mish, sigmoid, sigmoid_slope, silu, softplus, tanh_slope
from whorl.layers.layer import Layer
from whorl.parameters import Views


class Tanh(Layer):
    """``y = tanh x``, between −1 and 1; ``dx = dy (1 − y²)``.

    References
    ----------
    LeCun, Bottou, Orr, Müller (1998), Efficient BackProp, section 4.4, on why a mean of 0 is better than the sigmoid's.

    Examples
    --------
    >>> y, backward = Tanh().forward(np.array([[0.0, 1e4]]), None)
    >>> y, backward(np.ones((1, 2)), None)
    (array([[0., 1.]]), array([[1., 0.]]))
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= tanh_slope(x)
            return dy

        return np.tanh(x), backward


class Sigmoid(Layer):
    """``y = 1 / (1 + e⁻ˣ)``, between 0 and 1; ``dx = dy y (1 − y)``.

    As the last layer of a model it turns each score into the probability of one label. Trained with
    `BinaryCrossEntropy`, the two are computed in one step, and this backward pass is not used.

    Examples
    --------
    >>> y, backward = Sigmoid().forward(np.array([[0.0, -1e4]]), None)
    >>> y, backward(np.ones((1, 2)), None)
    (array([[0.5, 0. ]]), array([[0.25, 0.  ]]))
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= sigmoid_slope(x)
            return dy

        return sigmoid(x), backward


class Softplus(Layer):
    """``y = log(1 + eˣ)``, a smooth approximation of ReLU, always above 0; ``dx = dy sigmoid(x)``.

    PyTorch's becomes linear above 20, where the difference is below 2.1e-9.

    References
    ----------
    Dugas, Bengio, Bélisle, Nadeau, Garcia (2001), Incorporating Second-Order Functional Knowledge, NIPS 13.

    Examples
    --------
    >>> Softplus().forward(np.array([[-1e4, 1e4]]), None)[0]
    array([[    0., 10000.]])
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= sigmoid(x)
            return dy

        return softplus(x), backward


class SiLU(Layer):
    """``y = x s`` with ``s = sigmoid(x)``, also called swish; ``dx = dy s (1 + x (1 − s))``.

    References
    ----------
    Elfwing, Uchibe, Doya (2018), Sigmoid-Weighted Linear Units, arXiv:1702.03118, equations 2 and 3.

    Examples
    --------
    >>> y, backward = SiLU().forward(np.array([[0.0, 1e4]]), None)
    >>> backward(np.ones((1, 2)), None)
    array([[0.5, 1. ]])
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y, slope = silu(x)

        def backward(dy: Array, g: Views) -> Array:
            dy *= slope()
            return dy

        return y, backward


class Mish(Layer):
    """``y = x t`` with ``t = tanh(softplus(x))``; ``dx = dy (t + x (1 − t²) sigmoid(x))``.

    References
    ----------
    Misra (2020), Mish: A Self Regularized Non-Monotonic Activation Function, arXiv:1908.08681, equation 1.

    Examples
    --------
    >>> y, backward = Mish().forward(np.array([[0.0, -1e4, 1e4]]), None)
    >>> backward(np.ones((1, 3)), None)
    array([[0.6, 0. , 1. ]])
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y, slope = mish(x)

        def backward(dy: Array, g: Views) -> Array:
            dy *= slope()
            return dy

        return y, backward


class GELU(Layer):
    """``y = x (1 + t) / 2`` with ``t = tanh(√(2/π) (x + 0.044715 x³))``.

    The paper's approximation of ``x Φ(x)``, Φ being the normal distribution function: the two differ by less than 5e-4. It is
    PyTorch's ``GELU(approximate="tanh")`` and Keras's ``gelu(approximate=True)``; both default to the exact function.

    Backward pass, with u the argument of tanh: ``dx = dy ((1 + t) / 2 + x (1 − t²) u′ / 2)``, ``u′ = √(2/π) (1 + 3 · 0.044715 x²)``.

    References
    ----------
    Hendrycks, Gimpel (2016), Gaussian Error Linear Units, arXiv:1606.08415, section 2.

    Examples
    --------
    >>> y, backward = GELU().forward(np.array([[0.0, -1e4, 1e4]]), None)
    >>> backward(np.ones((1, 3)), None).round(1) + 0
    array([[0.5, 0. , 1. ]])
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y, slope = gelu(x)

        def backward(dy: Array, g: Views) -> Array:
            dy *= slope()
            return dy

        return y, backward
