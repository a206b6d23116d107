"""The arrays that a program trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from whorl._core.types import Array
from whorl.engine.compiling import Kernel
from whorl.engine.program import Operation, address
from whorl.layers import Dense
from whorl.layers.chain import Place


@dataclass
class Trained:
    """An array of parameters: of its rows, each thread computes the gradients of its share, and updates them.

    Parameters
    ----------
    p, g : int
        The addresses of the parameters and of their gradients.
    rows, columns : int
    frozen : bool
        Whether the parameters stay as they are.
    l1, l2 : float
        Strengths of the penalties.
    max_norm : float or None
        The largest norm of a column.
    decay : float
        Factor of the optimizer's weight decay.
    operations : list of Operation
        What computes the gradients, once the backward pass is done.
    """

    p: int
    g: int
    rows: int
    columns: int
    frozen: bool
    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None
    decay: float = 1.0
    operations: list[Operation] = field(default_factory=list)

    @classmethod
    def of(cls, place: Place, name: str, p: Array, g: Array, *, frozen: bool) -> Self:
        """Return the array that a layer declares by this name; its rows are the elements of its first axis."""
        declared = next(place.declared[full] for full, own in place.names.items() if own == name)
        layer = place.layer
        limit = layer.max_norm if isinstance(layer, Dense) and p.ndim == 2 and not frozen else None
        rows, columns = len(p), p.size // len(p)
        return cls(address(p), address(g), rows, columns, frozen, declared.l1, declared.l2, limit, declared.decay)

    def gradient(
        self, kernel: Kernel, arrays: Sequence[int], integers: Sequence[int], numbers: Sequence[float] = ()
    ) -> None:
        """Say which kernel computes the gradients."""
        if not self.frozen:
            self.operations.append(Operation(kernel, tuple(arrays), tuple(integers), tuple(numbers)))
