"""Lines over the epochs: the history of a training, and learning rate schedules before any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.hints import similar
from whorl._core.monitor import higher_is_better
from whorl.plot.style import LINE_COLOURS, LINE_STYLES, MARKERS, axes, legend_below, plain
from whorl.schedules import monitored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

TIMES = 2001
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
) -> Axes:
    """Draw a value of the history over the epochs, for training and, where there is one, for validation.

    The value for training is the mean over the batches of the epoch, while the parameters change; that for validation is measured
    at its end. The best epoch for validation is marked if it is known whether higher is better, as in `History.best`. `compare` draws
    several histories.

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
        The axes to draw into, which are returned; by default those of a new figure. Lines that are there keep their colours, and these
        get others.

    Examples
    --------
    >>> ax = curve({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]}, "loss")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training (during the epoch)', 'validation', 'best: 0.6, epoch 2']
    """
    _check_name(name, history)
    before = "" if label is None else f"{label}, "
    there = 0 if ax is None else len(ax.lines)
    training, validated = (LINE_COLOURS[(there + i) % len(LINE_COLOURS)] for i in range(2))
    ax, epochs = _over_epochs(ax, name), len(history[name])
    _line(ax, _from(start, history, name), epochs, label=f"{before}{TRAINING}", color=training)
    if f"val_{name}" in history:
        values = _from(start, history, f"val_{name}")
        _line(ax, values, epochs, label=f"{before}validation", color=validated, linestyle="--")
        _mark_best(ax, name, history[f"val_{name}"], before, validated)
    ax.legend(frameon=False)
    return ax


def compare(histories: Mapping[str, Mapping[str, Sequence[float]]], name: str, *, ax: Axes | None = None) -> Axes:
    """Draw a value of several histories: each in a colour and with a marker of its own, solid for training and dashed for validation.

    Parameters
    ----------
    histories : mapping from str to History
        The histories by their names in the legend.
    name : str
        ``"loss"``, ``"accuracy"``, or another column of all the histories.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> ax = compare({"SGD": {"loss": [0.9, 0.7]}, "Adam": {"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}}, "loss")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['SGD', 'Adam', 'validation']
    """
    if (
        not hasattr(histories, "items")
        or not all(hasattr(each, "items") for each in histories.values())
        or not histories
    ):
        raise TypeError(f"histories must be a mapping from names to histories, got {validation.show(histories)}")
    for label, history in histories.items():
        _check_name(name, history, f" of {label!r}")
    ax, shown = _over_epochs(ax, name), []
    for i, (label, history) in enumerate(histories.items()):
        epochs = len(history[name])
        own: dict[str, Any] = {"color": LINE_COLOURS[i % len(LINE_COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        own |= {
            "markersize": 4,
            "markevery": (i % 5 * epochs // 40, max(1, epochs // 8)),
        }  # few, and not one upon another
        shown.append(_line(ax, history[name], epochs, label=label, **own))
        if f"val_{name}" in history:
            _line(ax, history[f"val_{name}"], epochs, label=f"{label}, validation", linestyle="--", **own)
    if any(f"val_{name}" in history for history in histories.values()):
        shown += ax.plot([], [], color="black", linestyle="--", label="validation")
    ax.legend(handles=shown, frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def _from(start: Mapping[str, float] | None, history: Mapping[str, Sequence[float]], name: str) -> Sequence[float]:
    """Return the values of the epochs from 1, or from 0 if that value is known."""
    return [start[name], *history[name]] if start and name in start else history[name]


def _check_name(name: str, history: Mapping[str, Sequence[float]], which: str = "") -> None:
    if name not in history:
        known = ", ".join(history) or "no epoch yet"
        raise ValueError(f"name must be in the history{which}, which has {known}, got {name!r}{similar(name, history)}")


def learning_rate(history: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """Draw the learning rate over the epochs, as `curve` draws other values.

    Examples
    --------
    >>> learning_rate({"learning_rate": [0.1, 0.05]}).get_ylabel()
    'learning rate'
    """
    if "learning_rate" not in history:
        raise ValueError("history must have a learning_rate, got one with no epoch yet")
    ax, rates = _over_epochs(ax, "learning rate"), history["learning_rate"]
    _line(ax, rates, len(rates), label="learning rate", color=LINE_COLOURS[2])
    highest = max(float(np.max(np.asarray(line.get_ydata()))) for line in ax.lines)
    ax.set_ylim(0, 1.05 * highest or None)
    return ax


def schedules(
    schedules: Sequence[Callable[[float], float]],
    *,
    epochs: float,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
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
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> from whorl import Cosine, OneCycle
    >>> ax = schedules([Cosine(0.1, epochs=50), OneCycle(0.1, epochs=50)], epochs=60, labels=["cosine", "one cycle"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['cosine', 'one cycle']
    """
    epochs = validation.number("epochs", epochs, above=0)
    _check(schedules)
    names = [getattr(each, "__name__", repr(each)) for each in schedules] if labels is None else labels
    if isinstance(names, str) or len(names) != len(schedules):
        raise ValueError(f"labels must be one for each of the {len(schedules)} schedules, got {names!r}")
    ax = axes(ax, (8, 3.8 + 0.2 * len(schedules)))
    plain(ax)
    times = np.linspace(0, epochs, TIMES)
    for i, (schedule, name) in enumerate(zip(schedules, names, strict=True)):
        values = [schedule(float(time)) for time in times]
        width = 1.5 + 2 * (1 - (i + 1) / len(schedules))  # where lines coincide, those below are seen on both sides
        own: dict[str, Any] = {
            "color": LINE_COLOURS[i % len(LINE_COLOURS)],
            "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
        }
        ax.plot(times, values, label=name, linewidth=width, **own)
    ax.set(xlabel="epoch", ylabel="learning rate", xlim=(0, epochs))
    ax.set_ylim(bottom=0)
    legend_below(ax, loc="upper left")
    return ax


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


def _over_epochs(ax: Axes | None, name: str) -> Axes:
    """Return axes for lines over the epochs."""
    ax = axes(ax, (6, 3.5))
    from matplotlib.ticker import MaxNLocator

    plain(ax)
    ax.set(xlabel="epoch", ylabel=name.replace("_", " "))
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    return ax


def _line(ax: Axes, values: Sequence[float], epochs: int, **how: Any) -> Line2D:
    """Draw a value for each epoch, from 1, or from 0 if there is one more value than epochs."""
    how = {"marker": "o" if len(values) == 1 else ""} | how  # a line of one point is invisible
    (line,) = ax.plot(range(epochs + 1 - len(values), epochs + 1), values, linewidth=1.5, **how)
    ax.set_xlim(left=0)
    return line


def _mark_best(ax: Axes, name: str, values: Sequence[float], before: str, colour: str) -> None:
    """Mark the first of the best values, if it is known which those are, and any is a number."""
    higher = higher_is_better(name)
    if higher is None or np.isnan(values).all():
        return
    best = int(np.nanargmax(values) if higher else np.nanargmin(values))
    label = f"{before}best: {values[best]:.4g}, epoch {best + 1}"
    ax.scatter(
        [best + 1], [values[best]], s=60, facecolors="none", edgecolors=colour, linewidths=1.5, zorder=3, label=label
    )
