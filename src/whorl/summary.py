"""The summary of a model, as a text table."""

from __future__ import annotations

from collections.abc import Iterator

from whorl._core import html
from whorl._core.text import Table, align
from whorl._core.types import Shape
from whorl.layers.chain import Place
from whorl.stack import Stack


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
            counts.append(count)
            arrays = "  ".join(f"{name} {parameter.shape}" for name, parameter in place.declared.items())
            frozen = "  frozen" if i in model.frozen and place.declared else ""
            rows.append(["  " * depth + repr(place.layer), sizes(place.outputs), f"{count:,}", arrays + frozen])
    total = f"{model.parameters.size + model.statistics.size:,}"
    rows.append(["total", "", total, f"{model.dtype.name}, {model.parameters.size:,} trained by gradients"])
    return rows, counts


def _nested(place: Place, depth: int = 0) -> Iterator[tuple[int, Place]]:
    """Yield a layer, and those inside it, each with the number of layers around it."""
    yield depth, place
    for part in place.parts:
        yield from _nested(part, depth + 1)


def sizes(shape: Shape) -> str:
    """Return a shape as text: 28 x 28."""
    return " x ".join(map(str, shape))
