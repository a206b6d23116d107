"""Layers that rearrange: flatten, look up, and run a block beside a short cut.

Letters: n samples, m columns, c of them categories, d numbers for each category.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Backward, Shape
from whorl.initializers import Initializer, Normal
from whorl.layers import chain
from whorl.layers.layer import Layer
from whorl.parameters import Parameter


class Flatten(Layer):
    """Lays each sample out in one row: images (n, 28, 28) become (n, 784).

    Examples
    --------
    >>> Flatten().forward(np.zeros((5, 28, 28)), None)[0].shape
    (5, 784)
    """

    def output_shape(self, inputs: Shape) -> Shape:
        return (prod(inputs),)

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        return x.reshape(len(x), -1), lambda dy: dy.reshape(x.shape)


class Embedding(Layer):
    """Gives each category of a column d learned numbers, and lets the other columns pass.

    The columns named hold whole numbers, column i from 0 to ``categories[i] − 1``. Their rows of the table w are looked up; the
    output is the other columns, in order, and then the d numbers of each category column. It is what a `Dense` layer
    without bias makes of one-hot columns, without the multiplication by all those zeros. Backwards, each row of the table
    gets the sum of the gradients of the places where it was looked up; whole numbers have no gradient.

    Parameters
    ----------
    categories : sequence of int
        How many categories each of the columns has.
    dimension : int
        d, the numbers for each.
    columns : sequence of int, optional
        Which columns of the input they are; by default the first ones.
    initializer : Initializer, optional
        First values of the table. PyTorch has ``Normal(1.0)``, Keras uniform ones within 0.05.

    Raises
    ------
    ValueError
        In `forward`, if a column holds what is no category of it.

    Notes
    -----
    One table of shape (Σ categories, d) holds the rows of all columns, one column's after the other's.

    References
    ----------
    Guo, Berkhahn (2016), Entity Embeddings of Categorical Variables, arXiv:1604.06737, equation 4.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Embedding([3], 2, columns=[1])], inputs=2, rng=0)  # columns: a number, one of 3 categories
    >>> model.layers[0].w[:] = [[0, 0], [1, 10], [2, 20]]
    >>> model.predict([[0.5, 2], [0.7, 1]])
    array([[ 0.5,  2. , 20. ],
           [ 0.7,  1. , 10. ]], dtype=float32)
    """

    w: Array  # (Σ categories, d)
    dw: Array

    def __init__(
        self,
        categories: Sequence[int],
        dimension: int,
        *,
        columns: Sequence[int] | None = None,
        initializer: Initializer = Normal(0.1),
    ) -> None:
        self.categories = validation.shape("categories", categories)
        self.dimension = validation.integer("dimension", dimension)
        chosen = range(len(self.categories)) if columns is None else columns
        self.columns = tuple(validation.integer(f"columns[{i}]", c, minimum=0) for i, c in enumerate(chosen))
        if len(self.columns) != len(self.categories) or len(set(self.columns)) != len(self.columns):
            raise ValueError(
                f"columns must name {len(self.categories)} different columns, one for each of categories,"
                f" got {list(self.columns)}"
            )
        validation.instance("initializer", initializer, Initializer, "Normal(0.1)")
        self.initializer = initializer
        self._first = tuple(accumulate(self.categories[:-1], initial=0))  # each column's first row in the table

    def output_shape(self, inputs: Shape) -> Shape:
        if len(inputs) != 1 or max(self.columns) >= inputs[0]:
            raise ValueError(
                f"Embedding takes flat inputs with a column {max(self.columns)}, got inputs of shape {inputs}"
            )
        return (inputs[0] + len(self.columns) * (self.dimension - 1),)

    def declare(self, inputs: Shape) -> list[Parameter]:
        return [Parameter("w", (sum(self.categories), self.dimension), self.initializer)]

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        values = x[:, self.columns]
        codes = np.rint(values).astype(np.intp)  # (n, c)
        wrong = (codes < 0) | (codes >= self.categories) | (np.abs(values - codes) > 1e-3)
        if wrong.any():
            row, i = np.argwhere(wrong)[0]
            raise ValueError(
                f"column {self.columns[i]} must hold whole numbers from 0 to {self.categories[i] - 1},"
                f" but sample {row} has {values[row, i]:g}"
            )
        rows = codes + np.array(self._first)
        others = np.delete(x, self.columns, axis=1)  # (n, m − c)
        passed = others.shape[1]

        def backward(dy: Array) -> Array:
            self.dw[:] = 0
            np.add.at(self.dw, rows, dy[:, passed:].reshape(*rows.shape, self.dimension))
            dx = np.zeros_like(x)
            dx[:, np.delete(np.arange(x.shape[1]), self.columns)] = dy[:, :passed]
            return dx

        return np.concatenate([others, self.w[rows].reshape(len(x), -1)], axis=1), backward


class Residual(Layer):
    """``y = x + f(x)``, f being the layers given: they learn what to add to the input, and gradients have a short cut.

    Backwards, the gradient goes both ways and meets again: ``dx = dy + (the gradient back through f)``.

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

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = chain.copied(layers)
        self.parts = self.layers

    def output_shape(self, inputs: Shape) -> Shape:
        outputs = chain.connect(self.layers, inputs)[-1].outputs
        if outputs != inputs:
            raise ValueError(f"Residual adds f(x) of shape {outputs} to x of shape {inputs}: they must be the same")
        return inputs

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        y, back = chain.forward(self.layers, x, training)

        def backward(dy: Array) -> Array:
            dx: Array = back(dy.copy())  # what goes through f may be overwritten
            dx += dy
            return dx

        return x + y, backward
