"""Which inputs the score of a class is most sensitive to, for each sample.

Letters: n samples, k outputs.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.layers import Sigmoid, Softmax, chain
from whorl.model import Model


def saliency(model: Model, X: Any, *, output: int | None = None) -> Array:
    """Return ``|∂s_c / ∂x|`` for each sample: how much the score of a class changes with each input, in absolute value.

    s are the scores before the last layer, if that is `Softmax` or `Sigmoid`; else the outputs. The derivative of a probability would
    also depend on the scores of the other classes, and vanish where the model is sure.

    Parameters
    ----------
    model : Model
        Layers act as in prediction. The model is not changed, its ``gradients`` included.
    X : array_like or data frame
        As for `Model.predict`.
    output : int, optional
        c, the number of the class; by default that with the highest score, for each sample.

    Returns
    -------
    ndarray, shape (n, *inputs)
        At least 0, in the dtype of the model. Draw that of an image with `whorl.plot.saliency`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or the outputs of the model are not of shape (k,).

    Notes
    -----
    It is the slope at one point. Where a unit is saturated, such as a `Tanh` at 1 or a `ReLU` below 0, the slope is 0 even if the input
    matters; and the maps are noisy, since slopes of networks change quickly from point to point. Inputs on different scales are
    not comparable: multiply by their standard deviations first. Columns of an `Embedding` have no slope, and get 0.

    References
    ----------
    Simonyan, Vedaldi, Zisserman (2013), Deep Inside Convolutional Networks, arXiv:1312.6034, section 3.

    Examples
    --------
    >>> from whorl import Dense
    >>> model = Model([Dense(2), Softmax()], inputs=2)
    >>> model.named_parameters()["w1"][:] = [[3, -1], [0, 2]]
    >>> saliency(model, [[1.0, 0.0], [0.0, 1.0]])
    array([[3., 0.],
           [1., 2.]], dtype=float32)
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    if len(model.outputs) != 1:
        raise ValueError(f"model must have outputs of shape (k,), got {model.outputs}")
    if output is not None and validation.integer("output", output, minimum=0) >= model.outputs[0]:
        raise ValueError(f"output must be below {model.outputs[0]}, the number of outputs, got {output}")
    x = model.samples(X)
    own = copy.deepcopy(model)  # the backward pass writes gradients
    parts = [_slopes(own, x[i : i + chain.CHUNK], output) for i in range(0, len(x), chain.CHUNK)]
    magnitudes: Array = np.abs(np.concatenate(parts))
    return magnitudes


def _slopes(model: Model, x: Array, output: int | None) -> Array:
    """Return ∂s_c / ∂x, (n, *inputs)."""
    layers = model.layers[:-1] if isinstance(model.layers[-1], Softmax | Sigmoid) else model.layers
    scores, backward = chain.forward(layers, x, model.p)
    ds = np.zeros_like(scores)
    ds[np.arange(len(x)), scores.argmax(axis=1) if output is None else output] = 1
    slopes: Array = backward(ds, model.gradient_views(inputs=True))
    return slopes
