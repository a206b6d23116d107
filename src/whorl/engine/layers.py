"""How the passes through each layer are written into a program. As in the layers themselves, the backward pass stands in the forward pass.

What a layer computes is explained in `whorl.layers`; here is only where it is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from whorl._core.types import Array
from whorl.engine.compiling import Kernel
from whorl.engine.dense_writer import Backward
from whorl.engine.kernels import activations, dropout, normalization
from whorl.engine.parameters import Trained
from whorl.engine.program import address
from whorl.engine.rules import UpcomingSteps
from whorl.engine.tabular_writer import TabularWriter
from whorl.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    NTKDense,
    Parametric,
    PeriodicEmbedding,
    RankScale,
    Rescale,
    Residual,
    RobustScale,
    Scale,
    Softmax,
    Standardize,
)
from whorl.layers.chain import Place
from whorl.layers.dropout import rounded
from whorl.parameters import Views


def supported(layer: Layer) -> bool:
    """Whether there are kernels for a layer, and for those inside it."""
    if type(layer) is Residual:
        return all(map(supported, layer.layers))
    if type(layer) is Parametric:
        return activations.activation(layer.activation) is not None
    return type(layer) in {Dense, NTKDense} or type(layer) in WRITERS or activations.activation(layer) is not None


class Writer(TabularWriter):
    """Writes the passes through the layers of a network."""

    def chain(
        self, places: Sequence[Place], p: Sequence[Views], g: Sequence[Views], x: int, first: int, *, frozen: bool
    ) -> tuple[int, Backward]:
        """Write the forward pass through layers in a row; return the address of the output, and what writes the way back.

        The way back ends at layer number `first`.
        """
        backs: list[Backward] = []
        k = 0
        while k < len(places):
            still = frozen or p[k].frozen
            fused = self.fusible(places[k:], p[k:], frozen=frozen)
            x, back = self.layer(places[k], p[k], g[k], x, fused, frozen=still)
            backs += [back, *[_same] * len(fused)]
            k += 1 + len(fused)

        def backward(dy: int, needed: bool) -> int:
            for k in range(len(backs) - 1, first - 1, -1):
                dy = backs[k](dy, needed or k > first)
            return dy

        return x, backward

    def layer(
        self, place: Place, p: Views, g: Views, x: int, fused: Sequence[Layer], *, frozen: bool
    ) -> tuple[int, Backward]:
        """Write a layer, and those after it that are computed together with it."""
        kind = type(place.layer)
        if kind in {Dense, NTKDense}:
            return self.dense(place, p, g, x, fused, frozen=frozen)
        if kind is Parametric:
            return self.parametric(place, p, g, x, fused, frozen=frozen)
        known = activations.activation(place.layer)
        if known is not None:
            return self.activation(*known, x, prod(place.outputs))
        return WRITERS[kind](self, place, p, g, x, frozen)

    def dropout(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write ``y = x · mask``; the way back is the same."""
        assert isinstance(place.layer, Dropout)
        if frozen or place.layer.rate == 0:
            return x, _same
        program, size, layer = self.program, prod(place.outputs), place.layer
        y, bits = program.batch_array(size), self.bits(size)

        def numbers(rate: float) -> tuple[float, float, float]:
            threshold, scale = rounded(rate, program.dtype)
            return float(scale), 0.0, threshold

        def rows(upcoming: UpcomingSteps) -> Array:
            return np.array([numbers(layer.rate_at(epoch)) for epoch in upcoming.times.tolist()])

        fixed, table = ((), program.table(rows)) if callable(layer.rate) else (numbers(layer.rate), 0)
        program.add(dropout.dropout, [x, y], [size, bits], fixed, table)

        def backward(dy: int, needed: bool) -> int:
            program.add(dropout.dropout, [dy, dy], [size, bits], fixed, table)
            return dy

        return y, backward

    def activation(self, kernel: Kernel, numbers: Sequence[float], x: int, size: int) -> tuple[int, Backward]:
        """Write an activation, which leaves its slope for the way back."""
        program = self.program
        y, slope = program.batch_array(size), program.batch_array(size)
        program.add(kernel, [x, y, slope], [size], numbers)

        def backward(dy: int, needed: bool) -> int:
            program.add(activations.multiply, [dy, slope], [size])
            return dy

        return y, backward

    def flatten(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write nothing: samples are flat already."""
        return x, _same

    def softmax(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write a softmax that is not part of the loss."""
        program, size = self.program, prod(place.outputs)
        y = program.batch_array(size)
        program.add(activations.softmax, [x, y], [size])

        def backward(dy: int, needed: bool) -> int:
            program.add(activations.softmax_back, [dy, y], [size], [0.0])
            return dy

        return y, backward

    def standardize(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write ``y = (x − mean) / scale``."""
        program, size = self.program, prod(place.outputs)
        y = program.batch_array(size)
        program.add(normalization.standardize, [x, address(p.mean), address(p.scale), y], [size])

        def backward(dy: int, needed: bool) -> int:
            program.add(normalization.divide, [dy, address(p.scale)], [size])
            return dy

        return y, backward

    def rescale(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write ``y = factor · x + offset``."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, Rescale)
        y = program.batch_array(size)
        offsets = program.constant(np.broadcast_to(layer.offset, size), program.dtype)
        program.add(activations.affine, [x, offsets, y], [size], [layer.factor])

        def backward(dy: int, needed: bool) -> int:
            program.add(activations.scale, [dy], [size], [layer.factor])
            return dy

        return y, backward

    def batch_norm(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write a normalization over the batch: a thread has some features of all samples, so the others must have computed them."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, BatchNorm)
        h, y = program.batch_array(size), program.batch_array(size)
        m, v, inverse = (program.array(size) for _ in range(3))
        gamma, beta, mean, variance = map(address, (p.gamma, p.beta, p.mean, p.variance))
        program.barrier()
        arrays = [x, h, y, gamma, beta, mean, variance, m, v, inverse]
        program.add(normalization.batch_norm, arrays, [size, frozen], [layer.epsilon, 1.0, 0.0])
        program.barrier()

        def backward(dy: int, needed: bool) -> int:
            arrays = [dy, h, gamma, address(g.gamma), address(g.beta), mean, variance, m, v, inverse]
            program.barrier()
            program.add(normalization.batch_norm_back, arrays, [size, frozen], [layer.momentum, 0.0])
            program.barrier()
            self.trained += self.scale_and_shift(place, p, g, frozen=frozen)
            return dy

        return y, backward

    def layer_norm(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write a normalization of each sample."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, LayerNorm)
        h, y, inverse = program.batch_array(size), program.batch_array(size), program.batch_array(1)
        gamma, beta = address(p.gamma), address(p.beta)
        program.add(normalization.layer_norm, [x, h, y, gamma, beta, inverse], [size], [layer.epsilon, 1.0, 0.0])

        def backward(dy: int, needed: bool) -> int:
            dx = program.batch_array(size)
            program.add(normalization.layer_norm_back, [dy, h, gamma, inverse, dx], [size], [0.0])
            scale, offset = self.scale_and_shift(place, p, g, frozen=frozen)
            scale.gradient(normalization.scale_gradients, [dy, h, scale.g, offset.g], [size], [0.0])
            self.trained += [scale, offset]
            return dx

        return y, backward

    @staticmethod
    def scale_and_shift(place: Place, p: Views, g: Views, *, frozen: bool) -> list[Trained]:
        """Return γ and β."""
        flat = [(name, getattr(p, name).reshape(-1), getattr(g, name).reshape(-1)) for name in ("gamma", "beta")]
        return [Trained.of(place, *each, frozen=frozen) for each in flat]

    def residual(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write ``y = x + f(x)``."""
        program, size = self.program, prod(place.outputs)
        y = program.batch_array(size)
        inner, back = self.chain(place.parts, p.parts, g.parts, x, 0, frozen=frozen)
        program.add(normalization.add_into, [x, inner, y], [size])

        def backward(dy: int, needed: bool) -> int:
            through, dx = program.batch_array(size), program.batch_array(size)
            program.add(normalization.copy, [dy, through], [size])
            through = back(through, True)
            program.add(normalization.add_into, [dy, through, dx], [size])
            return dx

        return y, backward


def _same(dy: int, needed: bool) -> int:
    return dy


WRITERS: dict[type[Layer], Callable[[Writer, Place, Views, Views, int, bool], tuple[int, Backward]]] = {
    BatchNorm: Writer.batch_norm,
    Dropout: Writer.dropout,
    Embedding: Writer.embedding,
    Flatten: Writer.flatten,
    LayerNorm: Writer.layer_norm,
    PeriodicEmbedding: Writer.periodic_embedding,
    RankScale: Writer.rank_scale,
    Rescale: Writer.rescale,
    Residual: Writer.residual,
    RobustScale: Writer.robust_scale,
    Scale: Writer.scale,
    Softmax: Writer.softmax,
    Standardize: Writer.standardize,
}
