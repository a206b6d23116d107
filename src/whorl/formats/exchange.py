"""What the conversions to and from PyTorch and Keras share: descriptions of equal layers, and models made of what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Shape
from whorl.header import KNOWN
from whorl.layers import Flatten, Layer, Parametric, chain
from whorl.layers.chain import Place
from whorl.model import Model
from whorl.parameters import Views


class Equal(NamedTuple):
    """A layer that another library has too.

    Parameters
    ----------
    layer : type of Layer
    name : str
        Its name there.
    settings, arrays : dict of str to str
        What its settings and arrays are called there, by their names here.
    fixed : dict of str to tuple
        Settings there that the layer does not have here, with the values for which the two are equal, the one to write first.
    size : str, optional
        The argument there for the number of inputs, which layers here get from the one before.
    """

    layer: type[Layer]
    name: str
    settings: Mapping[str, str] = {}
    arrays: Mapping[str, str] = {}
    fixed: Mapping[str, tuple[Any, ...]] = {}
    size: str = ""

    def arguments(self, layer: Layer, inputs: Shape) -> dict[str, Any]:
        """Return the arguments there for a layer with inputs of this shape."""
        written = {there: getattr(layer, here) for here, there in self.settings.items()}
        written |= {there: values[0] for there, values in self.fixed.items()}
        return written | ({self.size: inputs[0]} if self.size else {})

    def read(self, other: Any, **more: Any) -> Layer:
        """Return the layer that is equal to an object of the other library; raise ValueError or TypeError if there is none.

        `more` are settings whose values are not the same there.
        """
        for there, values in self.fixed.items():
            if (value := getattr(other, there, values[0])) not in values:  # other versions may not have it
                raise ValueError(f"{there} must be {values[0]!r}, got {value!r}")
        return self.layer(**{here: getattr(other, there) for here, there in self.settings.items()}, **more)


@dataclass(frozen=True)
class Part:
    """A layer that was read from another library.

    Parameters
    ----------
    layer : Layer
    place : str
        What it was read from, for errors.
    arrays : dict of str to ndarray or None
        Its arrays by the names here. An array that the other library does not have is None and keeps its initial value: a bias 0, for
        example.
    rows : list of list of Part
        The layers inside it, as in `Layer.part_rows`.
    inputs : tuple of int or None
        The shape of its inputs, if it is known.
    frozen : bool
        Whether training does not change it.
    """

    layer: Layer
    place: str
    arrays: Mapping[str, Array | None] = field(default_factory=dict)
    rows: Sequence[Sequence[Part]] = ()
    inputs: Shape | None = None
    frozen: bool = False


def check_model(model: Model, library: str) -> None:
    """Raise TypeError unless it is a model whose layers are all whorl's own, which have counterparts elsewhere."""
    validation.instance("model", model, Model, "Model([Dense(3)], inputs=2)")
    for place in chain.walk(model.places):
        if KNOWN.get(type(place.layer).__name__) is not type(place.layer):
            raise TypeError(
                f"model must have layers of whorl only, but {place.layer!r} is of a class of your own, which {library} does not have; convert a"
                " model of the other layers, and write this one there"
            )


def settings(layer: Layer) -> dict[str, Any]:
    """Return the settings of a layer that are numbers, or tuples of them: all but layers inside it and initializers."""
    values = {each.name: getattr(layer, each.name) for each in fields(layer)}
    return {name: value for name, value in values.items() if _plain(value)}


def _plain(value: Any) -> bool:
    return all(map(_plain, value)) if isinstance(value, tuple) else isinstance(value, int | float | None)


def own_arrays(place: Place, p: Views) -> dict[str, tuple[Array, bool]]:
    """Return the arrays of a layer, without those of the layers inside it, and whether they are trained, by its own names."""
    return {name: (getattr(p, name), place.declared[full].trained) for full, name in place.names.items()}


def rows(place: Place, p: Views) -> list[tuple[list[Place], list[Views]]]:
    """Return the layers inside a layer, with their arrays: one or several rows, as in `Layer.part_rows`."""
    found, start = [], 0
    for row in filter(None, place.layer.part_rows):
        stop = start + len(row)
        found.append((place.parts[start:stop], list(p.parts[start:stop])))
        start = stop
    return found


def layer_of(name: str, given: Mapping[str, Any], inside: Sequence[Sequence[Part]]) -> Layer:
    """Return the layer with this name, these settings, and these rows of layers inside it."""
    kind: Any = KNOWN[name]
    if not inside:
        return kind(**given)  # type: ignore[no-any-return]
    each = [tuple(part.layer for part in row) for row in inside]
    if any(row != each[0] for row in each):
        raise ValueError(f"the members of {name} must have the same layers")
    return kind(each[0][0] if kind is Parametric else each[0], **given)  # type: ignore[no-any-return]


def model_of(parts: Sequence[Part], *, inputs: Any, dtype: np.dtype[Any]) -> Model:
    """Return the model of layers that were read; raise ValueError if they do not fit."""
    shape = _inferred(parts) if inputs is None else validation.shape("inputs", inputs)
    for part, before in zip(parts, _shapes(parts, shape), strict=True):
        if part.inputs not in {None, before}:
            raise ValueError(f"{part.place} takes inputs of shape {part.inputs}, but gets those of shape {before}")
    model = Model([part.layer for part in parts], inputs=shape, rng=0, dtype=dtype)
    arrays = model.named_arrays()
    for part, place in zip(_walk(parts), chain.walk(model.places), strict=True):
        for full, name in place.names.items():
            value = part.arrays[name]
            if value is not None and value.shape != arrays[full].shape:
                raise ValueError(f"{part.place}: {name} must have shape {arrays[full].shape}, got {value.shape}")
            if value is not None:
                arrays[full][...] = value
    model.freeze(*(i for i, part in enumerate(parts) if part.frozen))
    return model


def _inferred(parts: Sequence[Part]) -> Shape:
    """Return the shape of a sample that the first layer of known size takes: the layers before it do not change shapes."""
    for part in parts:
        if part.inputs is not None:
            return part.inputs
        if isinstance(part.layer, Flatten):
            break
    raise ValueError("inputs must be given, as inputs=(28, 28): the first layers do not tell the shape of a sample")


def _shapes(parts: Sequence[Part], inputs: Shape) -> Iterator[Shape]:
    """Yield the shape of the inputs of each layer."""
    for part in parts:
        yield inputs
        try:
            inputs = part.layer.output_shape(inputs)
        except ValueError as error:
            raise ValueError(f"{part.place} does not fit: {error}") from None


def _walk(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        for row in part.rows:
            yield from _walk(row)


def float_type(names: set[str], *, conversion: str) -> np.dtype[Any]:
    """Return the type of the numbers in a network, given the types in it; raise ValueError if it is not one that whorl has."""
    if len(names) > 1 or not names <= {"float32", "float64"}:
        raise ValueError(f"all numbers must be float32, or all float64, got {', '.join(sorted(names))}; {conversion}")
    return np.dtype(next(iter(names), "float32"))
