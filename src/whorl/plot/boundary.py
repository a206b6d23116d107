"""The decision boundary of a classifier with two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.metrics.validation import classes as labels_and_predictions
from whorl.plot.style import POINTS, axes, class_marks, class_names, legend_below, rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from whorl.model import Model

STRENGTH = 0.45
"""How much colour the background has, from 0 (white) to 1: light enough for the samples to stand out."""


def decision_boundary(
    model: Model,
    X: Any,
    y: Any,
    *,
    classes: Sequence[str] | None = None,
    ax: Axes | None = None,
    resolution: int = 300,
) -> Axes:
    """Draw the samples, and behind them the class probabilities that the model predicts all over the plane.

    The colours of the classes are mixed according to their probabilities. Black lines are decision boundaries: there, the
    most probable class changes. Each class has a marker of its own. Samples on the wrong side of a boundary, which are mistakes of
    the model, have a thick black edge; the title has their number.

    Parameters
    ----------
    model : Model
        With 2 inputs. Its outputs are probabilities: (n, k), or that of class 1, (n, 1).
    X : array_like, shape (n, 2)
        The samples.
    y : array_like, shape (n,), (n, k) or (n, 1)
        Labels: integers or one-hot rows; for one output, 0 and 1.
    classes : sequence of str, optional
        The names of the classes; by default their numbers.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.
    resolution : int, optional
        Number of grid points along each axis, at least 2.

    Examples
    --------
    >>> import io, whorl
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    >>> ax = decision_boundary(model, X, y)
    >>> ax.figure.savefig(io.BytesIO(), format="png")
    """
    if model.inputs != (2,) or len(model.outputs) != 1:
        raise ValueError(
            f"decision_boundary draws models from (2,) to (k,), got one from {model.inputs} to {model.outputs}"
        )
    points = validation.samples("X", X, model.inputs, np.dtype(np.float64))
    if model.outputs == (1,) and np.ndim(y) == 1:
        y = np.asarray(y)[:, None]
    target, predicted, k = labels_and_predictions(y, model.predict(points))
    names = class_names(classes, k)
    resolution = validation.integer("resolution", resolution, minimum=2)

    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(high - low, 1e-3)
    similar = 1 / 3 < size[0] / size[1] < 3
    ax = axes(ax, (6, float(5 * size[1] / size[0] + 1) if similar else 6.0))
    (x0, y0), (x1, y1) = low - 0.05 * size, high + 0.05 * size
    across, up = np.linspace(x0, x1, resolution), np.linspace(y0, y1, resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    p = model.predict(grid)
    p = (np.hstack([1 - p, p]) if p.shape[1] == 1 else p).reshape(resolution, resolution, k)

    ax.imshow(
        np.clip(1 - STRENGTH * (1 - p @ rgb(k)), 0, 1),
        extent=(x0, x1, y0, y1),
        origin="lower",
        aspect="equal" if similar else "auto",
        interpolation="bilinear",
    )
    _draw_boundaries(ax, across, up, p)
    wrong = target != predicted
    _draw_samples(ax, points, target, wrong, names)
    ax.locator_params(nbins=6)
    ax.set(xlabel="x1", ylabel="x2")
    mistakes = f"mistakes: {wrong.sum():,} of {len(points):,} samples"
    ax.set_title(f"Decision boundary ({mistakes})", fontsize="medium")
    return ax


def _draw_boundaries(ax: Axes, across: Array, up: Array, p: Array) -> None:
    for c in np.unique(p.argmax(axis=-1)):
        lead = p[:, :, c] - np.delete(p, c, axis=-1).max(axis=-1)
        if lead.min() < 0:
            ax.contour(across, up, lead, [0], colors="black", linewidths=0.8)


def _draw_samples(ax: Axes, points: Array, target: Array, wrong: Array, names: Sequence[str]) -> None:
    """Draw each class with a colour and a marker of its own, and on top the mistakes, with a thick black edge."""
    area = float(np.clip(30000 / len(points), 12, 36))  # of a marker, in square points
    many = len(points) > POINTS
    right: dict[str, Any] = {"s": area, "edgecolors": "white", "linewidths": 0.2, "rasterized": many}
    mistake: dict[str, Any] = {
        "s": 1.3 * area,
        "edgecolors": "black",
        "linewidths": 0.9,
        "rasterized": many,
        "zorder": 2,
    }
    for c in np.unique(target):
        x1, x2 = points.T
        is_right, is_wrong = (target == c) & ~wrong, (target == c) & wrong
        ax.scatter(x1[is_right], x2[is_right], label=names[c], **class_marks(c), **right)
        ax.scatter(x1[is_wrong], x2[is_wrong], **class_marks(c), **mistake)
    if wrong.any():
        ax.scatter([], [], color="white", label="mistake", **mistake)
    legend_below(ax, columns=5, handletextpad=0)
