"""What all plots share: colours and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def new_figure(figsize: tuple[float, float]) -> Figure:
    """Return an empty figure that no window shows; raise ImportError if matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401

        from whorl.plot.picture import Picture
    except ImportError as error:
        raise ImportError("whorl.plot needs matplotlib, which the extra whorl[plot] installs") from error
    return Picture(layout="constrained", figsize=figsize)


def axes(ax: Axes | None, figsize: tuple[float, float]) -> tuple[Figure, Axes]:
    """Return the axes given and their figure, or those of a new figure of this size in inches."""
    if ax is None:
        ax = new_figure(figsize).add_subplot()
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax


def rgb(classes: int) -> Array:
    """Return a colour for each class, (k, 3) in [0, 1]; after eight they repeat."""
    from matplotlib.colors import to_rgb

    return np.array([to_rgb(COLOURS[c % len(COLOURS)]) for c in range(classes)])
