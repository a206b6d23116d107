"""What all plots share: colours, figures, and the look of line charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#F0E442", "#CC79A7", "#666666"]
"""Colours of classes: the palette of Okabe and Ito (2008), Color Universal Design, with grey for black.

In this order the first few differ most, also when lightened, and for readers with red-green colour blindness.
"""

LINE_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#666666"]
"""Colours for lines: the same without yellow, which is hard to see on white, and those that differ most first."""

MARKERS = "osD^vP*X"
"""A marker for each colour, so that classes can also be told apart without colour."""


def new_figure(**settings: Any) -> Figure:
    """Return an empty figure that no window shows; raise ImportError if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("whorl.plot needs matplotlib: pip install 'whorl[plot]'") from error
    return Figure(layout="constrained", **settings)


def axes(ax: Axes | None, **settings: Any) -> tuple[Figure, Axes]:
    """Return the axes given and their figure, or those of a new figure with these settings."""
    if ax is None:
        ax = new_figure(**settings).add_subplot()
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax


def rgb(classes: int) -> Array:
    """Return a colour for each class, (k, 3) in [0, 1]; after eight they repeat."""
    hexes = [COLOURS[c % len(COLOURS)] for c in range(classes)]
    return np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in hexes])


def line_chart(ax: Axes, *, xlabel: str, ylabel: str) -> None:
    """Label the axes of a line chart, and give it a light grid and no frame."""
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
