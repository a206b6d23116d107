"""The summary of a model, as a text table."""

from __future__ import annotations

from collections.abc import Iterator

from whorl._core import html
from whorl._core.text import Table, align
from whorl._core.types import Shape
from whorl.layers import Layer
from whorl.layers.chain import Place, walk
from whorl.stack import Stack

LONGEST = 60
"""The most characters of a layer with layers inside it."""


def summary(model: Stack) -> Table:
    """Return a table of the layers, their output shapes and their numbers of parameters."""
    rows, _ = _rows(model)
    return align(rows, right={2})


def html_summary(model: Stack) -> str:
    """Return the table as HTML, with a bar for each layer's share of the parameters."""
    rows, counts = _rows(model)
    largest = max(1, *counts)
    return html.table(rows, {2}, [count / largest for count in counts] + [0.0])


def _rows(model: Stack) -> tuple[list[list[str]], list[int]]:
    """Return the cells of the table, and the numbers of parameters of its rows between the heading and the total."""
    rows, counts = [["layer", "output", "parameters", ""], ["input", sizes(model.inputs), "0", ""]], [0]
    for i, top in enumerate(model.places):
        for depth, place in _nested(top):
            count = sum(parameter.size for parameter in place.declared.values())
            arrays = "  ".join(f"{name} {parameter.shape}" for name, parameter in place.declared.items())
            if members := _members(place.layer):
                count = sum(parameter.size for each in walk([place]) for parameter in each.declared.values())
                arrays = f"{members} equal members; the first is"
            counts.append(count)
            frozen = "  frozen" if i in model.frozen and place.declared else ""
            rows.append(["  " * depth + short_code(place.layer), sizes(place.outputs), f"{count:,}", arrays + frozen])
    total = f"{model.parameters.size + model.statistics.size:,}"
    rows.append(["total", "", total, f"{model.dtype.name}, {model.parameters.size:,} trained by gradients"])
    return rows, counts


def _nested(place: Place, depth: int = 0) -> Iterator[tuple[int, Place]]:
    """Yield a layer, and those inside it, each with the number of layers around it; of equal members the first."""
    yield depth, place
    for part in place.parts[: len(place.layer.part_rows[0])] if _members(place.layer) else place.parts:
        yield from _nested(part, depth + 1)


def _members(layer: Layer) -> int:
    """Return how many equal rows of layers a layer has, 0 if it has one, or different ones."""
    return len(layer.part_rows) if len(layer.part_rows) > 1 and len(set(layer.part_rows)) == 1 else 0


def short_code(layer: Layer) -> str:
    """Return the code of a layer, without the layers inside it if that is long."""
    text = repr(layer)
    return text if len(text) <= LONGEST or not layer.parts else f"{type(layer).__name__}(…)"


def sizes(shape: Shape) -> str:
    """Return a shape as text: 28 x 28."""
    return " x ".join(map(str, shape))
