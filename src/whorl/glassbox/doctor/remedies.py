"""What to try first: changes of a training, as code and for programs.

Besides arguments of `Model` and `Model.fit`, a finding's `changes` may hold changes of the data: ``drop``, features to leave out;
``target``, an offset and a factor, for targets ``(y - offset) / factor``; ``rows``, "new" to leave out validation rows that are
training rows too; ``validation``, a fraction of the training and validation data together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from whorl.glassbox.doctor.signals import Setup
from whorl.initializers import GlorotUniform, HeNormal, Normal
from whorl.layers import Dense, Layer, LeakyReLU, ReLU, Sigmoid, Softmax, Standardize, Tanh
from whorl.optimizers import Adam, Optimizer
from whorl.recipes.edits import stretched, with_learning_rate

Remedy = tuple[str, dict[str, Any]]
"""A line of code, and the same for programs."""


def arguments(**changes: Any) -> Remedy:
    """Return the change of these arguments of `Model` or `Model.fit`."""
    shown = {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}
    return ", ".join(f"{name}={value!r}" for name, value in shown.items()), changes


def standardized(setup: Setup) -> Remedy:
    """Scale the inputs."""
    return arguments(layers=(Standardize(), *setup.layers))


def rate(setup: Setup | None, factor: float) -> Remedy:
    """Multiply the learning rate."""
    if setup is None:
        return (
            f"a learning rate {1 / factor:g} times lower" if factor < 1 else f"a learning rate {factor:g} times higher",
            {},
        )
    return arguments(optimizer=with_rate(setup.optimizer, factor))


def with_rate(optimizer: Optimizer, factor: float) -> Optimizer:
    """Return the optimizer with its learning rate, or the one that its schedule starts from, multiplied."""
    start: Any = optimizer
    while not isinstance(start, int | float):
        inner = next(
            (getattr(start, name) for name in ("optimizer", "schedule", "learning_rate") if hasattr(start, name)), None
        )
        if inner is None:
            return Adam()  # a function of the user's, or a list of schedules
        start = inner
    changed: Optimizer = with_learning_rate(optimizer, float(f"{start * factor:.3g}"))
    return changed


def longer(setup: Setup | None, factor: int) -> Remedy:
    """Train for more epochs, with the schedules stretched."""
    if setup is None:
        return f"{factor} times as many epochs", {}
    epochs, optimizer = factor * setup.epochs, stretched(setup.optimizer, setup.epochs, factor * setup.epochs)
    return arguments(epochs=epochs) if optimizer == setup.optimizer else arguments(epochs=epochs, optimizer=optimizer)


def without(setup: Setup, index: int) -> Remedy:
    """Leave out a layer."""
    count = len(setup.layers)
    return arguments(layers=tuple(each for i, each in enumerate(setup.layers) if i != index % count))


def instead(setup: Setup, index: int, layer: Layer) -> tuple[Layer, ...]:
    """Return the layers with another one in a place."""
    place = index % len(setup.layers)
    return tuple(layer if i == place else each for i, each in enumerate(setup.layers))


def initialized(setup: Setup, *, last: bool = False) -> Remedy:
    """Use the usual initial weights: He's, before tanh and sigmoid Glorot's; or small ones in the last dense layer only."""
    dense = [i for i, each in enumerate(setup.layers) if isinstance(each, Dense)]
    changed: list[Any] = list(setup.layers)
    for i in dense[-1:] if last else dense:
        after = setup.layers[i + 1] if i + 1 < len(changed) else None
        usual = GlorotUniform() if isinstance(after, Sigmoid | Tanh) else HeNormal()
        changed[i] = replace(changed[i], initializer=Normal(0.01) if last else usual)
    return arguments(layers=tuple(changed))


def activated(setup: Setup, old: type[Layer] | tuple[type[Layer], ...], new: Layer) -> Remedy:
    """Use another activation in the hidden layers, with its initial weights."""
    changed = tuple(
        new if isinstance(each, old) and i < len(setup.layers) - 1 else each for i, each in enumerate(setup.layers)
    )
    if isinstance(new, ReLU | LeakyReLU):
        return initialized(replace(setup, layers=changed))
    return arguments(layers=changed)


def dense_before_end(setup: Setup) -> int | None:
    """Return the index of the last dense layer."""
    return next((i for i in reversed(range(len(setup.layers))) if isinstance(setup.layers[i], Dense)), None)


def hidden(setup: Setup, units: int) -> Remedy:
    """Have hidden layers of this size: change those that there are, or add two."""
    last = dense_before_end(setup)
    dense = [i for i, each in enumerate(setup.layers) if isinstance(each, Dense) and i != last]
    if dense:
        sized: list[Any] = list(setup.layers)
        sized = [replace(each, units=units) if i in dense else each for i, each in enumerate(sized)]
        return arguments(layers=tuple(sized))
    place = last or 0
    new = (Dense(units), ReLU(), Dense(units), ReLU())
    return arguments(layers=(*setup.layers[:place], *new, *setup.layers[place:]))


def classified(setup: Setup, classes: int, loss: Any) -> Remedy:
    """Predict classes: an output for each, `Softmax`, and the cross-entropy."""
    last = dense_before_end(setup)
    place = len(setup.layers) if last is None else last
    return arguments(layers=(*setup.layers[:place], Dense(classes), Softmax()), loss=loss)
