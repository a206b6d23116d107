"""Calibration: whether probabilities are right as often as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.metrics.calibration import binned, probabilities
from whorl.plot.style import LINE_COLOURS, LINE_STYLES, MARKERS, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def calibration_curve(
    y: Any, prediction: Any, *, of: int | None = None, bins: int = 10, label: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the reliability diagram: how often predictions are right, over the probability that they state.

    Samples are sorted by the probability of the predicted class, the confidence, into bins of equal width. Each point is a bin: its mean
    confidence, and the fraction of its samples that are predicted right, with the 95 % interval of Wilson, which is long where samples are
    few. Below the diagonal, the model is too sure. The bars are the fraction of all samples in each bin.

    Parameters
    ----------
    y, prediction : array_like
        Labels and probabilities, as in `whorl.metrics.calibration_error`.
    of : int, optional
        The number of a class: draw how often this class occurs over its own probability, as is usual for two classes.
    bins : int, optional
        The number of bins, at least 1.
    label : str, optional
        A name for the predictions, for axes with several. The legend has it with the calibration error.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Notes
    -----
    With ``of=1``, the points are those of scikit-learn's ``CalibrationDisplay``.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599, figure 1.

    Examples
    --------
    >>> ax = calibration_curve([0, 0, 0, 1], [[0.9, 0.1]] * 4)
    >>> ax.lines[-1].get_xydata()
    array([[0.9 , 0.75]])
    """
    target, p = probabilities(y, prediction)
    if of is None:
        stated, occurs = p.max(axis=1), p.argmax(axis=1) == target
        names = "confidence", "fraction predicted right"
    else:
        if validation.integer("of", of, minimum=0) >= p.shape[1]:
            raise ValueError(f"of must be the number of a class, from 0 to {p.shape[1] - 1}, got {of}")
        stated, occurs = p[:, of], target == of
        names = f"probability of class {of}", f"fraction of class {of}"
    events, expected, occurred = binned(stated, occurs, bins)
    filled = events > 0
    n, k = events[filled], occurred[filled]
    at, (low, high) = expected[filled] / n, wilson(k, n)

    ax = axes(ax, (5, 5.4))
    drawn = sum(str(line.get_label()).startswith("calibration") for line in ax.lines)
    plain(ax)
    ax.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
    error = f"calibration error {np.abs(occurred - expected).sum() / len(p):.3f}"
    own: dict[str, Any] = {"color": LINE_COLOURS[drawn % len(LINE_COLOURS)], "linewidth": 1}
    ax.stairs(events / len(p), np.linspace(0, 1, bins + 1), color=own["color"], alpha=0.25, fill=True)
    ax.vlines(at, low, high, **own)
    ax.plot(
        at, k / n, marker=MARKERS[drawn % len(MARKERS)], linestyle=LINE_STYLES[drawn % len(LINE_STYLES)],
        label=f"{error}, {label}" if label else error, clip_on=False, zorder=3, **own,
    )  # fmt: skip
    ax.set(xlabel=names[0], ylabel=names[1], xlim=(0, 1), ylim=(0, 1), aspect="equal")
    legend_below(ax)
    return ax


def wilson(k: Array, n: Array, z: float = 1.96) -> tuple[Array, Array]:
    """Return the interval in which the probability of an event lies, that has occurred in k of n cases: for z = 1.96, with 95 %.

    References
    ----------
    Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference, Journal of the American Statistical
    Association 22.
    """
    centre, half = k + z**2 / 2, z * np.sqrt(k * (n - k) / n + z**2 / 4)
    return (centre - half) / (n + z**2), (centre + half) / (n + z**2)
