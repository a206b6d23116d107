"""The summary of a model, as a text table."""

from __future__ import annotations

from whorl._core.text import Table, align
from whorl._core.types import Shape
from whorl.layers import chain
from whorl.stack import Stack


def summary(model: Stack) -> Table:
    """Return a table of the layers, their output shapes and their numbers of parameters."""
    rows = [["layer", "output", "parameters", ""], ["input", sizes(model.inputs), "0", ""]]
    for i, top in enumerate(model.places):
        for place in chain.walk([top]):
            count = sum(parameter.size for parameter in place.declared.values())
            arrays = "  ".join(f"{name} {parameter.shape}" for name, parameter in place.declared.items())
            frozen = "  frozen" if i in model.frozen and place.declared else ""
            rows.append([repr(place.layer), sizes(place.outputs), f"{count:,}", arrays + frozen])
    total = f"{model.parameters.size + model.statistics.size:,}"
    rows.append(["total", "", total, f"{model.dtype.name}, {model.parameters.size:,} trained by gradients"])
    return align(rows, right={2})


def sizes(shape: Shape) -> str:
    """Return a shape as text: 28 x 28."""
    return " x ".join(map(str, shape))
