"""The loss of scikit-learn's multi-layer perceptrons, and its gradient, computed by whorl's layers.

Letters: n samples, k outputs, z scores, p predictions, y targets, w weights of the samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whorl._core.types import Array
from whorl.functions import sigmoid, softplus
from whorl.layers import Dense, Layer, ReLU, Sigmoid, Tanh, chain
from whorl.model import Model
from whorl.rows import log_sum_exp, subtract_row_max

ACTIVATIONS: dict[str, list[Layer]] = {"identity": [], "logistic": [Sigmoid()], "tanh": [Tanh()], "relu": [ReLU()]}
"""The layers after each hidden one, by scikit-learn's names."""


class MlpObjective:
    """The loss of a multi-layer perceptron, with L2 penalty, as a function of its parameters.

    Parameters
    ----------
    sizes : sequence of int
        The number of inputs, hidden units and outputs.
    activation : str
        scikit-learn's name of the activation of hidden units.
    output : {"softmax", "logistic", "identity", "exp"}
        The activation of the outputs. Each has its canonical loss, whose gradient by the scores is ``p − y``.
    alpha : float
        The penalty of a batch is ``α Σ w² / 2`` divided by its number of samples.
    dtype : dtype
    """

    def __init__(
        self, sizes: Sequence[int], activation: str, output: str, alpha: float, dtype: np.dtype[np.floating]
    ) -> None:
        hidden = [layer for size in sizes[1:-1] for layer in (Dense(int(size)), *ACTIVATIONS[activation])]
        self.model = Model([*hidden, Dense(int(sizes[-1]))], inputs=int(sizes[0]), rng=0, dtype=dtype)
        self.activation, self.output, self.alpha = activation, output, alpha
        self.most = float(-np.log(np.finfo(dtype).eps))
        """The largest loss of a probability: scikit-learn takes none for less than eps."""
        named = self.model.named_parameters()
        self.weights = [view for name, view in named.items() if name.startswith("w")]
        self.biases = [view for name, view in named.items() if name.startswith("b")]
        slopes = self.model.named_gradients()
        self.slopes = [view for name, view in slopes.items() if name.startswith("w")]

    def loss_and_gradients(self, x: Array, y: Array, weight: Array | None) -> tuple[float, Array]:
        """Return the loss of a batch, and its gradient in the order of the model's parameters.

        Parameters
        ----------
        x : ndarray, shape (n, inputs)
        y : ndarray, shape (n, k)
            Of 0 and 1 for classes.
        weight : ndarray, shape (n,), optional
        """
        z, backward = chain.forward(self.model.layers, x, self.model.p, first=self.model.first)
        each, p = self._losses(z, y)  # (n,), (n, k)
        total = len(x) if weight is None else weight.sum()
        loss = float(each.sum() if weight is None else each @ weight) / total
        dz = p
        dz -= y
        if weight is not None:
            dz *= weight[:, None]
        dz /= total
        backward(dz, self.model.g)
        for w, slope in zip(self.weights, self.slopes, strict=True):
            slope += (self.alpha / total) * w
            loss += 0.5 * self.alpha / total * float(np.vdot(w, w))
        return float(loss), self.model.gradients

    def _losses(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return the loss of each sample and the predictions, which may share the memory of z."""
        if self.output == "softmax":
            z = subtract_row_max(z)
            log_sum, p = log_sum_exp(z)
            return np.minimum(log_sum - (z * y).sum(axis=1), self.most), p
        if self.output == "logistic":
            return np.minimum(softplus(z) - z * y, self.most).sum(axis=1), sigmoid(z)
        if self.output == "exp":
            p = np.exp(z)
            log = np.log(np.where(y > 0, y, 1))
            return (y * (log - z) - y + p).sum(axis=1), p
        return 0.5 * ((z - y) ** 2).mean(axis=1), z
