"""A model as a list of elementary operations, from which files in other formats are written.

Every format needs to know what each layer computes when it predicts. That is said once, in `whorl.formats.lowering`, in terms of about
twenty operations; a format only says how it writes each of these.

Letters: n samples; all shapes are those of one sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from whorl._core.types import Array, Shape


class Value(NamedTuple):
    """The result of an operation, or the inputs of the model.

    Parameters
    ----------
    number : int
        Counts the values of a graph; the inputs are 0.
    shape : tuple of int
        The shape of one sample: the array has one more axis, the first, of length n.
    """

    number: int
    shape: Shape


Operand: TypeAlias = Value | Array
"""What an operation takes: a value, or an array of numbers that are known already."""


class Operation(NamedTuple):
    """One elementary operation.

    Parameters
    ----------
    kind : str
        The name of the method of `Graph` that adds it, or of the function that it applies to each number.
    operands : tuple of Value and ndarray
    settings : dict
        Further numbers, by name.
    result : Value
    """

    kind: str
    operands: tuple[Operand, ...]
    settings: dict[str, Any]
    result: Value


class Section(NamedTuple):
    """The operations of one layer, for comments in files: they begin at index `start`."""

    start: int
    layer: str


@dataclass
class Graph:
    """What a model computes from its inputs, step by step.

    Parameters
    ----------
    shape : tuple of int
        The shape of one sample.
    dtype : dtype
        The type of all numbers.

    Attributes
    ----------
    operations : list of Operation
    sections : list of Section
        The layers, in order, those inside others included.
    output : Value
        The prediction.
    """

    shape: Shape
    dtype: np.dtype[Any]
    operations: list[Operation] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.input: Value = Value(0, self.shape)
        self.output: Value = self.input

    def binary(self, kind: str, a: Operand, b: Operand | float) -> Value:
        """Add one of "add", "subtract", "multiply", "divide", "maximum" and "minimum", element by element."""
        b = b if isinstance(b, Value) else np.asarray(b, self.dtype)
        return self._new(kind, (a, b), np.broadcast_shapes(a.shape, b.shape))

    def unary(self, kind: str, x: Value, **settings: float) -> Value:
        """Add a function of each number, such as "tanh"."""
        return self._new(kind, (x,), x.shape, settings)

    def affine(self, x: Value, w: Array, b: Array) -> Value:
        """Add ``x W + b``, x (i,), W (i, j), b (j,)."""
        return self._new("affine", (x, w, b), b.shape)

    def grouped(self, x: Value, w: Array) -> Value:
        """Add the product of each row of x (d, k) with a matrix of its own, w (d, k, m); the result is (d, m)."""
        return self._new("grouped", (x, w), (w.shape[0], w.shape[2]))

    def normalize(self, x: Value, epsilon: float) -> Value:
        """Add ``(x − m) / √(v + epsilon)``, with the mean m and the biased variance v of a sample x (d,)."""
        return self._new("normalize", (x,), x.shape, {"epsilon": epsilon})

    def softmax(self, x: Value) -> Value:
        """Add the softmax of a sample x (k,)."""
        return self._new("softmax", (x,), x.shape)

    def columns(self, x: Value, chosen: Sequence[int] | Array) -> Value:
        """Add the choice of some of the numbers of x (d,), in this order."""
        numbers = [int(j) for j in chosen]
        if numbers == list(range(x.shape[0])):
            return x
        return self._new("columns", (x,), (len(numbers),), {"chosen": numbers})

    def concatenate(self, values: Sequence[Value]) -> Value:
        """Add values side by side, along the last axis; empty ones are left out."""
        values = [each for each in values if 0 not in each.shape]
        if len(values) == 1:
            return values[0]
        shape = (*values[0].shape[:-1], sum(each.shape[-1] for each in values))
        return self._new("concatenate", tuple(values), shape)

    def reshape(self, x: Value, shape: Shape) -> Value:
        """Add the same numbers in another shape."""
        return x if shape == x.shape else self._new("reshape", (x,), shape)

    def lookup(self, x: Value, table: Array, categories: Sequence[int]) -> Value:
        """Add the rows of a table that the whole numbers in x (c,) select, side by side.

        The table has the rows of the first column first, ``categories[0]`` of them, then those of the others.
        """
        return self._new(
            "lookup",
            (x, table),
            (len(categories) * table.shape[1],),
            {"categories": [int(each) for each in categories]},
        )

    def ranks(self, x: Value, knots: Array, last: Array, spread: float) -> Value:
        """Add the rank of each x_j among its knots (d, m), of which ``last[j] + 1`` are in use, on a scale from −spread to spread."""
        return self._new("ranks", (x, knots), x.shape, {"last": [int(m) for m in last], "spread": spread})

    def _new(
        self, kind: str, operands: tuple[Operand, ...], shape: Shape, settings: dict[str, Any] | None = None
    ) -> Value:
        """Add an operation, and return its result. Constants are converted to the type of the model."""
        kept = tuple(each if isinstance(each, Value) else np.asarray(each, self.dtype) for each in operands)
        self.output = Value(len(self.operations) + 1, tuple(shape))
        self.operations.append(Operation(kind, kept, settings or {}, self.output))
        return self.output
