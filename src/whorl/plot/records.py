"""Weights, activations and gradients during training, as a `Recorder` has recorded them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.glassbox import Distribution
from whorl.plot.style import LINE_COLOURS, MARKERS, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BANDS = (0, 6, "all", 0.15), (1, 5, "5–95 %", 0.35), (2, 4, "25–75 %", 0.6)
"""Which quantiles bound each band, its name, and how dark it is, from the widest band."""


def distribution(values: Distribution, *, ax: Axes | None = None) -> Axes:
    """Draw how the values of an array are distributed over the epochs: a histogram from above, with equally many values in each part.

    The line is the median. The darkest band around it holds the middle half of the values, the next one 90 %, the lightest one all. If the
    values shrink or grow more than tenfold, as gradients do, the vertical axis is linear near 0 and logarithmic further out.

    Parameters
    ----------
    values : Distribution
        Of a `Recorder`: ``recorder.weights["w1"]``, ``recorder.activations[1]`` or ``recorder.gradients["w1"]``.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(8), whorl.ReLU(), whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    >>> recorder = whorl.Recorder()
    >>> given = {"loss": whorl.CrossEntropy(), "optimizer": whorl.SGD(0.1)}
    >>> history = model.fit(X, y, **given, epochs=5, callbacks=[recorder], rng=0)
    >>> distribution(recorder.weights["w1"]).get_title()
    'weights w1'
    """
    values = validation.instance("values", values, Distribution, 'recorder.weights["w1"] of a Recorder')
    ax = axes(ax, (6, 3.5))
    from matplotlib.colors import to_rgb

    plain(ax)
    for low, high, label, darkness in BANDS:
        ends = values.quantiles[:, low], values.quantiles[:, high]
        shade = 1 - darkness * (1 - np.array(to_rgb(LINE_COLOURS[0])))
        ax.fill_between(values.epochs, *ends, color=shade, linewidth=0.5, label=label)
    ax.plot(values.epochs, values.quantiles[:, 3], color="black", linewidth=1.2, label="median")
    ax.set(xlabel="epoch", ylabel="value", xlim=(values.epochs[0], max(values.epochs[-1], values.epochs[0] + 1)))
    ax.set_title(values.name, fontsize="medium")
    _scale(ax, values.quantiles)
    legend_below(ax, columns=4)
    return ax


def _scale(ax: Axes, quantiles: Array) -> None:
    """Make the vertical axis logarithmic, except near 0, if the values shrink or grow more than tenfold."""
    quantiles = quantiles[np.isfinite(quantiles).all(axis=1)]
    widths, near = np.ptp(quantiles, axis=1), float(np.median(np.abs(quantiles[:, [1, 5]])))
    if near == 0 or widths.max() <= 10 * np.median(widths):
        return
    powers = 10.0 ** np.arange(math.ceil(math.log10(near)), math.log10(np.abs(quantiles).max()))
    ax.set_yscale("asinh", linear_width=near)
    ticks = [*-powers[::-1], 0, *powers]
    ax.set_yticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    ax.set_yticks([], minor=True)


def gradient_flow(gradients: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw the size of the gradients by layer: whether they vanish or explode on their way back to the first layers.

    Solid lines are the means of the absolute values in each layer, dotted ones the largest absolute values, on a logarithmic scale.

    Parameters
    ----------
    gradients : mapping
        From the names of the parameters to their gradients: arrays, such as those of `Model.loss_and_gradients`, for one point in
        training; or ``recorder.gradients`` of a `Recorder`, of which the first epoch, the last one, and one between them are drawn.
        The number at the end of a name is that of the layer, of those with parameters.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.spiral(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(8), whorl.Tanh(), whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    >>> loss, gradients = model.loss_and_gradients(X, y, loss=whorl.CrossEntropy())
    >>> ax = gradient_flow(gradients)
    >>> [float(size) == float(abs(gradients["w1"]).max()) for size in ax.lines[1].get_ydata()]
    [True, False]
    """
    if not hasattr(gradients, "items") or not gradients:
        raise TypeError(
            "gradients must be a mapping from the names of parameters to arrays, or recorder.gradients of a Recorder, got"
            f" {validation.show(gradients)}"
        )
    ax = axes(ax, (6, 3.5))
    plain(ax)
    layers = _by_layer(gradients)
    epochs = next((each.epochs for each in gradients.values() if isinstance(each, Distribution)), None)
    records = [0] if epochs is None else sorted({0, len(epochs) // 2, len(epochs) - 1})
    for i, record in enumerate(records):
        mean, largest = (np.array([sizes[record] for sizes in column]) for column in zip(*layers.values(), strict=True))
        when = "" if epochs is None else f", epoch {epochs[record]}"
        own: dict[str, Any] = {"color": LINE_COLOURS[i], "marker": MARKERS[i], "markersize": 5}
        for label, sizes, style in ("mean", mean, "-"), ("largest", largest, ":"):
            ax.plot(
                range(len(layers)), np.where(sizes > 0, sizes, np.nan), linestyle=style, label=f"{label}{when}", **own
            )
    ax.set_yscale("log")
    ax.set_xticks(range(len(layers)), list(layers))
    ax.set(xlabel="layer", ylabel="|gradient|")
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def _by_layer(gradients: Mapping[str, Any]) -> dict[str, tuple[Array, Array]]:
    """Return the mean and the largest absolute gradient of each layer, both (T,), for T points in time."""
    layers: dict[str, list[tuple[Any, Any, Any]]] = {}
    for name, each in gradients.items():
        if isinstance(each, Distribution):
            sizes = each.count, each.magnitude, np.abs(each.quantiles[:, [0, -1]]).max(axis=1)
        else:
            values = np.abs(validation.numeric(f"gradients[{name!r}]", each))
            sizes = values.size, values.mean(keepdims=True).ravel(), values.max(keepdims=True).ravel()
        number = re.search(r"\d+$", name)
        layers.setdefault(number[0] if number else name, []).append(sizes)
    return {
        layer: (
            sum(count * mean for count, mean, _ in parts) / sum(count for count, _, _ in parts),
            np.max([largest for _, _, largest in parts], axis=0),
        )
        for layer, parts in layers.items()
    }
