"""How the layers for tables are written into a program. As in the layers themselves, the backward pass stands in the forward pass.

What a layer computes is explained in `whorl.layers`; here is only where it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np

from whorl.engine.dense_writer import Backward, DenseWriter
from whorl.engine.kernels import activations, embedding, periodic, tabular
from whorl.engine.program import address
from whorl.layers import Embedding, Layer, Parametric, PeriodicEmbedding, RankScale, RobustScale, Scale
from whorl.layers.chain import Place
from whorl.parameters import Views


class TabularWriter(DenseWriter):
    """Writes the passes through layers for tables: base of `Writer`."""

    def robust_scale(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write ``y = z / √(1 + (z / limit)²)`` with ``z = (x − median) / range``."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, RobustScale)
        y, numbers = program.batch_array(size), [layer.limit, 1.0]
        program.add(tabular.robust, [x, address(p.median), address(p.factor), y], [size], numbers)

        def backward(dy: int, needed: bool) -> int:
            program.add(tabular.robust_back, [dy, x, address(p.median), address(p.factor)], [size], numbers)
            return dy

        return y, backward

    def rank_scale(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write the ranks of features among the knots."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, RankScale)
        y, slope = program.batch_array(size), program.batch_array(size)
        arrays = [x, address(p.knots), address(p.last), y, slope]
        program.add(tabular.rank, arrays, [size, layer.knots], [layer.SPREAD, 2.0, 1.0, 0.0])

        def backward(dy: int, needed: bool) -> int:
            program.add(activations.multiply, [dy, slope], [size])
            return dy

        return y, backward

    def scale(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write ``y = (1 + m s) x``."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, Scale)
        y = program.batch_array(size)
        program.add(tabular.scale_features, [x, address(p.s), y], [size], [layer.multiple, 1.0])

        def backward(dy: int, needed: bool) -> int:
            factors = self.train(place, "s", p, g, frozen=frozen)
            if not frozen:
                program.add(tabular.scale_features_back, [dy, x, self.parts(factors)], [size], [layer.multiple, 0.0])
            if needed:
                program.add(tabular.scale_features, [dy, address(p.s), dy], [size], [layer.multiple, 1.0])
            return dy

        return y, backward

    def periodic_embedding(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write waves of some columns. A thread computes the gradients of some features from all samples."""
        layer, program, size, (count, k, mixes) = place.layer, self.program, prod(place.outputs), p.v.shape
        assert isinstance(layer, PeriodicEmbedding)
        d = size - count * mixes
        chosen = layer.chosen(d)
        others = np.delete(np.arange(d), chosen)
        y, (space, own) = program.batch_array(size), program.scratch(periodic.workspace(layer.dimension))
        integers = [d, count, k, layer.dimension, program.constant(chosen), program.constant(others), own]
        numbers = [2 * math.pi, layer.multiple, 0.0]
        w, b, v, a = map(address, (p.w, p.b, p.v, p.a))
        program.add(periodic.periodic, [x, w, b, v, a, y, space], integers, numbers)

        def backward(dy: int, needed: bool) -> int:
            dx = program.batch_array(d) if needed else 0
            if needed:
                program.add(periodic.periodic_inputs, [x, dy, w, b, v, dx, space], integers, numbers)
            trained = [self.train(place, name, p, g, frozen=frozen) for name in "wbva"]
            gradients = [each.g for each in trained]
            trained[0].gradient(periodic.periodic_gradients, [x, dy, w, b, v, *gradients, space], integers, numbers)
            return dx

        return y, backward

    def embedding(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write rows of a table. A thread computes the gradients of some rows from all samples."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, Embedding)
        count, m, table = len(layer.chosen), layer.dimension, address(p.w)
        d = size - count * (m - 1)
        others, starts = np.delete(np.arange(d), layer.chosen), [*accumulate(layer.categories, initial=0)]
        columns = [program.constant(each) for each in (layer.chosen, others, starts)]
        integers = [d, count, m, *columns, program.room(8 * program.batch * count)]
        numbers, y = [embedding.TOLERANCE, 0.5, 0.0], program.batch_array(size)
        program.add(embedding.embedding, [x, table, y], integers, numbers)

        def backward(dy: int, needed: bool) -> int:
            rows = self.train(place, "w", p, g, frozen=frozen)
            rows.gradient(embedding.embedding_gradients, [dy, rows.g], integers, numbers)
            dx = program.batch_array(d) if needed else 0
            if needed:
                program.add(embedding.embedding_inputs, [dy, dx], integers, numbers)
            return dx

        return y, backward

    def parametric(
        self, place: Place, p: Views, g: Views, x: int, fused: Sequence[Layer], *, frozen: bool
    ) -> tuple[int, Backward]:
        """Write a learned mix of an element-wise activation and no activation, and the dropout that follows it."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, Parametric)
        known = activations.activation(layer.activation)
        assert known is not None
        kernel, numbers = known
        f, slope, y = (program.batch_array(size) for _ in range(3))
        program.add(kernel, [x, f, slope], [size], numbers)
        arrays, numbers = [x, f, slope, address(p.a), y], [layer.multiple, 1.0]
        if fused:
            bits, threshold, keep = self.mask(fused[0], size)
            program.add(tabular.parametric_dropout, arrays, [size, bits, threshold], [*numbers, keep, 0.0])
        else:
            program.add(tabular.parametric, arrays, [size], numbers)

        def backward(dy: int, needed: bool) -> int:
            share = self.train(place, "a", p, g, frozen=frozen)
            if frozen:
                program.add(activations.multiply, [dy, slope], [size])
            else:
                parts = self.parts(share)
                program.add(tabular.parametric_back, [dy, f, slope, parts], [size], [layer.multiple, 0.0])
            return dy

        return y, backward
