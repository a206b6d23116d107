"""What a layer and a loss must do besides computing the right gradient: write it, keep its inputs, and be repeatable."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from whorl._core.types import Array, Backward
from whorl.layers import Layer
from whorl.layers.chain import Place
from whorl.parameters import Views
from whorl.stack import Stack


def layer_problems(model: Stack, layers: Sequence[Layer], x: Array, rng: np.random.Generator) -> list[str]:
    """Return what is wrong with the passes of these first layers of a model, in words, for inputs x (n, *inputs).

    The gradients of the model are overwritten.
    """
    found = []
    for i, layer in enumerate(layers):
        probe = Probe(model, i, x, rng)
        try:
            found += [f"layers[{i}], {layer!r}: {problem}" for problem in probe.problems()]
        except Exception as error:
            error.add_note(f"in the check of layers[{i}], {layer!r}")
            raise
        if probe.y.shape[1:] != model.places[i].outputs:
            break
        x = probe.y.astype(model.dtype, copy=False)
    return found


class Probe:
    """Several passes of one layer, compared with each other."""

    def __init__(self, model: Stack, i: int, x: Array, rng: np.random.Generator) -> None:
        self.model: Stack = model
        self.place: Place = model.places[i]
        self.p: Views = model.p[i]
        self.g: Views = model.gradient_views(inputs=True)[i]
        self.x: Array = x
        self.y: Array = x
        self.rng: np.random.Generator = rng

    def problems(self) -> Iterator[str]:
        """Yield what is wrong; then `y` is the layer's output, and the generator is where the layer left it."""
        model, before = self.model, copy.deepcopy(self.rng)
        x, parameters, statistics = self.x.copy(), model.parameters.copy(), model.statistics.copy()
        self.y, backward = self.forward(self.x, self.rng)
        if not callable(backward):
            raise TypeError("forward must return y and the function backward")
        if not same(self.x, x):
            yield "forward overwrites its inputs x; it must compute a new array"
            self.x[...] = x
        for what, array, kept in (
            ("parameters", model.parameters, parameters),
            ("statistics", model.statistics, statistics),
        ):
            if not same(array, kept):
                yield f"forward changes the {what} of the model; only backward may change statistics, and only a step parameters"
                array[...] = kept
        yield from self.output(self.y)
        if not same(self.forward(x.copy(), copy.deepcopy(before))[0], self.y):
            yield "forward is not deterministic: the same inputs and the same generator give another output; draw all random numbers from rng"
        yield from self.backward(backward, copy.deepcopy(before))
        if not same(self.x, x):
            yield "backward overwrites the inputs x"
            self.x[...] = x
        if not same(model.parameters, parameters):
            yield "backward changes the parameters of the model"
        model.parameters, model.statistics = parameters, statistics

    def forward(self, x: Array, rng: np.random.Generator) -> tuple[Array, Backward]:
        """Take a forward pass."""
        y, backward = self.place.layer.forward(x, self.p, rng)
        return y, backward

    def output(self, y: Array) -> Iterator[str]:
        """Yield what is wrong with the output."""
        if y.dtype != self.x.dtype:
            yield f"y has type {y.dtype} for inputs of type {self.x.dtype}; convert it, y.astype(x.dtype)"
        if y.shape != (len(self.x), *self.place.outputs):
            yield f"y has shape {y.shape}, but output_shape says {(len(self.x), *self.place.outputs)}"

    def backward(self, backward: Backward, rng: np.random.Generator) -> Iterator[str]:
        """Yield what is wrong with the backward pass."""
        dy = np.random.default_rng(0).standard_normal(self.y.shape).astype(self.y.dtype)
        dx, written = self.gradients(backward, dy, 1.0)
        yield from slope_problems("dL/dx", dx, self.x)
        try:
            dx_again, again = self.gradients(backward, dy, 0.0)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer
            yield f"backward fails when it is called a second time: {type(error).__name__}: {error}"
            return
        if not same(dx, dx_again):
            yield "backward returns another dL/dx when it is called a second time; it must not change what it keeps"
        for name in written:
            yield from self.writing(name, written[name], again[name])
        try:
            _, first = self.forward(self.x, copy.deepcopy(rng))
            self.forward(self.x[::-1][: max(1, len(self.x) - 1)].copy(), copy.deepcopy(rng))
            dx_later, later = self.gradients(first, dy, 1.0)
        except Exception as error:  # noqa: BLE001
            yield f"backward fails after another forward pass: {type(error).__name__}: {error}"
            return
        if not (same(dx, dx_later) and all(same(written[name], later[name]) for name in written)):
            yield "backward gives another gradient after another forward pass; it must keep the arrays of its own pass"

    def gradients(self, backward: Backward, dy: Array, filled: float) -> tuple[Any, dict[str, Array]]:
        """Return dL/dx and the gradients of the layer's parameters, for views that are filled with this number before."""
        self.model.gradients[:] = filled
        dx = backward(dy.copy(), self.g)
        named = self.model.named_gradients()
        return copy.copy(dx), {name: named[name].copy() for name in self.place.declared if name in named}

    def writing(self, name: str, over_ones: Array, over_zeros: Array) -> Iterator[str]:
        """Yield what is wrong with how the gradient of a parameter is written, in two passes over ones and over zeros."""
        if same(over_ones, over_zeros):
            return
        own = self.place.names[name]
        if not over_zeros.any() and (over_ones == 1).all():
            yield f"backward does not write the gradient of {name} into g.{own}"
        elif same(over_ones, over_zeros + 1):
            yield f"backward adds the gradient of {name} to g.{own}; it must replace what is there, g.{own}[...] = …"
        else:
            yield f"backward writes another gradient of {name} when it is called a second time, or does not write all of g.{own}"


def loss_problems(forward: Callable[[Array], tuple[float, Callable[[], Array]]], prediction: Array) -> Iterator[str]:
    """Yield what is wrong with the passes of a loss, as a function of the predictions that returns its value and backward."""
    kept = prediction.copy()
    value, backward = forward(prediction)
    if not same(prediction, kept):
        yield "forward overwrites the predictions"
        prediction[...] = kept
    if not same(np.float64(forward(kept.copy())[0]), np.float64(value)):
        yield "forward is not deterministic: the same predictions give another loss"
    slope = copy.copy(backward())
    yield from slope_problems("dL/dprediction", slope, prediction)
    try:
        if not same(backward(), slope):
            yield "backward returns another gradient when it is called a second time"
        _, first = forward(kept.copy())
        forward(kept[::-1].copy())
        if not same(first(), slope):
            yield "backward gives another gradient after another forward pass; it must keep the arrays of its own pass"
    except Exception as error:  # noqa: BLE001
        yield f"backward fails when it is called a second time, or after another forward pass: {type(error).__name__}: {error}"


def slope_problems(name: str, slope: object, array: Array) -> Iterator[str]:
    """Yield what is wrong with the type and the shape of a derivative with respect to an array."""
    if not isinstance(slope, np.ndarray):
        yield f"backward must return {name}, got {slope!r}"
    elif slope.shape != array.shape:
        yield f"backward returns {name} of shape {slope.shape}; it must have that of the array, {array.shape}"
    elif slope.dtype != array.dtype:
        yield f"backward returns {name} of type {slope.dtype} for type {array.dtype}"


def same(a: Any, b: Any) -> bool:
    """Whether two results are equal up to rounding; both may be None."""
    if a is None or b is None:
        return a is b
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)
