"""How the settings of recipes are read that are written as text, and what they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from whorl import initializers, layers, optimizers, schedules
from whorl._core import notation
from whorl._core.validation import instance, number, show
from whorl.initializers import Initializer
from whorl.layers import Dense, Layer, NTKDense, Softmax
from whorl.losses import CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError, Quantile
from whorl.optimizers import Optimizer
from whorl.schedules import Schedule

LAYERS = notation.concrete(layers, Layer)
INITIALIZERS = notation.concrete(initializers, Initializer)
OPTIMIZERS = notation.concrete(optimizers, Optimizer)
SCHEDULES = notation.concrete(schedules, Schedule)
LOSSES: dict[str, type] = {
    kind.__name__: kind for kind in (CrossEntropy, Huber, MeanAbsoluteError, MeanSquaredError, Quantile)
}
"""The losses of recipes: the first for classes, the others for numbers."""

READERS: dict[str, Callable[[str], Any]] = {
    "layers": lambda text: notation.parse_list(text, LAYERS | INITIALIZERS | SCHEDULES, Layer),
    "output_layer": lambda text: notation.parse_one(text, LAYERS | INITIALIZERS | SCHEDULES, Layer),
    "loss": lambda text: notation.parse_one(text, LOSSES, Loss),
    "optimizer": lambda text: notation.parse_one(text, OPTIMIZERS | SCHEDULES, Optimizer),
}
"""How to read the settings that are written as text."""


def hidden_layers(name: str, value: object) -> tuple[Layer, ...]:
    """Return hidden layers as a tuple."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of layers, such as [Dense(64), ReLU()], got {show(value)}")
    layers = tuple(instance(f"{name}[{i}]", layer, Layer, "Dense(64)") for i, layer in enumerate(value))
    if layers and isinstance(layers[-1], Softmax):
        raise ValueError(
            f"{name} must be the hidden layers: the output layer and Softmax() are added to them; leave out the last Dense and"
            " Softmax()"
        )
    return layers


def known_loss(name: str, value: object) -> Loss:
    """Return a loss that recipes know."""
    loss: Loss = instance(name, value, Loss, "CrossEntropy()")
    if type(loss).__name__ not in LOSSES:
        raise ValueError(f"{name} must be one of {', '.join(LOSSES)}, got {loss}")
    return loss


def last_layer(name: str, value: object) -> Dense | NTKDense:
    """Return a layer with units, as the one before the predictions."""
    if not isinstance(value, Dense | NTKDense):
        raise TypeError(f"{name} must be a Dense or an NTKDense, such as Dense(1), got {show(value)}")
    return value


def numbers(name: str, value: object, **limits: float) -> tuple[float, ...]:
    """Return numbers within limits, those of `number`, as a tuple."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of numbers, got {show(value)}")
    return tuple(number(f"{name}[{i}]", each, **limits) for i, each in enumerate(value))
