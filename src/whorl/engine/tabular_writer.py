"""How the layers for tables are written into a program. As in the layers themselves, the backward pass stands in the forward pass.

What a layer computes is explained in `whorl.layers`; here is only where it is computed.
"""

from __future__ import annotations

from math import prod

from whorl._core.types import Array
from whorl.engine.dense_writer import Backward, DenseWriter
from whorl.engine.kernels import activations, tabular
from whorl.engine.parameters import Trained
from whorl.engine.program import address
from whorl.layers import Parametric
from whorl.layers.chain import Place
from whorl.parameters import Views


class TabularWriter(DenseWriter):
    """Writes the passes through layers for tables: base of `Writer`."""

    def parametric(self, place: Place, p: Views, g: Views, x: int, frozen: bool) -> tuple[int, Backward]:
        """Write a learned mix of an element-wise activation and no activation."""
        layer, program, size = place.layer, self.program, prod(place.outputs)
        assert isinstance(layer, Parametric)
        known = activations.activation(layer.activation)
        assert known is not None
        kernel, numbers = known
        f, slope, y = (program.batch_array(size) for _ in range(3))
        program.add(kernel, [x, f, slope], [size], numbers)
        program.add(tabular.parametric, [x, f, slope, address(p.a), y], [size], [layer.multiple, 1.0])

        def backward(dy: int, needed: bool) -> int:
            share = self.train(p.a, g.a, frozen=frozen)
            if frozen:
                program.add(activations.multiply, [dy, slope], [size])
            else:
                parts = self.parts(share)
                program.add(tabular.parametric_back, [dy, f, slope, parts], [size], [layer.multiple, 0.0])
            return dy

        return y, backward

    def train(self, p: Array, g: Array, *, frozen: bool) -> Trained:
        """Add an array without penalties to what is trained, whose rows are the elements of its first axis, and return it."""
        rows = len(p)
        self.trained.append(Trained(address(p), address(g), rows, p.size // rows, frozen))
        return self.trained[-1]
