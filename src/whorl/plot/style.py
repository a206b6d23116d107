"""What all pictures share: colours, and where to draw."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from whorl._core.types import Array

COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#666666"]
"""Okabe and Ito's palette, which colour-blind people can tell apart (Okabe, Ito 2008, Color Universal Design)."""


def axes(ax: Axes | None, **size: Any) -> tuple[Figure, Axes]:
    """Return the axes given and their figure, or new ones; no window and no global state is involved."""
    if ax is None:
        ax = Figure(layout="constrained", **size).add_subplot()
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax


def rgb(classes: int) -> Array:
    """Return a colour for each class, (k, 3) in [0, 1]; they repeat after eight."""
    hexes = [COLOURS[c % len(COLOURS)] for c in range(classes)]
    return np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in hexes])
