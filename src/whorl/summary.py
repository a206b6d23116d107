"""A model as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whorl._core.text import Table, align
from whorl._core.types import Shape
from whorl.layers import chain

if TYPE_CHECKING:
    from whorl.model import Model


__all__ = ["Table", "summary"]


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
