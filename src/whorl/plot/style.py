"""What all plots share: colours and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
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

LINE_STYLES = ("-", "--", "-.", ":")
"""Styles of lines that follow each other, which can also be told apart without colour."""

SIGNED = "cividis"
"""The colour map of values of both signs, symmetric about 0: grey is 0, blue is below it and yellow above, also for readers with colour
blindness; and in print without colour, darker is below and lighter above.
"""

POINTS = 2000
"""With more points than this, a scatter plot is an image within vector files, which would be large and slow otherwise."""


def new_figure(figsize: tuple[float, float]) -> Figure:
    """Return an empty figure that no window shows; raise ImportError if matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401

        from whorl.plot.picture import Picture
    except ImportError as error:
        raise ImportError("whorl.plot needs matplotlib, which the extra whorl[plot] installs") from error
    return Picture(layout="constrained", figsize=figsize)


def axes(ax: Axes | None, figsize: tuple[float, float]) -> Axes:
    """Return the axes given, or those of a new figure of this size in inches."""
    if ax is None:
        figure = new_figure(figsize)
        from whorl.plot.picture import PictureAxes

        return figure.add_subplot(axes_class=PictureAxes)
    if not hasattr(ax, "get_figure"):
        raise TypeError(
            f"ax must be one Axes of matplotlib, such as axes[0] of plt.subplots(1, 2), got {validation.show(ax)}"
        )
    return ax


def plain(ax: Axes) -> None:
    """Give axes a light grid, and no frame at the top and on the right."""
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def legend_below(ax: Axes, *, columns: int = 1, loc: str = "upper center", **more: Any) -> None:
    """Draw the legend below the label of the horizontal axis, where it covers nothing, however high the axes are."""
    from matplotlib.transforms import ScaledTranslation

    figure = ax.get_figure()
    assert figure is not None
    below = ax.transAxes + ScaledTranslation(0, -32 / 72, figure.dpi_scale_trans)  # in inches
    place: dict[str, Any] = {"loc": loc, "bbox_to_anchor": (0.5 * ("center" in loc), 0), "bbox_transform": below}
    ax.legend(frameon=False, fontsize="small", ncols=columns, **place, **more)


def colour_bar(ax: Axes, mapped: ScalarMappable, label: str) -> None:
    """Draw the bar that says what the colours mean."""
    figure = ax.get_figure()
    assert figure is not None
    figure.colorbar(mapped, ax=ax, label=label)


def class_marks(c: int) -> dict[str, Any]:
    """Return the colour and the marker of a class, for `Axes.scatter`: when colours repeat, markers differ."""
    return {"color": COLOURS[c % len(COLOURS)], "marker": MARKERS[(c + c // len(COLOURS)) % len(MARKERS)]}


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
