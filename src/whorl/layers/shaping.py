"""Layers that rearrange or combine: flattened samples, embeddings of categories, and shortcuts around a block.

Letters: n samples, m columns, c of them categories, d numbers for each category.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY
from itertools import accumulate
from math import prod

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import instance, integer
from whorl._core.validation import shape as shape_argument
from whorl.initializers import Initializer, Normal
from whorl.layers import chain
from whorl.layers.layer import Layer
from whorl.parameters import Parameter, Views


class Flatten(Layer):
    """Flattens each sample to one dimension: images (n, 28, 28) become (n, 784).

    Examples
    --------
    >>> Flatten().forward(np.zeros((5, 28, 28)), None)[0].shape
    (5, 784)
    """

    def output_shape(self, inputs: Shape) -> Shape:
        return (prod(inputs),)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        return x.reshape(len(x), -1), lambda dy, g: dy.reshape(x.shape)


def column_numbers(name: str, value: object) -> tuple[int, ...]:
    """Return the numbers of columns as a tuple."""
    if not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of column numbers, got {value!r}")
    return tuple(integer(f"{name}[{i}]", each, minimum=0) for i, each in enumerate(value))


class Embedding(Layer):
    """Replaces each column of categories by d learned numbers, and leaves the other columns unchanged.

    The `columns` hold whole numbers, the i-th of them from 0 to ``categories[i] − 1``, which select rows of the table w. The
    output is the other columns, in order, and then the d numbers for each column of categories. It equals a `Dense` layer
    without bias on one-hot columns, without multiplying by zeros. Backward pass: each row of the table gets the sum of the
    gradients over all places where it was selected; the categories themselves have gradient 0.

    Parameters
    ----------
    categories : sequence of int
        Number of categories of each of the columns.
    dimension : int
        d, the number of learned numbers for each category.
    columns : sequence of int, optional
        The columns of the input that hold categories; by default the first ones.
    initializer : Initializer, optional
        Initial values of the table. PyTorch uses ``Normal(1.0)``, Keras ``Uniform(0.05)``.

    Raises
    ------
    ValueError
        In `forward`, if a column holds a value that is not one of its categories.

    Notes
    -----
    One table of shape (Σ categories, d) holds the rows of all columns, those of the first column first.

    References
    ----------
    Guo, Berkhahn (2016), Entity Embeddings of Categorical Variables, arXiv:1604.06737, equation 4.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Embedding([3], 2, columns=[1])], inputs=2, rng=0)  # columns: a number, one of 3 categories
    >>> model.named_parameters()["w1"][:] = [[0, 0], [1, 10], [2, 20]]
    >>> model.predict([[0.5, 2], [0.7, 1]])
    array([[ 0.5,  2. , 20. ],
           [ 0.7,  1. , 10. ]], dtype=float32)
    """

    categories: tuple[int, ...] = argument(shape_argument)
    dimension: int = argument(integer)
    _: KW_ONLY
    columns: tuple[int, ...] | None = argument(column_numbers, default=None)
    initializer: Initializer = argument(instance, default=Normal(0.1), kind=Initializer, example="Normal(0.1)")

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = self.chosen
        if len(chosen) != len(self.categories) or len(set(chosen)) != len(chosen):
            raise ValueError(
                f"columns must name {len(self.categories)} different columns, one for each of categories,"
                f" got {list(chosen)}"
            )

    @property
    def chosen(self) -> tuple[int, ...]:
        """The columns that hold categories."""
        return tuple(range(len(self.categories))) if self.columns is None else self.columns

    def output_shape(self, inputs: Shape) -> Shape:
        last = max(self.chosen)
        if len(inputs) != 1 or last >= inputs[0]:
            raise ValueError(f"Embedding takes flat inputs with a column {last}, got inputs of shape {inputs}")
        return (inputs[0] + len(self.chosen) * (self.dimension - 1),)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {"w": Parameter((sum(self.categories), self.dimension), self.initializer)}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        columns = self.chosen
        values = x[:, columns]
        codes = np.rint(values).astype(np.intp)  # (n, c)
        wrong = (codes < 0) | (codes >= self.categories) | (np.abs(values - codes) > 1e-3)
        if wrong.any():
            row, i = np.argwhere(wrong)[0]
            raise ValueError(
                f"column {columns[i]} must hold whole numbers from 0 to {self.categories[i] - 1},"
                f" but sample {row} has {values[row, i]:g}"
            )
        rows = codes + np.array([*accumulate(self.categories[:-1], initial=0)])  # indices in w
        others = np.delete(x, columns, axis=1)  # (n, m − c)
        passed = others.shape[1]

        def backward(dy: Array, g: Views) -> Array:
            g.w[:] = 0
            np.add.at(g.w, rows, dy[:, passed:].reshape(*rows.shape, self.dimension))
            dx = np.zeros_like(x)
            dx[:, np.delete(np.arange(x.shape[1]), columns)] = dy[:, :passed]
            return dx

        return np.concatenate([others, p.w[rows].reshape(len(x), -1)], axis=1), backward


class Residual(Layer):
    """``y = x + f(x)``, where f are the layers given: they learn what to add to their input.

    Backward pass: ``dx = dy + (the gradient through f)``, so gradients also have a direct path around the layers.

    Parameters
    ----------
    layers : sequence of Layer
        f; its output must have the shape of its input.

    References
    ----------
    He, Zhang, Ren, Sun (2016), Deep Residual Learning for Image Recognition, arXiv:1512.03385, equation 1.

    Examples
    --------
    >>> from whorl import Dense, Model, ReLU
    >>> model = Model([Residual([Dense(4), ReLU(), Dense(2)])], inputs=2, rng=0)
    >>> list(model.named_parameters())
    ['w1', 'b1', 'w2', 'b2']
    >>> model.parameters[:] = 0
    >>> model.predict([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    layers: tuple[Layer, ...] = argument(chain.checked)

    @property
    def parts(self) -> tuple[Layer, ...]:
        return self.layers

    def output_shape(self, inputs: Shape) -> Shape:
        outputs = chain.output_shape(self.layers, inputs)
        if outputs != inputs:
            raise ValueError(f"Residual adds f(x) of shape {outputs} to x of shape {inputs}: they must be the same")
        return inputs

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        y, back = chain.forward(self.layers, x, p.parts, rng)

        def backward(dy: Array, g: Views) -> Array:
            dx: Array = back(dy.copy(), g.parts)  # a copy, since the layers may overwrite it
            dx += dy
            return dx

        return x + y, backward

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        chain.adapt(self.layers, x, p.parts, rng, again=again)
