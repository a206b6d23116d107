"""ReLU, the activation between layers, and softmax, which turns the last scores into probabilities.

Letters: n samples in the batch, k classes.
"""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array, Backward, Shape
from whorl.layers.layer import Layer
from whorl.parameters import Views
from whorl.rows import ones, row_max, zeros


class ReLU(Layer):
    """``y = max(x, 0)``, element by element. The derivative is 1 where x > 0, else 0 (also at 0, as in PyTorch and Keras).

    References
    ----------
    Nair, Hinton (2010), Rectified Linear Units Improve Restricted Boltzmann Machines, ICML, section 2.

    Examples
    --------
    >>> y, backward = ReLU().forward(np.array([[-1.0, 2.0]]), None)
    >>> y
    array([[0., 2.]])
    >>> backward(np.array([[5.0, 5.0]]), None)
    array([[0., 5.]])
    """

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y = np.maximum(x, zeros(x.shape, x.dtype))

        def backward(dy: Array, g: Views) -> Array:
            dy *= (y > 0).astype(dy.dtype)  # converting first is faster than NumPy's conversion within the product
            return dy

        return y, backward


class Softmax(Layer):
    """``y_k = exp(x_k) / Σ_j exp(x_j)``: turns scores into probabilities, which are positive and sum to 1.

    Subtracting the largest score of a row from all its scores leaves y unchanged and keeps every exponent at or
    below 0, so scores of ±1e4 do not overflow. Backward pass, with the Jacobian ``dy_j/dx_k = y_j (δ_jk − y_k)``::

        dL/dx_k = Σ_j dy_j y_j (δ_jk − y_k) = y_k (dy_k − Σ_j dy_j y_j)

    If a model ends in Softmax and is trained with `CrossEntropy`, this `backward` is not used: the two are fused into
    one step, `CrossEntropy.from_scores`.

    Notes
    -----
    PyTorch's ``CrossEntropyLoss`` takes scores and contains its softmax; here it is the network's last layer, as in Keras.

    References
    ----------
    Bridle (1990), Probabilistic Interpretation of Feedforward Classification Network Outputs, equation 1.

    Examples
    --------
    >>> y, _ = Softmax().forward(np.array([[0.0, np.log(3.0)], [1e4, -1e4]]), None)
    >>> y
    array([[0.25, 0.75],
           [1.  , 0.  ]])
    """

    def output_shape(self, inputs: Shape) -> Shape:
        if len(inputs) != 1:
            raise ValueError(f"Softmax takes scores of shape (k,), got inputs of shape {inputs}")
        return inputs

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y = np.exp(x - row_max(x))  # (n, k)
        y /= y.dot(ones(x.shape[1], x.dtype))[:, None]

        def backward(dy: Array, g: Views) -> Array:
            dy -= np.sum(dy * y, axis=1, keepdims=True)
            dy *= y
            return dy

        return y, backward
