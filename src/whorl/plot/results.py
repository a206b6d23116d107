"""What a model predicts, beside what is true: the confusion matrix, numbers, and the images that it gets most wrong.

Letters: n samples, k classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl.metrics import confusion_matrix as counts
from whorl.metrics.validation import numbers, scores
from whorl.plot.style import LINE_COLOURS, POINTS, axes, class_names, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

WIDEST = 20
"""The most classes of which all names are shown, and the number of samples in each cell."""


def confusion_matrix(y: Any, prediction: Any, *, classes: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the confusion matrix: in row i and column j the number of samples of class i that were predicted as class j.

    The colour is the share of the samples of class i, so that rare classes are as visible as frequent ones.

    Parameters
    ----------
    y, prediction : array_like
        Labels and predictions, as in `whorl.metrics.confusion_matrix`.
    classes : sequence of str, optional
        The names of the classes; by default their numbers.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> ax = confusion_matrix([0, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], classes=["cat", "dog"])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '0', '1']
    """
    matrix = counts(y, prediction)
    k = len(matrix)
    names = list(map(str, range(k))) if classes is None else class_names(classes, k)
    share = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    ax = axes(ax, (6, 5.5))
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    step = -(-k // WIDEST)  # of many classes, every second or third one is named
    ticks = range(0, k, step)
    longest = max(len(name) for name in names[::step])
    ax.set_xticks(ticks, names[::step], rotation="vertical" if longest > 30 / len(ticks) else "horizontal")
    ax.set_yticks(ticks, names[::step])
    if k <= WIDEST:
        size = float(np.clip(120 / k, 7, 11))
        for i in range(k):
            for j in range(k):
                colour = "white" if share[i, j] > 0.5 else "black" if matrix[i, j] else "0.7"
                ax.text(j, i, f"{matrix[i, j]:,}", ha="center", va="center", color=colour, fontsize=size)
    right, n = int(matrix.trace()), int(matrix.sum())
    ax.set(xlabel="predicted", ylabel="true")
    ax.set_title(f"Mistakes: {n - right:,} of {n:,} samples", fontsize="medium")
    return ax


def predicted_against_true(y: Any, prediction: Any, *, name: str = "", ax: Axes | None = None) -> Axes:
    """Draw predicted numbers over true ones: a point for each sample, on the diagonal where the prediction is right.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, 1)
    prediction : array_like, shape (n,) or (n, 1)
    name : str, optional
        What the numbers are, with their unit.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> ax = predicted_against_true([1.0, 2.0, 4.0], [1.5, 2.0, 3.5], name="rooms")
    >>> ax.get_xlabel()
    'true rooms'
    """
    true, predicted = numbers(np.ravel(y), np.ravel(prediction))
    ax = axes(ax, (6, 5.5))
    size, many = float(np.clip(8000 / len(true), 3, 30)), len(true) > POINTS
    ax.scatter(true, predicted, s=size, alpha=0.4, color=LINE_COLOURS[0], linewidths=0, rasterized=many)
    ax.axline((float(true.mean()),) * 2, slope=1, color="black", linewidth=0.8, label="prediction = truth")
    error = math.sqrt(float(np.mean((predicted - true) ** 2)))
    ax.set(xlabel=f"true {name}".strip(), ylabel=f"predicted {name}".strip())
    ax.set_title(f"RMSE {error:.4g} over {len(true):,} samples", fontsize="medium")
    ax.legend(frameon=False)
    return ax


def worst_images(
    X: Any,
    y: Any,
    prediction: Any,
    *,
    shape: tuple[int, int] | None = None,
    classes: Sequence[str] | None = None,
    count: int = 10,
    figure: FigureBase | None = None,
) -> FigureBase:
    """Draw the images whose true class has the least probability, the worst first.

    Parameters
    ----------
    X : array_like, shape (n, height, width) or (n, height · width)
        The images, in grey.
    y : array_like
        The labels, as in `whorl.metrics.accuracy`.
    prediction : array_like, shape (n, k)
        The probabilities of the classes.
    shape : tuple of int, optional
        Height and width of an image, if X has rows of pixels; by default they are square.
    classes : sequence of str, optional
        The names of the classes; by default their numbers.
    count : int, optional
        The largest number of images. Only mistakes are drawn.
    figure : matplotlib.figure.Figure or SubFigure, optional
        The figure to draw into, which is returned, as each image has axes of its own; by default a new one.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.digits()
    >>> model = whorl.Model([whorl.Dense(10), whorl.Softmax()], inputs=64, rng=0)
    >>> figure = worst_images(X, y, model.predict(X), count=3)
    >>> len([ax for ax in figure.axes if ax.images])
    3
    """
    images = validation.numeric("X", X)
    target, p = scores(y, prediction)
    validation.same_length("X", len(images), "y", len(target))
    count = validation.integer("count", count)
    names = list(map(str, range(p.shape[1]))) if classes is None else class_names(classes, p.shape[1])
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        height, width = (side, side) if shape is None else shape
        if height * width != images.shape[1]:
            expected = (
                "a square number of pixels; or give shape"
                if shape is None
                else f"{height} x {width} pixels, as shape says"
            )
            raise ValueError(f"X must have {expected}, got {images.shape[1]} for each sample")
        images = images.reshape(-1, height, width)
    if images.ndim != 3:
        raise ValueError(f"X must have shape (n, height, width) or (n, height · width), got {np.shape(X)}")
    predicted = p.argmax(axis=1)
    wrong = np.flatnonzero(predicted != target)
    worst = wrong[np.argsort(p[wrong, target[wrong]], kind="stable")][:count]
    figure = new_figure((8, 1.9 * max(1, math.ceil(len(worst) / 5)))) if figure is None else figure
    if not len(worst):
        figure.suptitle("No mistakes", fontsize="medium")
        return figure
    panels = figure.subplots(math.ceil(len(worst) / 5), min(5, len(worst)), squeeze=False).ravel()
    for ax in panels:
        ax.axis("off")
    for ax, i in zip(panels, worst, strict=False):
        ax.imshow(images[i], cmap="Greys")
        ax.set_title(f"{names[target[i]]}, not {names[predicted[i]]} ({p[i, predicted[i]]:.2f})", fontsize="small")
    figure.suptitle(f"The worst of {len(wrong):,} mistakes, with the probability of the prediction", fontsize="medium")
    return figure
