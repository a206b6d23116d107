"""Layers in sequence: the output of one is the input of the next; gradients pass through them in reverse order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Backward, Shape
from whorl.layers.layer import Layer
from whorl.parameters import Parameter, Views

CHUNK = 1024
"""Number of samples predicted at a time, which limits the memory needed."""

MOST = 200_000
"""Layers that cannot be fitted in parts get at most so many of the samples in files."""


@dataclass(frozen=True)
class Place:
    """A layer at its position in a model.

    Parameters
    ----------
    layer : Layer
    declared : dict of str to Parameter
        The arrays it declares, by their names in the model.
    names : dict of str to str
        The layer's own names of these arrays, by their names in the model.
    outputs : tuple of int
        The shape of its output.
    parts : list of Place
        The layers inside it.
    """

    layer: Layer
    declared: dict[str, Parameter]
    names: dict[str, str]
    outputs: Shape
    parts: list[Place]


def checked(name: str, layers: object) -> tuple[Layer, ...]:
    """Return the layers as a tuple; raise TypeError or ValueError unless it is a sequence of at least one layer."""
    if isinstance(layers, Layer) or not isinstance(layers, Iterable):
        raise TypeError(f"{name} must be a list of layers, got {validation.show(layers)}")
    sequence = tuple(layers)
    if not sequence:
        raise ValueError(f"{name} must hold at least one layer, got none")
    return tuple(
        validation.instance(f"{name}[{i}]", each, Layer, "Dense(64) or ReLU()") for i, each in enumerate(sequence)
    )


def output_shape(layers: Iterable[Layer], inputs: Shape) -> Shape:
    """Return the shape of the last output for inputs of this shape; raise ValueError if a layer does not fit."""
    for i, layer in enumerate(layers):
        inputs = _output_shape(i, layer, inputs)
    return inputs


def _output_shape(i: int, layer: Layer, inputs: Shape) -> Shape:
    try:
        return layer.output_shape(inputs)
    except ValueError as error:
        raise ValueError(f"layers[{i}], {layer!r}, does not fit: {error}") from None


def connect(layers: Sequence[Layer], inputs: Shape, number: int = 1) -> list[Place]:
    """Return a `Place` for each layer, for inputs of this shape; raise ValueError if a layer does not fit.

    The names of parameters end in the number of the layer, counting only layers with parameters: ``w1, b1, w2, b2``.
    """
    places: list[Place] = []
    for i, layer in enumerate(layers):
        outputs = _output_shape(i, layer, inputs)
        wanted = layer.parameters(inputs)
        for name in wanted:
            if not name.isidentifier() or name[-1].isdigit() or hasattr(Views(), name):
                raise ValueError(
                    f"layers[{i}], {layer!r}: a parameter's name must be an identifier other than 'parts', 'inputs', 'frozen', 'epoch' and 'batch',"
                    f" and not end in a digit, since the model adds a number, got {name!r}"
                )
            validation.instance(
                f"layers[{i}], {layer!r}: the parameter {name}", wanted[name], Parameter, "Parameter((3,), Zeros())"
            )
        names = {f"{name}{number}": name for name in wanted}
        number += bool(wanted)
        parts: list[Place] = []
        for row in layer.part_rows:
            inside = connect(row, inputs, number)
            number += sum(bool(place.declared) for place in walk(inside))
            parts += inside
        places.append(Place(layer, {new: wanted[name] for new, name in names.items()}, names, outputs, parts))
        inputs = outputs
    return places


def count(layers: Iterable[Layer]) -> int:
    """Return the number of layers, those inside others included."""
    return sum(1 + count(layer.parts) for layer in layers)


def walk(places: Iterable[Place]) -> Iterator[Place]:
    """Yield each place, and those inside it, in order."""
    for place in places:
        yield place
        yield from walk(place.parts)


def views(place: Place, arrays: Mapping[str, Array]) -> Views:
    """Return a layer's views of its arrays, if they are in `arrays`, by the layer's own names."""
    own = {name: arrays[full] for full, name in place.names.items() if full in arrays}
    return Views(**own, parts=tuple(views(part, arrays) for part in place.parts), inputs=True)


def pairs(place: Place, p: Views) -> list[tuple[Layer, Views]]:
    """Return a layer and the layers inside it, each with its views."""
    inner = [pair for part, own in zip(place.parts, p.parts, strict=True) for pair in pairs(part, own)]
    return [(place.layer, p), *inner]


def forward(
    layers: Sequence[Layer],
    x: Array,
    p: Sequence[Views],
    rng: np.random.Generator | None = None,
    *,
    first: int = 0,
) -> tuple[Array, Backward]:
    """Return the output of the layers, and the function that computes their gradients.

    Parameters
    ----------
    layers : sequence of Layer
    x : ndarray, shape (n, *inputs)
    p : sequence of Views
        The arrays of each layer.
    rng : Generator or None, optional
        As for `Layer.forward`.
    first : int, optional
        Index of the layer at which the backward pass ends: those before it have no parameters.
    """
    backs, dtype = [], x.dtype
    try:
        for layer, views in zip(layers, p, strict=False):
            x, back = layer.forward(x, views, None if views.frozen else rng)
            if x.dtype != dtype or not callable(back):
                raise _wrong_result(x, back, dtype)
            backs.append(back)
    except Exception as error:
        error.add_note(
            f"in the forward pass of layers[{len(backs)}], {layer!r}, which must return y and the function backward"
        )
        raise

    def backward(dy: Array, g: Sequence[Views]) -> Array | None:
        try:
            for i in range(len(backs) - 1, first - 1, -1):  # last layer first
                dx = backs[i](dy, g[i])
                if dx is None and i > first:
                    raise TypeError("backward must return dL/dx, got None")
                dy = dx
        except Exception as error:
            came = f", got dL/dy of shape {np.shape(dy)} and type {getattr(dy, 'dtype', type(dy).__name__)}"
            source = f" from layers[{i + 1}], {layers[i + 1]!r}" if i + 1 < len(backs) else ""
            error.add_note(f"in the backward pass of layers[{i}], {layers[i]!r}{came}{source}")
            raise
        return dy

    return x, backward


def _wrong_result(y: Array, back: object, dtype: np.dtype[Any]) -> TypeError:
    """Return the error for what the forward pass of a layer has returned."""
    if not callable(back):
        return TypeError(f"forward must return y and the function backward, got {validation.show((y, back))}")
    return TypeError(f"y has type {y.dtype} for inputs of type {dtype}: convert it, y.astype(x.dtype)")


def predict(layers: Sequence[Layer], x: Any, p: Sequence[Views]) -> Array:
    """Return the output of the layers for the samples x, computed `CHUNK` samples at a time.

    x is an array (n, *inputs), or any object that returns arrays for slices and supports ``numpy.asarray``.
    """
    if len(x) > CHUNK:
        return np.concatenate([predict(layers, x[i : i + CHUNK], p) for i in range(0, len(x), CHUNK)])
    y, _ = forward(layers, np.asarray(x), p)
    return y


def adapt(
    layers: Sequence[Layer], x: Any, p: Sequence[Views], rng: np.random.Generator, *, again: bool = False
) -> None:
    """Call `Layer.adapt` of layers such as `Standardize`: of those that have not been fitted yet, or of all `again`."""
    waiting = [
        i for i, (layer, views) in enumerate(zip(layers, p, strict=True)) if layer.needs_data(views, again=again)
    ]
    done = 0
    for i in waiting:
        limits = [layers[j].most_samples for j in waiting if j >= i]  # of this layer and those that get its output
        if None not in limits:
            x = x[:: -(-len(x) // max(limit for limit in limits if limit is not None))]
        if hasattr(x, "chunks"):  # it is larger than memory
            _adapt_in_parts(layers[: i + 1], x, p[: i + 1], rng, again=again)
            continue
        if done < i:
            x, done = predict(layers[done:i], x, p[done:i]), i
        layers[i].adapt(np.asarray(x), p[i], rng, again=again)


def _adapt_in_parts(
    layers: Sequence[Layer], x: Any, p: Sequence[Views], rng: np.random.Generator, *, again: bool
) -> None:
    """Fit the last of the layers to samples that are larger than memory: in one pass, or to some of them, evenly spaced."""
    *before, layer = layers
    if layer.adapts_in_parts:
        layer.adapt_in_parts((predict(before, part, p) for part in x.chunks()), p[-1])
    else:
        some = x[:: -(-len(x) // MOST)]
        layer.adapt(predict(before, some, p), p[-1], rng, again=again)
