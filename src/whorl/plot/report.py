"""One picture of a training run."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from whorl.model import Model
from whorl.plot.boundary import decision_boundary
from whorl.plot.curves import curve, learning_rate


def report(model: Model, X: Any, y: Any, history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the decision boundary over the samples, and loss, accuracy and learning rate over the epochs.

    Parameters
    ----------
    model, X, y
        As in `decision_boundary`.
    history : History
        From `Model.fit`, with ``metrics=["accuracy"]``.

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
    figure = Figure(figsize=(12, 7), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=[1.25, 1])
    decision_boundary(model, X, y, ax=figure.add_subplot(grid[:, 0]))
    curve(history, "loss", ax=figure.add_subplot(grid[0, 1]))
    curve(history, "accuracy", ax=figure.add_subplot(grid[1, 1]))
    learning_rate(history, ax=figure.add_subplot(grid[2, 1]))
    return figure
