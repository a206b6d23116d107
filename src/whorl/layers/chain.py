"""Layers in a row: what goes out of one goes into the next, and gradients come back the other way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy

import numpy as np

from whorl import checks
from whorl.layers.layer import Layer
from whorl.parameters import Parameter
from whorl.types import Array, Backward, Shape


def copied(layers: object) -> tuple[Layer, ...]:
    """Return copies of the layers, not bound to anything; raise unless it is a sequence of layers, not empty."""
    if isinstance(layers, Layer) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of layers, got {checks.show(layers)}")
    row = tuple(layers)
    if not row:
        raise ValueError("layers must hold at least one layer, got none")
    for i, layer in enumerate(row):
        checks.instance(f"layers[{i}]", layer, Layer, "Dense(64) or ReLU()")
    return tuple(deepcopy(layer) for layer in row)  # one by one: a layer that stands twice in the row becomes two


def declare(layers: Sequence[Layer], inputs: Shape) -> tuple[list[dict[str, Parameter]], list[Shape]]:
    """Return, layer by layer, what parameters it declares, by their names in the model, and its output's shape.

    The names carry the number of the layer among those with parameters: ``w1, b1, w2, b2``.
    """
    declared: list[dict[str, Parameter]] = []
    shapes: list[Shape] = []
    number = 1
    for i, layer in enumerate(layers):
        try:
            shapes.append(layer.output_shape(inputs))
        except ValueError as error:
            raise ValueError(f"layers[{i}], {layer!r}, does not fit: {error}") from None
        parameters = layer.declare(inputs)
        declared.append({f"{parameter.name}{number}": parameter for parameter in parameters})
        number, inputs = number + bool(parameters), shapes[-1]
    return declared, shapes


def predict(layers: Sequence[Layer], x: Array) -> Array:
    """Return the output of the row for the batch `x`, and keep nothing of the pass."""
    for layer in layers:
        x, _ = layer.forward(x, None)
    return x


def forward(
    layers: Sequence[Layer], x: Array, training: np.random.Generator | None, first: int = 0
) -> tuple[Array, Backward]:
    """Return the output of the row, and the closure that goes back through it, as far as layer number `first`."""
    backs = []
    for layer in layers:
        x, back = layer.forward(x, training)
        backs.append(back)
    backs = backs[: first - 1 if first else None : -1]  # last layer first

    def backward(dy: Array) -> Array | None:
        for back in backs:
            dy = back(dy)
        return dy

    return x, backward
