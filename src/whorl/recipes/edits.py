"""Changes inside the layers or the optimizer of a recipe: each function returns new descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from whorl._core.description import Description
from whorl._core.types import Array
from whorl.layers import Dense, Dropout, Layer, NTKDense, PeriodicEmbedding
from whorl.schedules import Chain, Cosine, LogCosine, OneCycle, Polynomial, WarmUp

TO_LEARNING_RATE = "optimizer", "schedule", "learning_rate"
"""The arguments that lead to the learning rate, through wrappers and schedules."""


def stretched(value: Any, old: float, new: float) -> Any:
    """Return an optimizer, or layers, whose schedules, made for `old` epochs of training, are stretched to `new` ones.

    Schedules without an end, such as `InverseTime`, stay as they are.

    Examples
    --------
    >>> from whorl import Adam, Cosine, WarmUp
    >>> stretched(Adam(WarmUp(Cosine(0.1, epochs=45), epochs=5)), 50, 100)
    Adam(WarmUp(Cosine(0.1, epochs=90.0), epochs=10.0))
    >>> stretched((Dense(64), Dropout(Cosine(0.5, epochs=50))), 50, 100)
    (Dense(64), Dropout(Cosine(0.5, epochs=100.0)))
    """
    if isinstance(value, tuple):
        return tuple(stretched(part, old, new) for part in value)
    if not isinstance(value, Description):
        return value
    names = [each.name for each in fields(value) if each.init]  # type: ignore[arg-type]  # each description is a dataclass
    changed = {name: stretched(getattr(value, name), old, new) for name in names}
    if isinstance(value, Cosine | LogCosine | OneCycle | Polynomial | WarmUp):
        changed["epochs"] = value.epochs * new / old
    if isinstance(value, Chain):
        changed["parts"] = tuple((epochs * new / old, part) for epochs, part in changed["parts"])
    return replace(value, **changed)  # type: ignore[type-var]


def with_learning_rate(value: Any, rate: float) -> Any:
    """Return an optimizer or a schedule with another learning rate, for a schedule the one it is computed from.

    Examples
    --------
    >>> from whorl import Adam, Cosine
    >>> with_learning_rate(Adam(Cosine(0.1, epochs=50)), 0.3)
    Adam(Cosine(0.3, epochs=50.0))
    """
    for name in TO_LEARNING_RATE:
        if hasattr(value, name):
            part = getattr(value, name)
            return replace(value, **{name: rate if isinstance(part, float) else with_learning_rate(part, rate)})
    raise ValueError(f"there is no learning_rate to change in {value!r}")


def with_hidden(layers: Sequence[Layer], sizes: Sequence[int]) -> tuple[Layer, ...]:
    """Return the layers with as many hidden layers as there are sizes, each followed by what follows it now.

    Those beyond the present ones are like the last, with the default initializer.

    Examples
    --------
    >>> from whorl import ReLU
    >>> with_hidden([Dense(64, weight_l2=1e-4), ReLU()], [16, 8])
    (Dense(16, weight_l2=0.0001), ReLU(), Dense(8, weight_l2=0.0001), ReLU())
    """
    first, *hidden = _blocks(layers)
    if not hidden:
        raise ValueError(f"there is no Dense layer to change in {list(layers)}")
    further = hidden[-1][0]
    further = replace(further, initializer=Dense(1).initializer) if isinstance(further, Dense) else further
    hidden += [[further, *hidden[-1][1:]]] * len(sizes)
    changed = ((replace(dense, units=units), *rest) for units, (dense, *rest) in zip(sizes, hidden, strict=False))
    return tuple(layer for block in (first, *changed) for layer in block)


def with_dropout(layers: Sequence[Layer], rate: float) -> tuple[Layer, ...]:
    """Return the layers with this dropout rate at the end of each hidden layer; with rate 0 there is none.

    Examples
    --------
    >>> from whorl import ReLU
    >>> with_dropout([Dense(64), ReLU(), Dense(64), ReLU(), Dropout(0.5)], 0.1)
    (Dense(64), ReLU(), Dropout(0.1), Dense(64), ReLU(), Dropout(0.1))
    """
    first, *hidden = _blocks(layers)
    end = [Dropout(rate)] if rate else []
    return (*first, *(layer for block in hidden for layer in [*(x for x in block if not isinstance(x, Dropout)), *end]))


def varied(layers: Sequence[Layer], scale: float | None, dropout: float | None) -> list[Layer]:
    """Return the layers with this scale in each `PeriodicEmbedding` and this rate in each `Dropout`; None leaves them.

    Examples
    --------
    >>> varied([PeriodicEmbedding(), Dense(64), Dropout(0.5)], 0.2, None)
    [PeriodicEmbedding(scale=0.2), Dense(64), Dropout(0.5)]
    """

    def changed(layer: Layer) -> Layer:
        if isinstance(layer, PeriodicEmbedding) and scale is not None:
            return replace(layer, scale=scale)
        if isinstance(layer, Dropout) and dropout is not None:
            return replace(layer, rate=dropout)
        return layer

    return [changed(layer) for layer in layers]


def _blocks(layers: Sequence[Layer]) -> list[list[Any]]:
    """Split the layers before each Dense or NTKDense; the first block has those before all of them."""
    blocks: list[list[Any]] = [[]]
    for layer in layers:
        if isinstance(layer, Dense | NTKDense):
            blocks.append([])
        blocks[-1].append(layer)
    return blocks


def embedded(layers: Sequence[Layer], X: Array) -> list[Layer]:
    """Return layers that suit the columns of X: a `PeriodicEmbedding` embeds those with more than two different values."""
    if not any(isinstance(layer, PeriodicEmbedding) and layer.columns is None for layer in layers) or X.ndim != 2:
        return list(layers)
    low, high = X.min(axis=0), X.max(axis=0)
    columns = tuple(j for j, column in enumerate(X.T) if ((column != low[j]) & (column != high[j])).any())
    return [
        replace(layer, columns=columns) if isinstance(layer, PeriodicEmbedding) and columns else layer
        for layer in layers
        if columns or not isinstance(layer, PeriodicEmbedding)
    ]
