"""What a model relies on: the importance of columns, the mean prediction over one of them, and the pixels a score is sensitive to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.glassbox import Importance, PartialDependence
from whorl.plot.style import LINE_COLOURS, LINE_STYLES, MARKERS, axes, colour_bar, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 7
"""The most outputs that are drawn, as there are so many colours."""


def importance(result: Importance, *, count: int = 15, ax: Axes | None = None) -> Axes:
    """Draw the importance of columns as bars: the mean over the repeats, with the standard deviation as a line.

    Parameters
    ----------
    result : Importance
        What `whorl.glassbox.permutation_importance` has returned.
    count : int, optional
        The largest number of columns to draw: those of the largest means.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> from whorl.glassbox import permutation_importance
    >>> X, y = whorl.datasets.moons(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(2), whorl.Softmax()], inputs=2, rng=0)
    >>> importance(permutation_importance(model, X, y, loss=whorl.CrossEntropy())).get_xlabel()
    'increase of the loss'
    """
    validation.instance("result", result, Importance, "permutation_importance(model, X, y, loss=…)")
    shown = min(validation.integer("count", count), len(result.columns))
    ax = axes(ax, (6, 1.2 + 0.3 * shown))
    plain(ax)
    at, std = np.arange(shown), result.std[:shown]
    line = {"linewidth": 1.2}
    ax.barh(at, result.mean[:shown], height=0.65, color=LINE_COLOURS[0], xerr=std, error_kw=line, zorder=2)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel=result.change, ylim=(shown - 0.4, -0.6))
    ax.set_yticks(at, result.columns[:shown])
    if shown < len(result.columns):
        ax.set_title(f"the {shown} most important of {len(result.columns):,} columns", fontsize="medium")
    return ax


def partial_dependence(result: PartialDependence, *, ax: Axes | None = None) -> Axes:
    """Draw the mean prediction over the values of a column: a line for numbers and dates, a row of points for each category.

    The marks are at the values of the grid, which for numbers are quantiles: where they are far apart, samples are few.

    Parameters
    ----------
    result : PartialDependence
        What `whorl.glassbox.partial_dependence` has returned.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> from whorl.glassbox import partial_dependence as dependence
    >>> X, y = whorl.datasets.moons(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(2), whorl.Softmax()], inputs=2, rng=0)
    >>> partial_dependence(dependence(model, X, 0)).get_xlabel()
    'feature 0'
    """
    validation.instance("result", result, PartialDependence, "partial_dependence(model, X, column)")
    lines = result.prediction.reshape(len(result.grid), -1).T
    mean = "mean prediction" if len(lines) > 1 else f"mean prediction: {result.outputs[0]}"
    categories = result.grid.dtype.kind == "O"
    ax = axes(ax, (5, 3.4))
    plain(ax)
    for i, (line, name) in enumerate(zip(lines[:MOST_LINES], result.outputs, strict=False)):
        marks: dict[str, Any] = {"color": LINE_COLOURS[i], "marker": MARKERS[i], "label": name}
        if categories:
            ax.plot(line, np.arange(len(line)), linestyle="none", markersize=7, **marks)
        else:
            ax.plot(result.grid, line, LINE_STYLES[i % len(LINE_STYLES)], markersize=3.5, linewidth=1.6, **marks)
    ax.set(xlabel=result.column, ylabel=mean)
    if categories:
        ax.set(xlabel=mean, ylabel=result.column, ylim=(len(result.grid) - 0.5, -0.5))
        ax.set_yticks(np.arange(len(result.grid)), list(result.grid))
    elif result.grid.dtype.kind == "M":
        _three_dates(ax, result.grid)
    if len(lines) > 1:
        legend_below(ax, columns=3)
    if len(lines) > MOST_LINES:
        ax.set_title(f"the first {MOST_LINES} of {len(lines):,} outputs", fontsize="medium")
    return ax


def _three_dates(ax: Axes, dates: Array) -> None:
    """Write three dates on the horizontal axis, which do not overlap: the first, the middle and the last one."""
    first, last = dates[[0, -1]]
    shown: Any = [first, first + (last - first) // 2, last]
    if last - first > np.timedelta64(3, "D"):
        labels = [str(each.astype("M8[D]")) for each in shown]
    else:  # the time of day matters, and not the year
        labels = [str(each)[5:].replace("T", " ") for each in shown]
    ax.set_xticks(shown, labels)


def saliency(values: Any, image: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw which pixels of an image the score of a class is sensitive to: dark is 0, yellow is the largest slope.

    Parameters
    ----------
    values : array_like, shape (height, width), or pixels in a row
        For one image, such as ``whorl.glassbox.saliency(model, X)[0]``; at least 0. Pixels in a row must be those of a square.
    image : array_like of the same shape, optional
        The image. Its outline is drawn in white: where it crosses the middle between its darkest and its lightest pixel.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> from whorl.glassbox import saliency as slopes
    >>> X, y = whorl.datasets.digits()
    >>> model = whorl.Model([whorl.Dense(10), whorl.Softmax()], inputs=64, rng=0)
    >>> saliency(slopes(model, X[:1])[0], X[0]).images[0].get_array().shape
    (8, 8)
    """
    pixels = _image("values", values)
    if (pixels < 0).any():
        raise ValueError(f"values must be at least 0, as whorl.glassbox.saliency returns them, got {pixels.min():g}")
    outline = None if image is None else _image("image", image)
    if outline is not None and outline.shape != pixels.shape:
        raise ValueError(f"image must have the shape of values, {pixels.shape}, got {outline.shape}")
    ax = axes(ax, (4.6, 4))
    drawn = ax.imshow(pixels, cmap="cividis", vmin=0, vmax=pixels.max() or 1, interpolation="nearest")
    if outline is not None and outline.max() > outline.min():
        ax.contour(outline, levels=[(outline.min() + outline.max()) / 2], colors="white", linewidths=1.2)
    ax.axis("off")
    colour_bar(ax, drawn, "slope of the score")
    return ax


def _image(name: str, values: Any) -> Any:
    """Return values as an image (height, width)."""
    array = validation.numeric(name, values, np.dtype(float))
    side = math.isqrt(array.size)
    if array.ndim == 1 and side * side == array.size > 1:
        array = array.reshape(side, side)
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"{name} must be one image of shape (height, width), or the pixels of a square, got {array.shape}"
        )
    return array
