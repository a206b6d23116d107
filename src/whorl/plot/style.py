"""What all plots share: colours and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from whorl._core import validation
from whorl._core.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ["#004488", "#DDAA33", "#BB5566", "#88CCEE", "#F0E442", "#997700", "#44AA99", "#882255"]
"""Colours of classes. The first three are the scheme "high-contrast" of Paul Tol (2021, Colour Schemes, SRON technical note), which
also differ in grey; the others are from his schemes and that of Okabe and Ito (2008), in the order in which the colours so far differ
most, also for readers with any of the three kinds of colour blindness.
"""

LINE_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#666666"]
"""Colours for lines: the palette of Okabe and Ito without yellow, which is hard to see on white."""

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
    if not hasattr(ax, "get_figure"):
        raise TypeError(
            f"ax must be one Axes of matplotlib, such as axes[0] of plt.subplots(1, 2), got {validation.show(ax)}"
        )
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax


def rgb(classes: int) -> Array:
    """Return a colour for each class, (k, 3) in [0, 1]; after eight they repeat."""
    from matplotlib.colors import to_rgb

    return np.array([to_rgb(COLOURS[c % len(COLOURS)]) for c in range(classes)])


def class_names(classes: Sequence[str] | None, k: int) -> list[str]:
    """Return the names of k classes, by default their numbers; raise ValueError if there are more or fewer names."""
    if classes is None:
        return [f"class {c}" for c in range(k)]
    if isinstance(classes, str) or len(classes) != k:
        raise ValueError(f"classes must be the names of {k} classes, got {validation.show(classes)}")
    return [str(name) for name in classes]
