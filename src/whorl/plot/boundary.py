"""What a classifier of the plane believes, everywhere."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from whorl._core import validation
from whorl.losses import labels
from whorl.model import Model
from whorl.plot.style import axes, rgb


def decision_boundary(model: Model, X: Any, y: Any, *, ax: Axes | None = None, resolution: int = 300) -> Figure:
    """Draw the samples over the model's belief: each point of the plane in the mixture of the classes' colours.

    Where the model is sure, the colour is pure; where it doubts, the colours mix; black lines are where the most probable
    class changes.

    Parameters
    ----------
    model : Model
        With 2 inputs and probabilities (n, k) for outputs.
    X : array_like, shape (n, 2)
    y : array_like, shape (n,) or (n, k)
        Labels.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    resolution : int, optional
        Points along each side of the grid that is asked.

    Returns
    -------
    matplotlib.figure.Figure

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
    target = labels(y, model.outputs[0])
    resolution = validation.integer("resolution", resolution, minimum=2)
    figure, ax = axes(ax, figsize=(6, 6))

    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.05 * np.maximum(high - low, 1e-3)
    (x0, y0), (x1, y1) = low - margin, high + margin
    across, up = np.linspace(x0, x1, resolution), np.linspace(y0, y1, resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    belief = model.predict(grid).reshape(resolution, resolution, -1)

    colours = rgb(model.outputs[0])
    mixture = 1 - 0.55 * (1 - belief @ colours)  # lightened, so that the samples stand out
    ax.imshow(np.clip(mixture, 0, 1), extent=(x0, x1, y0, y1), origin="lower", aspect="equal", interpolation="bilinear")
    for c in np.unique(belief.argmax(axis=-1)):
        others = np.delete(belief, c, axis=-1).max(axis=-1, initial=0)
        lead = belief[:, :, c] - others
        if lead.min() < 0:
            ax.contour(across, up, lead, [0], colors="black", linewidths=0.7)
    ax.scatter(points[:, 0], points[:, 1], c=0.75 * colours[target], s=6, edgecolors="white", linewidths=0.2)
    ax.set(xlabel="x1", ylabel="x2", title="what the network believes")
    return figure
