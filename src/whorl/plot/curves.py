"""The history of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from whorl._core.hints import did_you_mean
from whorl.plot.style import LINE_COLOURS, axes, line_chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (6, 3.5)
"""Width and height of a new figure, in inches."""


def curve(history: Mapping[str, Sequence[float]], name: str, *, ax: Axes | None = None) -> Figure:
    """Draw a value of the history over the epochs, for training and, where there is one, for validation.

    Parameters
    ----------
    history : History
        From `Model.fit`; any mapping from names to lists works.
    name : str
        ``"loss"``, ``"accuracy"``, or another column of the history.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the history has no such column.

    Examples
    --------
    >>> figure = curve({"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}, "loss")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['training', 'validation']
    """
    if name not in history:
        known = ", ".join(history) or "no epoch yet"
        raise ValueError(f"name must be in the history, which has {known}, got {name!r}{did_you_mean(name, history)}")
    figure, ax = axes(ax, figsize=SIZE)
    _line(ax, history[name], LINE_COLOURS[0], "training")
    if f"val_{name}" in history:
        _line(ax, history[f"val_{name}"], LINE_COLOURS[1], "validation")
    _finish(ax, name.replace("_", " "))
    ax.legend(frameon=False)
    return figure


def learning_rate(history: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Figure:
    """Draw the learning rate over the epochs.

    Parameters
    ----------
    history : History
        From `Model.fit`; any mapping with ``"learning_rate"`` works.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the history has no learning rate.

    Examples
    --------
    >>> learning_rate({"learning_rate": [0.1, 0.05]}).axes[0].get_ylabel()
    'learning rate'
    """
    if "learning_rate" not in history:
        raise ValueError("history must have a learning_rate, got one with no epoch yet")
    figure, ax = axes(ax, figsize=SIZE)
    _line(ax, history["learning_rate"], LINE_COLOURS[2], "learning rate")
    _finish(ax, "learning rate")
    ax.set_ylim(bottom=0)
    return figure


def _line(ax: Axes, values: Sequence[float], colour: str, label: str) -> None:
    marker = "o" if len(values) == 1 else ""  # a line of one point is invisible
    ax.plot(range(1, len(values) + 1), values, label=label, color=colour, linewidth=1.5, marker=marker)


def _finish(ax: Axes, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    line_chart(ax, xlabel="epoch", ylabel=name)
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    ax.set_xlim(left=0)
