"""Schedules, side by side, before anything is trained."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from whorl._core import validation
from whorl.plot.style import COLOURS, axes

POINTS = 2001
"""Times at which a schedule is asked."""


def schedules(
    schedules: Sequence[Callable[[float], float]],
    *,
    epochs: float,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw what the learning rate would be over the epochs, for each of several schedules.

    Parameters
    ----------
    schedules : sequence of callable
        Schedules, or other functions from the time in epochs to the learning rate.
    epochs : float
        How far to draw, above 0.
    labels : sequence of str, optional
        A name for each, for the legend; by default the call that makes it.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the form above, or a schedule watches results: there are none before training.

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
    figure, ax = axes(ax, figsize=(8, 4.5))
    times = np.linspace(0, epochs, POINTS)
    for i, (schedule, name) in enumerate(zip(schedules, names, strict=True)):
        values = [schedule(float(time)) for time in times]
        dashes = ["-", "--", "-.", ":"][i // len(COLOURS) % 4]
        thickness = 1.3 + 4 * (1 - (i + 1) / len(schedules)) / 2  # those below show on both sides of those above
        ax.plot(times, values, label=name, color=COLOURS[i % len(COLOURS)], linestyle=dashes, linewidth=thickness)
    ax.set(xlabel="epoch", ylabel="learning rate", title="learning rate", xlim=(0, epochs))
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(0, -0.14))
    return figure


def _check(schedules: object) -> None:
    if not isinstance(schedules, list | tuple) or not schedules:
        raise TypeError(f"schedules must be a list of schedules, got {validation.show(schedules)}")
    for i, schedule in enumerate(schedules):
        if not callable(schedule) or isinstance(schedule, type):
            raise TypeError(
                f"schedules[{i}] must be a schedule, such as Cosine(0.1, epochs=50), got {validation.show(schedule)}"
            )
        if getattr(schedule, "watched", ()):
            raise ValueError(
                f"schedules[{i}] cannot be drawn before training: it depends on results, {', '.join(schedule.watched)}"
            )


def _label(schedule: Callable[[float], float]) -> str:
    return getattr(schedule, "__name__", None) or repr(schedule)
