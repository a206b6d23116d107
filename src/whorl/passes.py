"""Passes through a network: prediction, loss and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from whorl._core.memory import keep_freed_memory
from whorl._core.types import Array
from whorl.layers import Layer, Sigmoid, Softmax, chain
from whorl.losses import BinaryCrossEntropy, CrossEntropy, FusedLoss, Loss
from whorl.metrics import Metric, measured
from whorl.stack import Stack

FUSED: Mapping[type[Loss], type[Layer]] = {CrossEntropy: Softmax, BinaryCrossEntropy: Sigmoid}
"""Losses, each with the last layer that it is fused with in one numerically stable step, `FusedLoss.from_scores`."""


class Predict(Protocol):
    """What predicts, as `predict` does."""

    def __call__(self, network: Stack, x: Any, *, last: int | None = None) -> Array:
        """Return the output of the network for x, or of its layers before index `last`."""


class Pass(NamedTuple):
    """The result of a forward pass through the network and the loss.

    Parameters
    ----------
    loss : float
        The loss, penalty included.
    penalty : float
        The regularization part of the loss.
    prediction : ndarray, shape (n, *outputs)
    backward : callable
        Computes ``network.gradients``, those of exactly this loss; returns dL/dx if requested.
    """

    loss: float
    penalty: float
    prediction: Array
    backward: Callable[[], Array | None]


def predict(network: Stack, x: Any, *, last: int | None = None) -> Array:
    """Return the output of the network for x (n, *inputs), or the output of its layers before index `last`."""
    if len(x) > chain.CHUNK:
        keep_freed_memory()
    return chain.predict(network.layers[:last], x, network.p)


def loss_pass(
    network: Stack,
    x: Array,
    target: Array,
    loss: Loss,
    weight: Array | None = None,
    rng: np.random.Generator | None = None,
    *,
    inputs: bool = False,
) -> Pass:
    """Compute the loss, with a closure for the backward pass.

    Parameters
    ----------
    network : Stack
        A `Model`.
    x : ndarray, shape (n, *inputs)
    target : ndarray
        Labels, as ``loss.targets(y, network.outputs, network.dtype)`` returns them.
    loss : Loss
    weight : ndarray, shape (n,), optional
        Weights of the samples, of mean 1 over the data set.
    rng : Generator, optional
        The source of random numbers in training; None for prediction.
    inputs : bool, optional
        Whether ``backward`` computes and returns dL/dx, which training does not need.
    """
    fused = is_fused(network, loss)
    layers = network.layers[:-1] if fused else network.layers
    first, g = (0, network.gradient_views(inputs=True)) if inputs else (network.first, network.g)
    output, back = chain.forward(layers, x, network.p, rng, first=first)
    if fused:
        value, prediction, loss_back = cast("FusedLoss", loss).from_scores(output, target, weight)
    else:
        value, loss_back = loss.forward(output, target, weight)
        prediction = output
    penalty, penalty_backs = 0.0, []
    for each in network.penalties:
        amount, penalty_back = each.forward(network.parameters)
        penalty += amount
        penalty_backs.append(penalty_back)

    def backward() -> Array | None:
        dx: Array | None = back(loss_back(), g)
        for penalty_back in penalty_backs:
            penalty_back(network.gradients)
        network.clear_frozen()
        return dx

    return Pass(value + penalty, penalty, prediction, backward)


def measure(
    network: Stack,
    x: Any,
    target: Array,
    weight: Array | None,
    loss: Loss,
    metrics: Mapping[str, Metric],
    predict: Predict = predict,
) -> dict[str, float]:
    """Return the loss, its penalty part, and the metrics, on these samples."""
    value, penalty, prediction = evaluate(network, x, target, weight, loss, predict)
    finite = math.isfinite(value + penalty)  # otherwise the metrics are NaN
    values = measured(metrics, target, prediction) if finite else dict.fromkeys(metrics, math.nan)
    return {"loss": value + penalty, "penalty": penalty, **values}


def evaluate(
    network: Stack, x: Any, target: Array, weight: Array | None, loss: Loss, predict: Predict = predict
) -> tuple[float, float, Array]:
    """Return the loss on these samples without the penalty, the penalty, and the predictions."""
    if is_fused(network, loss):
        output = predict(network, x, last=-1)
        value, prediction, _ = cast("FusedLoss", loss).from_scores(output, target, weight)
    else:
        prediction = predict(network, x)
        value, _ = loss.forward(prediction, target, weight)
    penalty = sum((each.forward(network.parameters)[0] for each in network.penalties), 0.0)
    return value, penalty, prediction


def is_fused(network: Stack, loss: Loss) -> bool:
    """Whether the last layer and the loss are fused."""
    return FUSED.get(type(loss)) is type(network.layers[-1])
