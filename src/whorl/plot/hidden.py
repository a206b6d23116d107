"""What a hidden layer makes of the samples, in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.plot.style import POINTS, axes, class_marks, class_names, colour_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from whorl.model import Model


def hidden_pca(
    model: Model,
    X: Any,
    y: Any,
    *,
    layer: int | None = None,
    classes: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the activations of a hidden layer in two dimensions, by principal component analysis (PCA).

    The activations are projected onto the plane in which they differ most. Classes that lie apart there are easy to tell apart for the
    layers that follow; classes that lie upon each other may still differ in other directions.

    Parameters
    ----------
    model : Model
    X : array_like, shape (n, *inputs)
        At least two samples.
    y : array_like, shape (n,), (n, k) or (n, 1)
        Labels, integers or one-hot rows, which are drawn as classes; or numbers, which are drawn with a scale of colours.
    layer : int, optional
        The index of the layer whose output is drawn; by default the last one before the last layer with parameters.
    classes : sequence of str, optional
        The names of the classes; by default their numbers.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into, which are returned; by default those of a new figure.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.digits()
    >>> model = whorl.Model([whorl.Dense(32), whorl.ReLU(), whorl.Dense(10), whorl.Softmax()], inputs=64, rng=0)
    >>> hidden_pca(model, X, y).get_title()
    'Output of layers[1], ReLU'
    """
    if layer is None:
        layer = max(i for i, place in enumerate(model.places) if place.declared or place.parts) - 1
        if layer < 0:
            raise ValueError(f"hidden_pca needs a model with a hidden layer, got {model!r}")
    elif not -len(model.layers) <= validation.integer("layer", layer, minimum=-len(model.layers)) < len(model.layers):
        raise ValueError(f"layer must be below {len(model.layers)}, the number of layers, got {layer}")
    points, shares = principal_components(model.activations(X)[layer].reshape(len(X), -1))
    x1, x2 = points.T
    target = np.asarray(y)
    if target.ndim == 2:
        target = target[:, 0] if target.shape[1] == 1 else target.argmax(axis=1)
    validation.same_length("X", len(points), "y", len(target))
    ax = axes(ax, (6, 5))
    size, many = float(np.clip(20000 / len(points), 8, 30)), len(points) > POINTS
    how: dict[str, Any] = {
        "s": size,
        "linewidths": 0.3,
        "edgecolors": "0.25",
        "rasterized": many,
    }  # yellow is light on white
    if target.dtype.kind in "iub":
        names = class_names(classes, int(target.max()) + 1)
        for c in np.unique(target):
            ax.scatter(x1[target == c], x2[target == c], label=names[c], **class_marks(c), **how)
        ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), handletextpad=0)
    else:
        colour_bar(ax, ax.scatter(x1, x2, c=target, cmap="cividis", **how), "y")
    for axis, number, share in zip((ax.xaxis, ax.yaxis), (1, 2), shares, strict=True):
        axis.set_label_text(f"component {number} ({share:.0%} of variance)")
    name = f"layers[{layer % len(model.layers)}], {type(model.layers[layer]).__name__}"
    ax.set_title(f"Output of {name}", fontsize="medium")
    return ax


def principal_components(activations: Array) -> tuple[Array, Array]:
    """Return the coordinates (n, 2) of samples on the two axes along which they differ most, and the variance's share of each.

    With the singular values of the centred activations, ``A − mean = U S Vᵀ``, the coordinates are ``U S``, and the variance along an axis
    is in proportion to its s². The sign of an axis is such that its largest element is positive.

    Parameters
    ----------
    activations : ndarray, shape (n, units)
    """
    if min(activations.shape) < 2:
        raise ValueError(f"there must be at least two samples and two units, got shape {activations.shape}")
    centred = activations.astype(np.float64) - activations.mean(axis=0, dtype=np.float64)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    largest = vt[:2, :][[0, 1], np.abs(vt[:2]).argmax(axis=1)]
    return (u * s)[:, :2] * np.sign(largest), s[:2] ** 2 / max(float(np.sum(s**2)), np.finfo(float).tiny)
