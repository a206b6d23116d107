"""Layers in a row: what goes out of one goes into the next, and gradients come back the other way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Backward, Shape
from whorl.layers.layer import Layer
from whorl.parameters import Parameter


@dataclass(frozen=True)
class Place:
    """A layer in its place in a model.

    Parameters
    ----------
    layer : Layer
    declared : dict of str to Parameter
        What it declares, by the names they have in the model.
    outputs : tuple of int
        The shape that comes out of it.
    parts : list of Place
        The layers within it.
    """

    layer: Layer
    declared: dict[str, Parameter]
    outputs: Shape
    parts: list[Place]


def copied(layers: object) -> tuple[Layer, ...]:
    """Return copies of the layers, not bound to anything; raise unless it is a sequence of layers, not empty."""
    if isinstance(layers, Layer) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of layers, got {validation.show(layers)}")
    row = tuple(layers)
    if not row:
        raise ValueError("layers must hold at least one layer, got none")
    for i, layer in enumerate(row):
        validation.instance(f"layers[{i}]", layer, Layer, "Dense(64) or ReLU()")
    return tuple(deepcopy(layer) for layer in row)  # one by one: a layer that stands twice in the row becomes two


def connect(layers: Sequence[Layer], inputs: Shape, number: int = 1) -> list[Place]:
    """Return the layers in their places, for inputs of this shape; raise ValueError where one does not fit.

    The names of their parameters carry the number of the layer among those with parameters: ``w1, b1, w2, b2``.
    """
    places: list[Place] = []
    for i, layer in enumerate(layers):
        try:
            outputs = layer.output_shape(inputs)
        except ValueError as error:
            raise ValueError(f"layers[{i}], {layer!r}, does not fit: {error}") from None
        wanted = layer.declare(inputs)
        declared = {f"{parameter.name}{number}": parameter for parameter in wanted}
        if len(declared) < len(wanted):
            raise ValueError(f"layers[{i}], {layer!r}, declares two parameters of one name")
        number += bool(declared)
        parts = connect(layer.parts, inputs, number)
        number += sum(bool(place.declared) for place in walk(parts))
        places.append(Place(layer, declared, outputs, parts))
        inputs = outputs
    return places


def walk(places: Iterable[Place]) -> Iterator[Place]:
    """Yield each place, and those within it, in order."""
    for place in places:
        yield place
        yield from walk(place.parts)


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
        x, back = layer.forward(x, None if layer.frozen else training)
        backs.append(back)
    backs = backs[: first - 1 if first else None : -1]  # last layer first

    def backward(dy: Array) -> Array | None:
        for back in backs:
            dy = back(dy)
        return dy

    return x, backward
