"""Layers around predictions: the average of several networks, and limits to what is predicted.

Letters: K members; f_k the layers of member k.
"""

from __future__ import annotations

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import integer, number
from whorl.layers import chain
from whorl.layers.layer import Layer
from whorl.parameters import Views

MOST = 2000
"""The largest number of layers inside an `Average`: the text of a model file can name no more."""


class Average(Layer):
    """``y = (1/K) Σ_k f_k(x)``: the mean of K members, which have the same layers and parameters of their own.

    An ensemble is one network: it predicts, saves and prints like any other. `whorl.average` makes it of trained models. It can be
    trained as a whole too; then the members learn together what their mean predicts. Backward pass: each member gets dy / K, and dx is
    the sum over the members.

    Parameters
    ----------
    layers : sequence of Layer
        f.
    members : int, optional
        K. There may be 2000 layers in all.

    Notes
    -----
    Each member draws a dropout mask of its own, and layers such as `Standardize` are fitted in each. Parameters are numbered member by
    member.

    References
    ----------
    Lakshminarayanan, Pritzel, Blundell (2017), Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles,
    arXiv:1612.01474, section 2.4.

    Examples
    --------
    >>> from whorl import Dense, Model
    >>> model = Model([Average([Dense(1)], members=2)], inputs=1, rng=0)
    >>> list(model.named_parameters())
    ['w1', 'b1', 'w2', 'b2']
    >>> model.parameters = [2.0, 0.0, 4.0, 1.0]             # 2 x, and 4 x + 1
    >>> model.predict([[1.0], [2.0]])
    array([[3.5],
           [6.5]], dtype=float32)
    """

    layers: tuple[Layer, ...] = argument(chain.checked)
    members: int = argument(integer, default=8)

    def __post_init__(self) -> None:
        super().__post_init__()
        each = chain.count(self.layers)
        if self.members * each > MOST:
            raise ValueError(
                f"members must be at most {MOST // each}, so that there are no more than {MOST} layers in all, got {self.members}"
            )

    @property
    def parts(self) -> tuple[Layer, ...]:
        return self.layers * self.members

    @property
    def part_rows(self) -> tuple[tuple[Layer, ...], ...]:
        return (self.layers,) * self.members

    def output_shape(self, inputs: Shape) -> Shape:
        return chain.output_shape(self.layers, inputs)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y, back = chain.forward(self.layers, x, self._of_member(0, p), rng)
        backs = [back]
        for k in range(1, self.members):
            f, back = chain.forward(self.layers, x, self._of_member(k, p), rng)
            y = y + f
            backs.append(back)

        def backward(dy: Array, g: Views) -> Array:
            dx = np.zeros_like(x)
            for k, back in enumerate(backs):
                dx += back(dy / self.members, self._of_member(k, g))
            return dx

        return y / self.members, backward

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        for k in range(self.members):
            chain.adapt(self.layers, x, self._of_member(k, p), rng, again=again)

    def _of_member(self, k: int, views: Views) -> tuple[Views, ...]:
        """Return the views of the arrays of a member, for each of its layers."""
        count = len(self.layers)
        return views.parts[k * count : (k + 1) * count]


class Clip(Layer):
    """``y = min(max(x, low), high)``: limits predictions to a range, such as that of the targets in training.

    Backward pass: dx = dy within the range, and 0 outside; so put it after training, or where x starts within the range.

    Parameters
    ----------
    low, high : float
        Finite; low below high.

    Notes
    -----
    PyTorch's ``Hardtanh``. At low and at high themselves the derivative is 1.

    Examples
    --------
    >>> Clip(0.0, 10.0).forward(np.array([[-3.0], [7.0], [12.0]]), None)[0].ravel()
    array([ 0.,  7., 10.])
    """

    low: float = argument(number)
    high: float = argument(number)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= (x >= self.low) & (x <= self.high)
            return dy

        return np.clip(x, self.low, self.high), backward
