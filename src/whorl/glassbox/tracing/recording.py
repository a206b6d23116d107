"""A record of what each layer computes in a pass: layers that pass everything on to another layer, and remember it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from whorl._core.types import Array, Backward
from whorl.layers import Average, Dropout, Layer, Parametric, Residual
from whorl.parameters import Views

CONTAINERS = Residual, Average, Parametric
"""Layers made of others, which are recorded too."""


@dataclass(eq=False)
class Call:
    """What one layer computed in one pass.

    Parameters
    ----------
    layer : Layer
    x, y : ndarray
        Its input and its output.
    p, g : Views
        Its arrays, and their gradients.
    training : bool
        Whether it had a source of random numbers, as layers have in training unless they are frozen.
    mask : ndarray, optional
        That of a dropout layer.
    dy, dx : ndarray
        The gradients of the loss by y and by x; dx is None if the layer does not return it.
    gradients : Views
        Those of its parameters, as its backward pass left them.
    back : callable
        Its backward pass, which can be called again.
    inner : list of Call
        The calls of the layers inside it, in order.
    """

    layer: Layer
    x: Array
    y: Array
    p: Views
    back: Backward
    training: bool
    mask: Array | None = None
    inner: list[Call] = field(default_factory=list)
    g: Views = field(default_factory=Views)
    dy: Array = field(default_factory=lambda: np.zeros(0))
    dx: Array | None = None
    gradients: Views = field(default_factory=Views)


class Recording:
    """The calls of layers, nested as the layers are.

    Attributes
    ----------
    calls : list of Call
        Those of the layers of the model, in order.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def layers(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return layers that compute the same and are recorded."""
        return tuple(RecordedLayer(self._inside(layer), layer, self) for layer in layers)

    def _inside(self, layer: Layer) -> Layer:
        if type(layer) is Residual or type(layer) is Average:
            return replace(layer, layers=self.layers(layer.layers))
        if type(layer) is Parametric:
            return replace(layer, activation=self.layers([layer.activation])[0])
        return layer


class RecordedLayer(Layer):
    """A layer that computes what another one does, and records it.

    Parameters
    ----------
    inside : Layer
        What computes: the original, or one like it whose inner layers are recorded.
    original : Layer
    recording : Recording
    """

    inside: Layer
    original: Layer
    recording: Recording

    def __repr__(self) -> str:
        return repr(self.original)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        around, self.recording.calls = self.recording.calls, []
        mask = None
        if type(self.original) is Dropout and rng is not None and self.original.rate != 0:
            mask, _ = self.original.forward(np.ones_like(x), p, copy.deepcopy(rng))
        y, back = self.inside.forward(x, p, rng)
        call = Call(self.original, x, y, p, back, rng is not None, mask, self.recording.calls)
        self.recording.calls = around
        around.append(call)

        def backward(dy: Array, g: Views) -> Array | None:
            call.dy, call.g = dy.copy(), g
            dx: Array | None = back(dy, g)
            call.dx = None if dx is None else dx.copy()
            call.gradients = copied(g)
            return dx

        return y, backward


def copied(views: Views) -> Views:
    """Return views of copies of the arrays."""
    own = {name: each.copy() for name, each in vars(views).items() if isinstance(each, np.ndarray)}
    return Views(**own, parts=tuple(map(copied, views.parts)))
