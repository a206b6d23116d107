"""How `Dense` layers are written into a program, with the activation and the dropout that follow them.

What they compute is explained in `whorl.layers`; here is only where it is computed, and by which kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from whorl.engine.compiling import Kernel
from whorl.engine.kernels import dense, dropout
from whorl.engine.parameters import Trained
from whorl.engine.program import Program, address
from whorl.layers import Dropout, Layer, ReLU
from whorl.layers.chain import Place
from whorl.layers.dropout import rounded
from whorl.parameters import Views

FEW = 8
"""Up to so many inputs or outputs, loops of our own are faster than BLAS."""

LARGE = 2**20
"""From so many weights on, a thread multiplies all samples with some columns, not some samples with all columns: BLAS copies the
weights that it multiplies with into another order, and then each thread copies only its own."""

Backward: TypeAlias = Callable[[int, bool], int]
"""From the address of dL/dy, and whether dL/dx is needed, to the address of dL/dx."""


class DenseWriter:
    """Writes the passes through `Dense` layers: base of `Writer`.

    Parameters
    ----------
    program : Program
    blas : int
        The address of the matrix product.
    generators : int
        The address of the threads' random generators.
    """

    def __init__(self, program: Program, blas: int, generators: int) -> None:
        self.program, self.blas, self.generators = program, blas, generators
        self.trained: list[Trained] = []
        """The arrays to train, in the order of the backward pass, with the operations for their gradients."""
        self.drawn: list[int] = []
        """How many random numbers a sample draws in each layer with dropout."""

    def dense(
        self, place: Place, p: Views, g: Views, x: int, fused: Sequence[Layer], *, frozen: bool
    ) -> tuple[int, Backward]:
        """Write ``y = x W + b``, and the activation and the dropout that follow it."""
        program = self.program
        i, j = p.w.shape
        w, y = address(p.w), program.batch_array(j)
        wt = program.array(program.workers, i, j) if j <= FEW else 0
        if j <= FEW:
            program.add(dense.transpose, [w, wt], [i, j])
            program.add(dense.narrow, [x, wt, y], [i, j], [0.0])
        elif i <= FEW:
            program.add(dense.wide, [x, w, y], [i, j])
        else:
            self.product(dense.product, dense.product_columns, [x, w, y], i, j)
        scale = self.bias(fused, address(p.b), y, j)

        def backward(dy: int, needed: bool) -> int:
            if fused:
                program.add(dense.relu_back, [dy, y], [j], [scale, 0.0])
            dx = program.batch_array(i) if needed else 0
            if needed and j <= FEW:
                program.add(dense.narrow_inputs, [dy, wt, dx], [i, j])
            elif needed:
                self.product(dense.product_inputs, dense.product_inputs_columns, [dy, w, dx], i, j)
            self.weights_and_biases(place, p, g, x, dy, frozen=frozen)
            return dx

        return y, backward

    def product(self, by_rows: Kernel, by_columns: Kernel, arrays: Sequence[int], i: int, j: int) -> None:
        """Write a product with the weights: of many weights, a thread multiplies with some columns."""
        program = self.program
        if i * j < LARGE or program.workers == 1:
            program.add(by_rows, arrays, [i, j, self.blas])
            return
        program.barrier()  # all samples are needed
        program.add(by_columns, arrays, [i, j, self.blas])
        program.barrier()

    def weights_and_biases(self, place: Place, p: Views, g: Views, x: int, dy: int, *, frozen: bool) -> None:
        """Add the weights and biases of a `Dense` layer to what is trained, and write their gradients.

        A thread computes the gradients from its samples, and then sums its share of those of all threads; or, if fewer numbers
        go from one thread to another that way, it computes its rows of dW from all samples.
        """
        program, workers, (i, j) = self.program, self.program.workers, p.w.shape
        weights = Trained.of(place, "w", p.w, g.w, frozen=frozen)
        biases = Trained.of(place, "b", p.b, g.b, frozen=frozen)
        self.trained += [weights, biases]
        if frozen:
            return
        if j <= FEW:
            parts = self.parts(weights)
            program.add(dense.narrow_weights, [x, dy, parts, program.array(workers, i, j)], [i, j], [0.0])
        elif i <= FEW:
            program.add(dense.wide_weights, [x, dy, self.parts(weights)], [i, j], [0.0])
        elif workers > 1 and i * j < program.batch * (i / workers + j):
            program.add(dense.product_weights_part, [x, dy, self.parts(weights)], [i, j, self.blas])
        else:
            weights.gradient(dense.product_weights, [x, dy, weights.g], [i, j, self.blas])
        program.add(dense.column_sums, [dy, self.parts(biases)], [j], [0.0])

    def parts(self, trained: Trained) -> int:
        """Return the address for the gradients from each thread's samples, which are then summed; one thread needs no sum."""
        if self.program.workers == 1:
            return trained.g
        parts = self.program.array(self.program.workers, trained.rows, trained.columns)
        trained.gradient(dense.sum_parts, [parts, trained.g], [trained.rows, trained.columns])
        return parts

    def fusible(self, places: Sequence[Place], p: Sequence[Views], *, frozen: bool) -> list[Layer]:
        """Return the layers after a `Dense` that are computed together with its bias: ReLU, and dropout after that."""
        chosen = []
        for place, views, kind in zip(places, p, (ReLU, Dropout), strict=False):
            active = type(place.layer) is kind and not (kind is Dropout and (frozen or views.frozen))
            if not active or (isinstance(place.layer, Dropout) and place.layer.rate == 0):
                break
            chosen.append(place.layer)
        return chosen

    def bias(self, fused: Sequence[Layer], b: int, y: int, size: int) -> float:
        """Write the bias, with ReLU and dropout if they follow; return the scale of the dropout, or 1."""
        program = self.program
        if len(fused) == 2:
            bits, threshold, scale = self.bits(fused[1], size)
            program.add(dense.bias_relu_dropout, [y, b], [size, bits, threshold], [scale, 0.0])
            return scale
        if fused:
            program.add(dense.bias_relu, [y, b], [size], [0.0])
        else:
            program.add(dense.bias, [y, b], [size])
        return 1.0

    def bits(self, layer: Layer, size: int) -> tuple[int, int, float]:
        """Write the drawing of a dropout's random bits; return their address, the threshold to be kept, and the scale."""
        assert isinstance(layer, Dropout)
        self.drawn.append(size)
        bits = self.program.room(-(-self.program.batch * size // 4) * 8)
        self.program.add(dropout.draw_bits, [], [bits, self.generators, size])
        threshold, scale = rounded(layer.rate, self.program.dtype)
        return bits, threshold, float(scale)
