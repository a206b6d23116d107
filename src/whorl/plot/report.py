"""One picture of a training run."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from whorl.model import Model
from whorl.plot.boundary import decision_boundary
from whorl.plot.curves import curve, learning_rate


def report(model: Model, X: Any, y: Any, history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the decision boundary over the samples, if they are points of the plane, and loss, metric and learning rate.

    Parameters
    ----------
    model, X, y
        As in `decision_boundary`; None for X and y leaves it out.
    history : History
        From `Model.fit`; of the metrics the first is drawn.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    >>> history = {"loss": [1.1], "accuracy": [0.4], "learning_rate": [0.1]}
    >>> len(report(model, X, y, history).axes)
    4
    """
    others = [name for name in history if name not in ("loss", "penalty", "learning_rate") and name[:4] != "val_"]
    metric = others[0] if others else "penalty"
    figure = Figure(figsize=(12, 7), layout="constrained")
    if model.inputs == (2,) and X is not None:
        grid = figure.add_gridspec(3, 2, width_ratios=[1.25, 1])
        decision_boundary(model, X, y, ax=figure.add_subplot(grid[:, 0]))
        places = [grid[i, 1] for i in range(3)]
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[2, 1])
        places = [grid[0, 0], grid[0, 1], grid[1, :]]
    curve(history, "loss", ax=figure.add_subplot(places[0]))
    curve(history, metric, ax=figure.add_subplot(places[1]))
    learning_rate(history, ax=figure.add_subplot(places[2]))
    return figure
