"""The weights of a layer as pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from whorl._core import validation
from whorl._core.hints import similar
from whorl._core.types import Array
from whorl.plot.style import SIGNED, axes, colour_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from whorl.model import Model


def weights(
    model: Model,
    name: str | None = None,
    *,
    shape: tuple[int, int] | None = None,
    count: int = 100,
    ax: Axes | None = None,
) -> Axes:
    """Draw the weights of a layer: as a matrix, or for images, one image for each unit.

    Grey is 0, blue is negative, yellow is positive; in print without colour, darker is negative, and lighter positive.

    Parameters
    ----------
    model : Model
    name : str, optional
        The name of the parameter, such as ``"w2"``; by default the first one with two axes.
    shape : tuple of int, optional
        Height and width of an image, if the inputs of the layer are the pixels of one; by default known for the first weights of a
        model whose inputs are images (height, width). Then the weights into each unit are drawn as an image.
    count : int, optional
        The largest number of images.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> model = whorl.Model([whorl.Flatten(), whorl.Dense(16), whorl.ReLU(), whorl.Dense(3)], inputs=(8, 8), rng=0)
    >>> weights(model).get_title()
    'w1: the weights into each of 16 units'
    >>> weights(model, "w2").get_title()
    'w2'
    """
    name, w, first = _chosen(model, name)
    if shape is None and first and len(model.inputs) == 2 and math.prod(model.inputs) == len(w):
        shape = model.inputs[0], model.inputs[1]
    title = name
    if shape is None:
        picture, aspect = w, "equal" if 1 / 3 < w.shape[0] / w.shape[1] < 3 else "auto"
    else:
        images = _images(w, shape)[: validation.integer("count", count)]
        picture, aspect = _tiled(images), "equal"
        few = "" if len(images) == w.shape[1] else f"the first {len(images)} "
        title += f": the weights into {few or 'each '}of {w.shape[1]:,} units"

    ax = axes(ax, (6, 5))
    limit = float(np.abs(w).max()) or 1.0
    drawn = ax.imshow(picture, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set(xlabel="unit", ylabel="input", aspect=aspect)
    if shape is not None:
        ax.axis("off")
    ax.set_title(title, fontsize="medium")
    colour_bar(ax, drawn, "weight")
    return ax


def _chosen(model: Model, name: str | None) -> tuple[str, Array, bool]:
    """Return the name and the values of a parameter with two axes, and whether it is the first one."""
    matrices = {key: each for key, each in model.named_parameters().items() if each.ndim == 2}
    first = next(iter(matrices), None)
    if first is None:
        raise ValueError(f"weights draws parameters with two axes, got a model without any: {model!r}")
    name = first if name is None else name
    if name not in matrices:
        known = ", ".join(matrices)
        raise ValueError(
            f"name must be a parameter with two axes, which are {known}, got {name!r}{similar(str(name), matrices)}"
        )
    return name, matrices[name], name == first


def _images(w: Array, shape: tuple[int, int]) -> Array:
    """Return the columns of a matrix as images, (units, height, width)."""
    sizes = validation.shape("shape", shape)
    if len(sizes) != 2 or math.prod(sizes) != len(w):
        raise ValueError(f"shape must be the height and width of {len(w)} pixels, one for each input, got {shape}")
    return w.T.reshape(-1, *sizes)


def _tiled(images: Array) -> Array:
    """Return one image of several side by side, with lines of NaN between them, which are drawn white."""
    count, height, width = images.shape
    across = math.ceil(math.sqrt(count * height / width))
    rows = math.ceil(count / across)
    tiles = np.full((rows * across, height + 1, width + 1), np.nan)
    tiles[:count, :height, :width] = images
    return tiles.reshape(rows, across, height + 1, width + 1).swapaxes(1, 2).reshape(rows * (height + 1), -1)[:-1, :-1]
