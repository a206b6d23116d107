"""One figure for a whole training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whorl.layers import Sigmoid, Softmax
from whorl.plot.boundary import decision_boundary
from whorl.plot.lines import curve, learning_rate
from whorl.plot.results import confusion_matrix, predicted_against_true, worst_images
from whorl.plot.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

    from whorl.model import Model


def report(
    model: Model,
    X: Any,
    y: Any,
    history: Mapping[str, Sequence[float]],
    *,
    classes: Sequence[str] | None = None,
    images: bool = False,
    start: Mapping[str, float] | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw loss, metric and learning rate over the epochs and, beside them, what the model makes of some samples.

    That is the decision boundary for a classifier with 2 inputs; the confusion matrix for another one, and for images the worst
    mistakes; the predictions over the truth for a regression.

    Parameters
    ----------
    model : Model
    X, y : array_like or None
        The samples, best those that the model was not trained on, and their labels or numbers. None draws the lines only.
    history : History
        From `Model.fit`. Its first metric is drawn; without metrics, the penalty, if there is one.
    classes : sequence of str, optional
        The names of the classes; by default their numbers, or those that the model has learned.
    images : bool, optional
        Whether the samples are images, square if they are rows of pixels.
    start : mapping, optional
        Values before the first epoch, by name, to draw at epoch 0.
    figure : matplotlib.figure.Figure, optional
        The figure to draw into, which is returned, as each panel has axes of its own; by default a new one.

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
    figure = new_figure((8 if X is None else 12, 7)) if figure is None else figure
    charts: FigureBase = figure
    if X is not None:
        left, charts = figure.subfigures(1, 2, width_ratios=[1.15, 1], squeeze=False)[0]
        _results(left, model, X, y, classes or model.classes or None, images=images)
    axes = charts.subplots(len(columns) + 1, 1)
    for ax, name in zip(axes, columns, strict=False):
        curve(history, name, start=start, ax=ax)
    learning_rate(history, ax=axes[-1])
    return figure


def _results(figure: FigureBase, model: Model, X: Any, y: Any, classes: Sequence[str] | None, *, images: bool) -> None:
    """Draw what the model makes of the samples."""
    if not (isinstance(model.layers[-1], Softmax | Sigmoid) or model.outputs[-1] > 1):
        predicted_against_true(y, model.predict(X), name=_target(model), ax=figure.add_subplot())
    elif model.inputs == (2,):
        decision_boundary(model, X, y, classes=classes, ax=figure.add_subplot())
    else:
        prediction = model.predict(X)
        parts = figure.subfigures(2, 1, height_ratios=[1.6, 1], squeeze=False)[:, 0] if images else [figure]
        confusion_matrix(y, prediction, classes=classes, ax=parts[0].add_subplot())
        if images:
            worst_images(X, y, prediction, classes=classes, figure=parts[1])


def _target(model: Model) -> str:
    """Return the name of the column that the model predicts, or ""."""
    target = model.preparation and model.preparation.target
    return target.name if target else ""


def _metric(history: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the name of the first metric, else the penalty unless it is always 0, else nothing."""
    metrics = [name for name in history if name not in ("loss", "penalty", "learning_rate") and name[:4] != "val_"]
    if not metrics and any(history.get("penalty", ())):
        metrics = ["penalty"]
    return metrics[:1]
