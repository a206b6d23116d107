"""Lines over the epochs: the history of a training, and learning rate schedules before any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from whorl._core import validation
from whorl._core.hints import similar
from whorl.plot.style import LINE_COLOURS, axes
from whorl.schedules import monitored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 2001
"""Number of times at which a schedule is evaluated."""


TRAINING = "training (during the epoch)"
"""What the values of the history for training are: means over batches, each before its step."""


def curve(
    history: Mapping[str, Sequence[float]],
    name: str,
    *,
    label: str | None = None,
    start: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw a value of the history over the epochs, for training and, where there is one, for validation.

    The value for training is the mean over the batches of the epoch, while the parameters change; that for validation is measured
    at its end. `compare` draws several histories.

    Parameters
    ----------
    history : History
        From `Model.fit`; any mapping from names to lists works.
    name : str
        ``"loss"``, ``"accuracy"``, or another column of the history.
    label : str, optional
        The name of the history, for axes with several.
    start : mapping, optional
        Values before the first epoch, such as ``{"loss": 1.1, "val_loss": 1.2}``, to draw at epoch 0.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Lines that are there keep their colours, and these get others.

    Examples
    --------
    >>> figure = curve({"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}, "loss")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['training (during the epoch)', 'validation']
    """
    _check_name(name, history)
    before = "" if label is None else f"{label}, "
    lines = {f"{before}{TRAINING}": _from(start, history, name)}
    if f"val_{name}" in history:
        lines[f"{before}validation"] = _from(start, history, f"val_{name}")
    there = 0 if ax is None else len(ax.lines)
    colours = [LINE_COLOURS[(there + i) % len(LINE_COLOURS)] for i in range(2)]
    figure, ax = _over_epochs(ax, name.replace("_", " "), lines, colours, epochs=len(history[name]))
    ax.legend(frameon=False)
    return figure


def compare(histories: Mapping[str, Mapping[str, Sequence[float]]], name: str, *, ax: Axes | None = None) -> Figure:
    """Draw a value of several histories: each in a colour of its own, solid for training and dashed for validation.

    Parameters
    ----------
    histories : mapping from str to History
        The histories by their names in the legend.
    name : str
        ``"loss"``, ``"accuracy"``, or another column of all the histories.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into.

    Examples
    --------
    >>> figure = compare({"SGD": {"loss": [0.9, 0.7]}, "Adam": {"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}}, "loss")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['SGD', 'Adam', 'Adam, validation']
    """
    if (
        not hasattr(histories, "items")
        or not all(hasattr(each, "items") for each in histories.values())
        or not histories
    ):
        raise TypeError(f"histories must be a mapping from names to histories, got {validation.show(histories)}")
    for label, history in histories.items():
        _check_name(name, history, f" of {label!r}")
    figure = None
    for i, (label, history) in enumerate(histories.items()):
        colour = LINE_COLOURS[i % len(LINE_COLOURS)]
        figure, ax = _over_epochs(ax, name.replace("_", " "), {label: history[name]}, [colour])
        if f"val_{name}" in history:
            _over_epochs(
                ax,
                name.replace("_", " "),
                {f"{label}, validation": history[f"val_{name}"]},
                [colour],
                style="--",
            )
    assert figure is not None
    assert ax is not None
    ax.legend(frameon=False)
    return figure


def _from(start: Mapping[str, float] | None, history: Mapping[str, Sequence[float]], name: str) -> Sequence[float]:
    """Return the values of the epochs from 1, or from 0 if that value is known."""
    return [start[name], *history[name]] if start and name in start else history[name]


def _check_name(name: str, history: Mapping[str, Sequence[float]], which: str = "") -> None:
    if name not in history:
        known = ", ".join(history) or "no epoch yet"
        raise ValueError(f"name must be in the history{which}, which has {known}, got {name!r}{similar(name, history)}")


def learning_rate(history: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Figure:
    """Draw the learning rate over the epochs, as `curve` draws other values.

    Examples
    --------
    >>> learning_rate({"learning_rate": [0.1, 0.05]}).axes[0].get_ylabel()
    'learning rate'
    """
    if "learning_rate" not in history:
        raise ValueError("history must have a learning_rate, got one with no epoch yet")
    figure, ax = _over_epochs(ax, "learning rate", {"learning rate": history["learning_rate"]}, LINE_COLOURS[2:])
    highest = max(float(np.max(np.asarray(line.get_ydata()))) for line in ax.lines)
    ax.set_ylim(0, 1.05 * highest or None)
    return figure


def schedules(
    schedules: Sequence[Callable[[float], float]],
    *,
    epochs: float,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the learning rate over the epochs for each of several schedules.

    Parameters
    ----------
    schedules : sequence of callable
        Schedules, or other functions from the time in epochs to the learning rate. None may depend on results, which do not
        exist before training.
    epochs : float
        The end of the time axis, above 0.
    labels : sequence of str, optional
        A name for each in the legend; by default the call that makes it.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into.

    Examples
    --------
    >>> from whorl import Cosine, OneCycle
    >>> figure = schedules([Cosine(0.1, epochs=50), OneCycle(0.1, epochs=50)], epochs=60, labels=["cosine", "one cycle"])
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['cosine', 'one cycle']
    """
    epochs = validation.number("epochs", epochs, above=0)
    _check(schedules)
    names = [getattr(each, "__name__", repr(each)) for each in schedules] if labels is None else labels
    if isinstance(names, str) or len(names) != len(schedules):
        raise ValueError(f"labels must be one for each of the {len(schedules)} schedules, got {names!r}")
    figure, ax = _axes(ax, (8, 3.8 + 0.2 * len(schedules)), "learning rate")
    times = np.linspace(0, epochs, POINTS)
    for i, (schedule, name) in enumerate(zip(schedules, names, strict=True)):
        values = [schedule(float(time)) for time in times]
        style = ["-", "--", "-.", ":"][i // len(LINE_COLOURS) % 4]
        width = 1.5 + 2 * (1 - (i + 1) / len(schedules))  # where lines coincide, those below are seen on both sides
        ax.plot(times, values, label=name, color=LINE_COLOURS[i % len(LINE_COLOURS)], linestyle=style, linewidth=width)
    ax.set_xlim(0, epochs)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(0, -0.14))
    return figure


def _check(schedules: object) -> None:
    if not isinstance(schedules, list | tuple) or not schedules:
        raise TypeError(f"schedules must be a list of schedules, got {validation.show(schedules)}")
    for i, schedule in enumerate(schedules):
        results = monitored(schedule)
        if results:
            raise ValueError(
                f"schedules[{i}] cannot be drawn before training: it depends on results, {', '.join(results)}"
            )
        if not callable(schedule) or isinstance(schedule, type):
            raise TypeError(
                f"schedules[{i}] must be a schedule, such as Cosine(0.1, epochs=50), got {validation.show(schedule)}"
            )


def _over_epochs(
    ax: Axes | None,
    ylabel: str,
    lines: Mapping[str, Sequence[float]],
    colours: Sequence[str],
    *,
    epochs: int | None = None,
    style: str = "-",
) -> tuple[Figure, Axes]:
    """Draw a value for each epoch, from 1, or from 0 where there is one more value than epochs, in a line for each label."""
    figure, ax = _axes(ax, (6, 3.5), ylabel)
    from matplotlib.ticker import MaxNLocator

    for (label, values), colour in zip(lines.items(), colours, strict=False):
        marker = "o" if len(values) == 1 else ""  # a line of one point is invisible
        last = len(values) if epochs is None else epochs
        times = range(last + 1 - len(values), last + 1)
        ax.plot(times, values, label=label, color=colour, linewidth=1.5, marker=marker, linestyle=style)
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    ax.set_xlim(left=0)
    return figure, ax


def _axes(ax: Axes | None, figsize: tuple[float, float], ylabel: str) -> tuple[Figure, Axes]:
    """Return axes for lines over the epochs, with a light grid and no frame, and their figure."""
    figure, ax = axes(ax, figsize)
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax
