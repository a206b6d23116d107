"""The picture of a sweep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from whorl.plot.style import LINE_COLOURS, new_figure
from whorl.sweeps.records import Trial, best, importance
from whorl.sweeps.search_space import Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 6
"""The most settings that are drawn."""

MARGIN = 0.04
"""The share of an axis that is drawn beyond the limits of a setting."""

COMPLETE, BEST, PRUNED = LINE_COLOURS[0], LINE_COLOURS[1], LINE_COLOURS[6]


def draw(trials: Sequence[Trial], ranges: Mapping[str, Range]) -> Figure:
    """Draw the validation loss of the trials in order, with the best so far, and below it over each of the most important settings.

    Trials that were pruned or have diverged are marks at the upper edge.

    Parameters
    ----------
    trials : sequence of Trial
        At least one of them is complete.
    ranges : mapping of str to Range
        The settings that were searched, in the order to draw them if there are too few trials to tell which are important.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> trials = [Trial(k, "complete", {"units": 2**k}, value=1 / (k + 1)) for k in range(9)]
    >>> figure = draw(trials, {"units": Range(1, 256, log=True, whole=True)})
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['trial', 'units']
    """
    shares = importance(trials)
    names = list(shares or ranges)[:MOST]
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure = new_figure((9, 3.4 + 2.4 * rows))
    from matplotlib.ticker import MaxNLocator

    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.3, *[1] * rows])
    whole = figure.add_subplot(grid[0, :])
    _over(whole, trials, [trial.number for trial in trials])
    _best_so_far(whole, trials)
    whole.set(xlabel="trial", ylabel="validation loss")
    whole.set_title("Validation loss of each trial", loc="left")
    whole.xaxis.set_major_locator(MaxNLocator(integer=True))
    whole.legend(frameon=False, fontsize="small", ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
    for i, name in enumerate(names):
        ax = figure.add_subplot(grid[1 + i // columns, i % columns], sharey=whole)
        _over(ax, trials, [trial.settings.get(name, math.nan) for trial in trials])
        _scale(ax, ranges[name])
        ax.set_xlabel(name.replace("_", " "))
        if shares:
            ax.set_title(f"explains {100 * shares[name]:.0f} %", fontsize="small")
        if i % columns:
            ax.tick_params(labelleft=False)
            ax.set_ylabel("")
    return figure


def _scale(ax: Axes, limits: Range) -> None:
    """Give the axis of a setting the scale that it is searched on, with few numbers."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    if limits.log:
        factor = 1.05 * (limits.high / limits.low) ** MARGIN
        ax.set_xlim(limits.low / factor, limits.high * factor)
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=[1.0] if limits.high > 30 * limits.low else [1.0, 2.0, 5.0]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter("{x:g}")
    else:
        margin = MARGIN * (limits.high - limits.low or 1)
        ax.set_xlim(limits.low - margin, limits.high + margin)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=limits.whole))


def _over(ax: Axes, trials: Sequence[Trial], places: Sequence[float]) -> None:
    """Draw the trials over some number that each of them has."""
    place = dict(zip((each.number for each in trials), places, strict=True))
    complete = [each for each in trials if each.state == "complete"]
    values = [each.value or 0.0 for each in complete]
    ax.scatter(
        [place[each.number] for each in complete],
        values,
        s=18,
        color=COMPLETE,
        alpha=0.75,
        linewidths=0,
        label="complete",
    )
    ended = [place[each.number] for each in trials if each.state in {"pruned", "diverged"}]
    edge = ax.get_xaxis_transform()  # from 0 at the bottom to 1 at the top
    ax.scatter(ended, [0.97] * len(ended), s=22, color=PRUNED, marker="|", transform=edge, label="pruned")
    winner = best(complete)
    assert winner is not None
    ax.scatter([place[winner.number]], [winner.value or 0.0], s=90, color=BEST, marker="*", zorder=3, label="best")
    ax.set_ylim(*_limits(values))
    ax.set_ylabel("validation loss")
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the limits of the losses to draw: the best nine tenths of them, with room at the top for marks."""
    low, high = min(values), float(np.quantile(values, 0.9))
    size = max(high - low, 1e-3 * abs(low), 1e-12)
    return low - 0.08 * size, high + 0.25 * size


def _best_so_far(ax: Axes, trials: Sequence[Trial]) -> None:
    """Draw the least loss of the trials so far."""
    complete = [trial for trial in trials if trial.state == "complete"]
    least = np.minimum.accumulate([trial.value or 0.0 for trial in complete])
    ax.step([trial.number for trial in complete], least, where="post", color=BEST, linewidth=1.2, label="best so far")
