"""Activations: what bends the straight lines, and what turns scores into probabilities.

Letters: n samples in the batch, k classes.
"""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array, Backward, Shape
from whorl.fast import accelerated
from whorl.functions import ones, row_max, zeros
from whorl.layers.layer import Layer


class ReLU(Layer):
    """``y = max(x, 0)``, element by element. Its slope is 1 where x > 0, else 0 (also at 0, as in PyTorch and Keras).

    References
    ----------
    Nair, Hinton (2010), Rectified Linear Units Improve Restricted Boltzmann Machines, ICML, section 2.

    Examples
    --------
    >>> y, backward = ReLU().forward(np.array([[-1.0, 2.0]]), None)
    >>> y
    array([[0., 2.]])
    >>> backward(np.array([[5.0, 5.0]]))
    array([[0., 5.]])
    """

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        y = relu(x)

        def backward(dy: Array) -> Array:
            return relu_back(dy, y)

        return y, backward


@accelerated
def relu(x: Array) -> Array:
    """Return the positive part, element by element."""
    positive: Array = np.maximum(x, zeros(x.shape, x.dtype))
    return positive


@accelerated
def relu_back(dy: Array, y: Array) -> Array:
    """Return dy where the output is above 0, else 0; dy is overwritten."""
    dy *= (y > 0).astype(dy.dtype)  # sooner than NumPy's own conversion within the product
    return dy


class Softmax(Layer):
    """``p_k = exp(z_k) / Σ_j exp(z_j)``: any scores become probabilities, positive and of sum 1.

    Taking the row's largest score off all its scores changes nothing in p and keeps every exponent at or
    below 0, so scores of ±1e4 do no harm. Backwards, with the Jacobian ``dp_j/dz_k = p_j (δ_jk − p_k)``::

        dL/dz_k = Σ_j dp_j p_j (δ_jk − p_k) = p_k (dp_k − Σ_j dp_j p_j)

    A model that ends in Softmax and is trained with `CrossEntropy` never comes through this `backward`: the two
    are one step then, `CrossEntropy.from_scores`.

    Notes
    -----
    PyTorch's ``CrossEntropyLoss`` takes scores and contains its softmax; here the network ends in it, as in Keras.

    References
    ----------
    Bridle (1990), Probabilistic Interpretation of Feedforward Classification Network Outputs, equation 1.

    Examples
    --------
    >>> p, _ = Softmax().forward(np.array([[0.0, np.log(3.0)], [1e4, -1e4]]), None)
    >>> p
    array([[0.25, 0.75],
           [1.  , 0.  ]])
    """

    def output_shape(self, inputs: Shape) -> Shape:
        if len(inputs) != 1:
            raise ValueError(f"Softmax takes scores of shape (k,), got inputs of shape {inputs}")
        return inputs

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        p = np.exp(x - row_max(x))  # (n, k)
        p /= p.dot(ones(x.shape[1], x.dtype))[:, None]

        def backward(dp: Array) -> Array:
            dp -= np.sum(dp * p, axis=1, keepdims=True)
            dp *= p
            return dp

        return p, backward
