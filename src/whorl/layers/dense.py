"""The fully connected layer: every output depends on every input.

Letters: n samples in the batch, i inputs, j outputs.
"""

from __future__ import annotations

from dataclasses import KW_ONLY

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import instance, integer, number
from whorl.initializers import HeNormal, Initializer, Zeros
from whorl.layers.layer import Layer
from whorl.parameters import Parameter, Views
from whorl.rows import ones


class Dense(Layer):
    """``y = x W + b``.

    Backward pass, with ``dy = dL/dy``: ``y_nj = Σ_i x_ni w_ij + b_j``, so each w_ij affects the loss through output j
    of all samples, and each x_ni through all outputs of sample n::

        dL/dw_ij = Σ_n x_ni dy_nj        dW = xᵀ dy
        dL/db_j  = Σ_n dy_nj             db = 1ᵀ dy
        dL/dx_ni = Σ_j dy_nj w_ij        dx = dy Wᵀ

    Parameters
    ----------
    units : int
        The number of outputs, at least 1.
    weight_l1, weight_l2, bias_l1, bias_l2 : float, optional
        Strengths λ of the penalties ``λ Σ |w|``, ``λ Σ w²``, ``λ Σ |b|`` and ``λ Σ b²``, which the model adds to the loss; at
        least 0.
    bias_decay : float, optional
        Factor of the weight decay of optimizers such as `AdamW` for the biases, at least 0: with 0 they do not decay.
    max_norm : float, optional
        Largest Euclidean norm of the weights into a unit, above 0: after each step, larger ones are scaled down to it.
        Srivastava and others (2014, section 5.1) use 3 to 4 together with dropout.
    initializer : Initializer, optional
        Initial values of the weights. Biases start at 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range; when used in a model, if its inputs are not flat.

    Notes
    -----
    The weights have shape (inputs, outputs) as in Keras; PyTorch's ``Linear`` keeps the transpose.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Dense(1)], inputs=2)
    >>> named = model.named_parameters()
    >>> named["w1"][:], named["b1"][:] = [[2], [3]], 1
    >>> model.predict([[1, 1], [0, 2]])
    array([[6.],
           [7.]], dtype=float32)
    """

    units: int = argument(integer)
    _: KW_ONLY
    weight_l1: float = argument(number, default=0.0, minimum=0)
    weight_l2: float = argument(number, default=0.0, minimum=0)
    bias_l1: float = argument(number, default=0.0, minimum=0)
    bias_l2: float = argument(number, default=0.0, minimum=0)
    bias_decay: float = argument(number, default=1.0, minimum=0)
    max_norm: float | None = argument(number, default=None, above=0)
    initializer: Initializer = argument(instance, default=HeNormal(), kind=Initializer, example="HeNormal()")

    def output_shape(self, inputs: Shape) -> Shape:
        if len(inputs) != 1:
            raise ValueError(f"Dense takes flat inputs of shape (n_in,), got inputs of shape {inputs}")
        return (self.units,)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "w": Parameter((inputs[0], self.units), self.initializer, self.weight_l1, self.weight_l2),
            "b": Parameter((self.units,), Zeros(), self.bias_l1, self.bias_l2, decay=self.bias_decay),
        }

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y = x.dot(p.w)  # (n, j): x @ w, at half the overhead
        y += p.b

        def backward(dy: Array, g: Views) -> Array | None:
            x.T.dot(dy, out=g.w)  # (i, j)
            ones(len(dy), dy.dtype).dot(dy, out=g.b)  # (j,): faster than dy.sum(axis=0)
            return dy.dot(p.w.T) if g.inputs else None  # (n, i)

        return y, backward

    @property
    def constrained(self) -> bool:
        return self.max_norm is not None

    def constrain(self, p: Views) -> None:
        assert self.max_norm is not None
        norm = np.sqrt(np.einsum("ij,ij->j", p.w, p.w))  # (j,)
        p.w *= self.max_norm / np.maximum(norm, self.max_norm)
