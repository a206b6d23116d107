"""The learning-rate range test: the loss over the rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whorl._core import validation
from whorl.glassbox.learning_rate import LearningRateSearch
from whorl.plot.style import LINE_COLOURS, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def learning_rate_search(result: LearningRateSearch, *, ax: Axes | None = None) -> Axes:
    """Draw the losses of a learning-rate range test over the rates, their moving average, and the suggestion.

    Parameters
    ----------
    result : LearningRateSearch
        What `whorl.find_learning_rate` has returned.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> from whorl import Adam, CrossEntropy, Dense, Model, Softmax
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    >>> found = whorl.find_learning_rate(model, X, y, loss=CrossEntropy(), optimizer=Adam(), rng=0)
    >>> learning_rate_search(found).get_xscale()
    'log'
    """
    validation.instance("result", result, LearningRateSearch, "whorl.find_learning_rate(model, X, y, …)")
    ax = axes(ax, (6, 3.8))
    plain(ax)
    ax.scatter(result.rates, result.losses, s=6, color=LINE_COLOURS[6], alpha=0.4, label="loss of a batch")
    ax.plot(result.rates, result.smoothed, color=LINE_COLOURS[0], linewidth=1.8, label="moving average")
    if result.suggestion is not None:
        label = f"suggestion: {result.suggestion:.2g}"
        ax.axvline(result.suggestion, color=LINE_COLOURS[1], linestyle="--", linewidth=1.5, label=label)
    low, high = float(result.smoothed.min()), float(np.quantile(result.smoothed, 0.9))
    room = 0.25 * max(high - low, 0.1 * abs(high))
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss", ylim=(low - room, high + room))
    legend_below(ax, columns=3)
    return ax
