"""Learning rate schedules side by side, before any training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from whorl._core import validation
from whorl.plot.style import LINE_COLOURS, axes, line_chart
from whorl.schedules import monitored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 2001
"""Number of times at which a schedule is evaluated."""


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
        Schedules, or other functions from the time in epochs to the learning rate.
    epochs : float
        The end of the time axis, above 0.
    labels : sequence of str, optional
        A name for each in the legend; by default the call that makes it.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If an argument is not as described, or a schedule depends on results, which do not exist before training.

    Examples
    --------
    >>> from whorl import Cosine, OneCycle
    >>> figure = schedules([Cosine(0.1, epochs=50), OneCycle(0.1, epochs=50)], epochs=60, labels=["cosine", "one cycle"])
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['cosine', 'one cycle']
    """
    epochs = validation.number("epochs", epochs, above=0)
    _check(schedules)
    names = [_label(schedule) for schedule in schedules] if labels is None else labels
    if isinstance(names, str) or len(names) != len(schedules):
        raise ValueError(f"labels must be one for each of the {len(schedules)} schedules, got {names!r}")
    figure, ax = axes(ax, figsize=(8, 3.8 + 0.2 * len(schedules)))
    times = np.linspace(0, epochs, POINTS)
    for i, (schedule, name) in enumerate(zip(schedules, names, strict=True)):
        values = [schedule(float(time)) for time in times]
        style = ["-", "--", "-.", ":"][i // len(LINE_COLOURS) % 4]
        width = 1.5 + 2 * (1 - (i + 1) / len(schedules))  # where lines coincide, those below are seen on both sides
        ax.plot(times, values, label=name, color=LINE_COLOURS[i % len(LINE_COLOURS)], linestyle=style, linewidth=width)
    line_chart(ax, xlabel="epoch", ylabel="learning rate")
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


def _label(schedule: Callable[[float], float]) -> str:
    return getattr(schedule, "__name__", None) or repr(schedule)
