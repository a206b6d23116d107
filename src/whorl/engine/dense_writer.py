"""How the layers `Dense` and `NTKDense` are written into a program, with the activation and the dropout that follow them.

What they compute is explained in `whorl.layers`; here is only where it is computed, and by which kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from whorl.engine.kernels import activations, dense, dropout, products
from whorl.engine.kernels.products import BY_COLUMNS, BY_DEPTH, BY_ROWS
from whorl.engine.native import HEIGHT, REGISTER, VECTORS
from whorl.engine.parameters import Trained
from whorl.engine.program import Operation, Program, address
from whorl.layers import Dense, Dropout, Layer, NTKDense, Parametric, ReLU
from whorl.layers.chain import Place
from whorl.layers.dropout import rounded
from whorl.parameters import Views

FEW = 8
"""Up to so many inputs or outputs, most of a block of a product would be empty, and loops are as fast."""

LARGE = 2**20
"""From so many weights on, a thread multiplies all samples with some columns, not some samples with all columns: then it reads
only its own part of the weights, which do not fit into its cache."""

FUSED: dict[type[Layer], tuple[type[Layer], ...]] = {
    Dense: (ReLU, Dropout),
    NTKDense: (ReLU, Dropout),
    Parametric: (Dropout,),
}
"""What is computed together with a layer, if it follows, in this order."""

Backward: TypeAlias = Callable[[int, bool], int]
"""From the address of dL/dy, and whether dL/dx is needed, to the address of dL/dx."""


class DenseWriter:
    """Writes the passes through `Dense` and `NTKDense` layers: base of `Writer`.

    Parameters
    ----------
    program : Program
    generators : int
        The address of the threads' random generators.
    """

    def __init__(self, program: Program, generators: int) -> None:
        self.program, self.generators = program, generators
        self.trained: list[Trained] = []
        """The arrays to train, in the order of the backward pass, with the operations for their gradients."""
        self.drawn: list[int] = []
        """How many random numbers a sample draws in each layer with dropout."""

    def dense(
        self, place: Place, p: Views, g: Views, x: int, fused: Sequence[Layer], *, frozen: bool
    ) -> tuple[int, Backward]:
        """Write ``y = f x W + m b``, and the activation and the dropout that follow it; f and m are 1 in a `Dense` layer.

        With ``f dy`` in place of dy, the way back is that of a `Dense` layer, but for ``db = m Σ_n dy``.
        """
        program, (factor, multiple) = self.program, factors(place, len(p.w))
        i, j = p.w.shape
        w, y, large = address(p.w), program.batch_array(j), program.workers > 1 and i * j >= LARGE
        wt = program.array(program.workers, i, j) if j <= FEW else 0
        if j <= FEW:
            program.add(dense.transpose, [w, wt], [i, j])
            program.add(dense.narrow, [x, wt, y], [i, j], [0.0])
        elif i <= FEW:
            program.add(dense.wide, [x, w, y], [i, j])
        else:
            self.multiply([x, w, y], (0, j, i), [(i, 1), (j, 1), (j, 1)], BY_COLUMNS if large else BY_ROWS)
        scale = self.bias(fused, address(p.b), y, j, [factor, multiple])

        def backward(dy: int, needed: bool) -> int:
            if fused:
                program.add(dense.relu_back, [dy, y], [j], [factor * scale, 0.0])
            elif factor != 1:
                program.add(activations.scale, [dy], [j], [factor])
            dx = program.batch_array(i) if needed else 0
            if needed and j <= FEW:
                program.add(dense.narrow_inputs, [dy, wt, dx], [i, j])
            elif needed:
                # dxᵀ = W dyᵀ, so that dy is copied to panels, which is smaller than W.
                self.multiply([w, dy, dx], (i, 0, j), [(j, 1), (1, j), (1, i)], BY_ROWS if large else BY_COLUMNS)
            self.weights_and_biases(place, p, g, x, dy, multiple / factor, frozen=frozen)
            return dx

        return y, backward

    def multiply(
        self, arrays: Sequence[int], sizes: tuple[int, int, int], distances: Sequence[tuple[int, int]], split: int
    ) -> None:
        """Write a product with weights; where threads share the weights and not the samples, all samples are needed at once."""
        program = self.program
        by_samples = sizes[split] == 0
        if not by_samples:
            program.barrier()
        program.operations.append(self.product(arrays, sizes, distances, split))
        if not by_samples:
            program.barrier()

    def product(
        self, arrays: Sequence[int], sizes: tuple[int, int, int], distances: Sequence[tuple[int, int]], split: int
    ) -> Operation:
        """Return a product C = A B.

        Parameters
        ----------
        arrays : sequence of int
            The addresses of A, B and C.
        sizes : tuple of int
            m, n and k of A (m, k) and B (k, n); 0 for the samples of the batch.
        distances : sequence of tuple
            For A, B and C: the distances between two elements in a column, and in a row.
        split : int
            How the threads share it.
        """
        depth = sizes[2] or self.program.batch
        columns = VECTORS * REGISTER // self.program.dtype.itemsize
        panel, size = self.program.scratch((depth + HEIGHT) * columns)  # and a block
        flat = [distance for pair in distances for distance in pair]
        return Operation(products.product, (*arrays, panel), (*sizes, *flat, split, size))

    def weights_and_biases(
        self, place: Place, p: Views, g: Views, x: int, dy: int, multiple: float, *, frozen: bool
    ) -> None:
        """Add the weights and biases to what is trained, and write their gradients, ``xᵀ dy`` and ``multiple · Σ_n dy``.

        A thread computes the gradients from its samples, and then sums its share of those of all threads; or, if fewer numbers
        go from one thread to another that way, it computes its rows of dW from all samples.
        """
        program, workers, (i, j) = self.program, self.program.workers, p.w.shape
        weights, biases = (self.train(place, name, p, g, frozen=frozen) for name in ("w", "b"))
        if frozen:
            return
        sizes, distances = (i, j, 0), [(1, i), (j, 1), (j, 1)]  # xᵀ dy
        if j <= FEW:
            parts = self.parts(weights)
            program.add(dense.narrow_weights, [x, dy, parts, program.array(workers, i, j)], [i, j], [0.0])
        elif i <= FEW:
            program.add(dense.wide_weights, [x, dy, self.parts(weights)], [i, j], [0.0])
        elif workers > 1 and i * j < program.batch * (i / workers + j):
            program.operations.append(self.product([x, dy, self.parts(weights)], sizes, distances, BY_DEPTH))
        else:
            weights.operations.append(self.product([x, dy, weights.g], sizes, distances, BY_ROWS))
        program.add(dense.column_sums, [dy, self.parts(biases)], [j], [multiple, 0.0])

    def train(self, place: Place, name: str, p: Views, g: Views, *, frozen: bool) -> Trained:
        """Add an array to what is trained, by the name that its layer declares, and return it."""
        self.trained.append(Trained.of(place, name, getattr(p, name), getattr(g, name), frozen=frozen))
        return self.trained[-1]

    def parts(self, trained: Trained) -> int:
        """Return the address for the gradients from each thread's samples, which are then summed; one thread needs no sum."""
        if self.program.workers == 1:
            return trained.g
        parts = self.program.array(self.program.workers, trained.rows, trained.columns)
        trained.gradient(dense.sum_parts, [parts, trained.g], [trained.rows, trained.columns])
        return parts

    def fusible(self, places: Sequence[Place], p: Sequence[Views], *, frozen: bool) -> list[Layer]:
        """Return the layers after the first of these that are computed together with it, see `FUSED`."""
        kinds = FUSED.get(type(places[0].layer), ())
        chosen = []
        for place, views, kind in zip(places[1:], p[1:], kinds, strict=False):
            active = type(place.layer) is kind and not (kind is Dropout and (frozen or views.frozen))
            if not active or place.layer.timed or (isinstance(place.layer, Dropout) and place.layer.rate == 0):
                break
            chosen.append(place.layer)
        return chosen

    def bias(self, fused: Sequence[Layer], b: int, y: int, size: int, numbers: Sequence[float]) -> float:
        """Write ``f y + m b``, with ReLU and dropout if they follow; return the scale of the dropout, or 1."""
        program = self.program
        if len(fused) == 2:
            bits, threshold, scale = self.mask(fused[1], size)
            program.add(dense.bias_relu_dropout, [y, b], [size, bits, threshold], [*numbers, scale, 0.0])
            return scale
        if fused:
            program.add(dense.bias_relu, [y, b], [size], [*numbers, 0.0])
        else:
            program.add(dense.bias, [y, b], [size], numbers)
        return 1.0

    def bits(self, size: int) -> int:
        """Write the drawing of a dropout's random bits; return their address."""
        self.drawn.append(size)
        bits = self.program.room(-(-self.program.batch * size // 4) * 8 + 8)  # a word more, if they begin within one
        self.program.add(dropout.draw_bits, [], [bits, self.generators, size])
        return bits

    def mask(self, layer: Layer, size: int) -> tuple[int, int, float]:
        """Write the drawing of a dropout's random bits; return their address, the threshold to be kept, and the scale."""
        assert isinstance(layer, Dropout)
        assert not callable(layer.rate)
        threshold, scale = rounded(layer.rate, self.program.dtype)
        return self.bits(size), threshold, float(scale)


def factors(place: Place, inputs: int) -> tuple[float, float]:
    """Return the factors of ``x W`` and of the bias."""
    layer = place.layer
    return (1 / math.sqrt(inputs), layer.multiple) if isinstance(layer, NTKDense) else (1.0, 1.0)
