"""A model as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whorl.layers import chain
from whorl.types import Shape

if TYPE_CHECKING:
    from whorl.model import Model


class Table(str):
    """Text that a Python prompt shows as it is, line by line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def align(rows: list[list[str]], right: set[int]) -> Table:
    """Lay out rows of cells in columns, those numbered in `right` to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return Table(
        "\n".join(
            "  ".join(
                cell.rjust(width) if i in right else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )
    )


def summary(model: Model) -> Table:
    """Return a table of the layers, the shapes that come out of them, and their numbers of parameters."""
    rows = [["layer", "output", "parameters", ""], ["input", sizes(model.inputs), "0", ""]]
    for place in chain.walk(chain.connect(model.layers, model.inputs)):
        count = sum(parameter.size for parameter in place.declared.values())
        arrays = "  ".join(f"{name} {parameter.shape}" for name, parameter in place.declared.items())
        frozen = "  frozen" if place.layer.frozen and place.declared else ""
        rows.append([repr(place.layer), sizes(place.outputs), f"{count:,}", arrays + frozen])
    total = f"{model.parameters.size + model.statistics.size:,}"
    rows.append(["total", "", total, f"{model.dtype.name}, {model.parameters.size:,} trained by gradients"])
    return align(rows, right={2})


def sizes(shape: Shape) -> str:
    """Write a shape as people say it: 28 x 28."""
    return " x ".join(map(str, shape))
