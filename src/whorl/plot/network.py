"""The network as a graph: units, and the weights between them.

Letters: i inputs of a layer, j outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.layers import Dense, NTKDense
from whorl.plot.style import COLOURS, axes, class_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from whorl.model import Model

POSITIVE, NEGATIVE = COLOURS[0], COLOURS[2]
WIDEST = 3.0
"""The width of the line of the largest weight, in points."""


def network(
    model: Model,
    *,
    inputs: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    most: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw the network as a graph: a column of units for each layer, and a line for each weight.

    The line of a weight is as wide as the weight is large, in relation to the largest weight of the model, and the darker. Positive
    weights are blue, solid lines, negative ones red, dashed lines. Biases are not drawn.

    Parameters
    ----------
    model : Model
        Of `Dense` layers, and of layers that leave the number of units as it is, such as activations.
    inputs, classes : sequence of str, optional
        The names of the inputs and of the outputs; by default those that the model has learned from a table.
    most : int, optional
        The largest number of units to draw of a layer, at least 2. Of larger layers only the first and the last units are drawn, with
        dots between them.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> model = whorl.Model([whorl.Dense(3), whorl.ReLU(), whorl.Dense(1)], inputs=2, rng=0)
    >>> ax = network(model, inputs=["height", "weight"])
    >>> [text.get_text().split() for text in ax.texts]
    [['height'], ['weight'], ['2', 'inputs'], ['Dense(3)', 'ReLU'], ['Dense(1)']]
    """
    most = validation.integer("most", most, minimum=2)
    titles, weights = _columns(model)
    units = [weights[0].shape[0], *(w.shape[1] for w in weights)]
    shown = [_shown(count, most) for count in units]
    heights = [_heights(count, most) for count in units]
    ax = axes(ax, (1.5 + 1.7 * len(units), 4.5))
    ax.axis("off")
    _draw_weights(ax, [w[np.ix_(i, j)] for w, i, j in zip(weights, shown, shown[1:], strict=False)], heights, weights)
    for column, (count, ys) in enumerate(zip(units, heights, strict=True)):
        own: dict[str, Any] = {"edgecolors": "black", "linewidths": 0.8, "zorder": 3}
        ax.scatter([column] * len(ys), ys, s=90, color="white", **own)
        if count > most:
            gap = (ys[most // 2 - 1] + ys[most // 2]) / 2
            ax.scatter([column] * 3, gap + np.array([-0.02, 0, 0.02]), s=4, color="black", zorder=3)
    _name(ax, 0, heights[0], _input_names(model, inputs, units[0]), shown[0], "right")
    _name(ax, len(units) - 1, heights[-1], _output_names(model, classes, units[-1]), shown[-1], "left")
    for column, title in enumerate(titles):
        ax.text(column, -0.54, title, ha="center", va="top", fontsize="small")
    ax.set(xlim=(-0.3, len(units) - 0.7), ylim=(-0.5, 0.5))
    return ax


def _columns(model: Model) -> tuple[list[str], list[Array]]:
    """Return a title for each column of units, and the weights (i, j) between them; raise ValueError if they cannot be drawn."""
    count = math.prod(model.inputs)
    titles, weights = [f"{count} inputs"], list[Array]()
    for layer, place, p in zip(model.layers, model.places, model.p, strict=True):
        if isinstance(layer, Dense | NTKDense):
            weights.append(p.w)
            titles.append(f"{type(layer).__name__}({layer.units})")
        elif layer.parts or math.prod(place.outputs) != count:
            raise ValueError(f"network draws Dense layers and layers that keep the number of units, got {layer!r}")
        else:
            titles[-1] += f"\n{type(layer).__name__}"
        count = math.prod(place.outputs)
    if not weights:
        raise ValueError(f"network draws the weights of Dense layers, got a model without any: {model!r}")
    return titles, weights


def _shown(count: int, most: int) -> Array:
    """Return the indices of the units to draw: all, or the first and the last ones."""
    return np.arange(count) if count <= most else np.r_[: most // 2, count - (most - most // 2) : count]


def _heights(count: int, most: int) -> Array:
    """Return the heights of the units to draw, from the top, evenly spaced over 1, with room for dots in a shortened column."""
    places = min(count, most + 1)
    heights: Array = 0.5 - (np.arange(places) + 0.5) / places
    return heights if count <= most else np.delete(heights, most // 2)


def _draw_weights(ax: Axes, drawn: Sequence[Array], heights: Sequence[Array], weights: Sequence[Array]) -> None:
    """Draw the weights, the largest on top: the positive ones of all layers together, and the negative ones."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgb

    largest = max(float(np.abs(w).max()) for w in weights) or 1.0
    w = np.concatenate([each.ravel() for each in drawn])
    lines = np.concatenate(
        [
            np.stack(np.broadcast_arrays(column, a[:, None], column + 1, b), axis=-1).reshape(-1, 2, 2)
            for column, (a, b) in enumerate(pairwise(heights))
        ]
    )
    order = np.argsort(np.abs(w), kind="stable")
    w, lines = w[order], lines[order]
    for name, sign, colour, style in (("positive", 1, POSITIVE, "-"), ("negative", -1, NEGATIVE, (0, (4, 1.5)))):
        some = np.sign(w) == sign
        size = np.abs(w[some]) / largest
        shades = 1 - (0.25 + 0.75 * size[:, None]) * (1 - np.array(to_rgb(colour)))
        ax.add_collection(LineCollection(lines[some], linewidths=WIDEST * size, colors=shades, linestyles=[style]))
        ax.plot([], [], color=colour, linestyle=style, linewidth=WIDEST / 2, label=f"{name} weight")
    ax.legend(
        title=f"the widest line is a weight of ±{largest:.3g}", title_fontsize="small", fontsize="small", frameon=False,
        ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1),
    )  # fmt: skip


def _input_names(model: Model, given: Sequence[str] | None, count: int) -> list[str]:
    if given is not None:
        if isinstance(given, str) or len(given) != count:
            raise ValueError(f"inputs must be the names of {count} inputs, got {validation.show(given)}")
        return list(map(str, given))
    names = model.preparation.feature_names if model.preparation is not None else ()
    return list(names) if len(names) == count else [f"x{i}" for i in range(1, count + 1)]


def _output_names(model: Model, given: Sequence[str] | None, count: int) -> list[str]:
    if given is not None:
        return class_names(given, count)
    return list(model.classes) if len(model.classes) == count else []


def _name(ax: Axes, column: int, heights: Array, names: Sequence[str], shown: Array, side: str) -> None:
    """Write the names of units on the outer side of their column."""
    shift = -9 if side == "right" else 9
    for height, i in zip(heights, shown, strict=True) if names else ():
        ax.annotate(
            names[i], (column, height), (shift, 0), textcoords="offset points", ha=side, va="center", fontsize="small"
        )
