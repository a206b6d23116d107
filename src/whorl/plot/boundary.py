"""The decision boundary of a classifier with two inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.metrics.validation import classes
from whorl.plot.style import COLOURS, MARKERS, axes, rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whorl.model import Model

STRENGTH = 0.45
"""How much colour the background has, from 0 (white) to 1: light enough for the samples to stand out."""


def decision_boundary(model: Model, X: Any, y: Any, *, ax: Axes | None = None, resolution: int = 300) -> Figure:
    """Draw the samples, and behind them the class probabilities that the model predicts all over the plane.

    The colours of the classes are mixed according to their probabilities. Black lines are decision boundaries: there, the
    most probable class changes.

    Parameters
    ----------
    model : Model
        With 2 inputs. Its outputs are probabilities: (n, k), or that of class 1, (n, 1).
    X : array_like, shape (n, 2)
        The samples.
    y : array_like, shape (n,), (n, k) or (n, 1)
        Labels: integers or one-hot rows; for one output, 0 and 1.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into.
    resolution : int, optional
        Number of grid points along each axis, at least 2.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    >>> decision_boundary(model, X, y).savefig("/dev/null", format="png")
    """
    if model.inputs != (2,) or len(model.outputs) != 1:
        raise ValueError(
            f"decision_boundary draws models from (2,) to (k,), got one from {model.inputs} to {model.outputs}"
        )
    points = validation.samples("X", X, model.inputs, np.dtype(np.float64))
    if model.outputs == (1,) and np.ndim(y) == 1:
        y = np.asarray(y)[:, None]
    target, _, k = classes(y, model.predict(points))
    resolution = validation.integer("resolution", resolution, minimum=2)
    figure, ax = axes(ax, (6, 6))

    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(high - low, 1e-3)
    (x0, y0), (x1, y1) = low - 0.05 * size, high + 0.05 * size
    across, up = np.linspace(x0, x1, resolution), np.linspace(y0, y1, resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    p = model.predict(grid)
    p = (np.hstack([1 - p, p]) if p.shape[1] == 1 else p).reshape(resolution, resolution, k)

    ax.imshow(
        np.clip(1 - STRENGTH * (1 - p @ rgb(k)), 0, 1),
        extent=(x0, x1, y0, y1),
        origin="lower",
        aspect="equal" if 1 / 3 < size[0] / size[1] < 3 else "auto",
        interpolation="bilinear",
    )
    _draw_boundaries(ax, across, up, p)
    _draw_samples(ax, points, target)
    ax.set(xlabel="x1", ylabel="x2", title="Decision boundary")
    return figure


def _draw_boundaries(ax: Axes, across: Array, up: Array, p: Array) -> None:
    for c in np.unique(p.argmax(axis=-1)):
        lead = p[:, :, c] - np.delete(p, c, axis=-1).max(axis=-1)
        if lead.min() < 0:
            ax.contour(across, up, lead, [0], colors="black", linewidths=0.8)


def _draw_samples(ax: Axes, points: Array, target: Array) -> None:
    """Draw each class with a colour and a marker of its own."""
    area = float(np.clip(8000 / len(points), 8, 30))  # of a marker, in square points
    for c in np.unique(target):
        x1, x2 = points[target == c].T
        ax.scatter(
            x1,
            x2,
            s=area,
            color=COLOURS[c % len(COLOURS)],
            marker=MARKERS[(c + c // len(COLOURS)) % len(MARKERS)],  # when colours repeat, markers differ
            edgecolors="black",
            linewidths=0.3,
            label=f"class {c}",
        )
    ax.legend(
        frameon=False, fontsize="small", ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.09), handletextpad=0
    )
