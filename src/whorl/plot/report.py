"""One figure for a whole training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whorl.plot.boundary import decision_boundary
from whorl.plot.lines import curve, learning_rate
from whorl.plot.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

    from whorl.model import Model


def report(model: Model, X: Any, y: Any, history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw loss, metric and learning rate over the epochs and, for a model with 2 inputs, the decision boundary.

    Parameters
    ----------
    model : Model
    X, y : array_like or None
        The samples and labels of a classifier, as in `decision_boundary`. For other models, None.
    history : History
        From `Model.fit`. Its first metric is drawn; without metrics, the penalty, if there is one.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    >>> history = {"loss": [1.1], "accuracy": [0.4], "learning_rate": [0.1]}
    >>> len(report(model, X, y, history).axes)
    4
    """
    columns = ["loss", *_metric(history)]
    figure = new_figure((8, 7))
    charts: FigureBase = figure
    if model.inputs == (2,) and X is not None:
        figure.set_size_inches(12, 7)
        left, charts = figure.subfigures(1, 2, width_ratios=[1.15, 1], squeeze=False)[0]
        decision_boundary(model, X, y, ax=left.add_subplot())
    axes = charts.subplots(len(columns) + 1, 1)
    for ax, name in zip(axes, columns, strict=False):
        curve(history, name, ax=ax)
    learning_rate(history, ax=axes[-1])
    return figure


def _metric(history: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the name of the first metric, else the penalty unless it is always 0, else nothing."""
    metrics = [name for name in history if name not in ("loss", "penalty", "learning_rate") and name[:4] != "val_"]
    if not metrics and any(history.get("penalty", ())):
        metrics = ["penalty"]
    return metrics[:1]
