"""Recipes with other settings inside: each function returns new descriptions, with the named arguments changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from whorl._core.description import Description
from whorl.layers import Dense, Dropout, Layer
from whorl.schedules import Cosine, OneCycle, Polynomial, WarmUp


def rewrite(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a description, or a tuple of them, with each description inside changed, from the inside out.

    What stands in other lists stays as it is, such as the parts of a `Chain`.

    Examples
    --------
    >>> from whorl import Adam, Clipped, Constant
    >>> rewrite(Clipped(Adam(Constant(0.1)), norm=1), lambda each: 0.5 if each == Constant(0.1) else each)
    Clipped(Adam(0.5), norm=1.0)
    """
    if isinstance(value, tuple):
        return tuple(rewrite(item, change) if isinstance(item, Description) else item for item in value)
    if not isinstance(value, Description):
        return value
    old = {each.name: getattr(value, each.name) for each in fields(value) if each.init}  # type: ignore[arg-type]
    new = {name: rewrite(argument, change) for name, argument in old.items()}
    return change(value if new == old else replace(value, **new))  # type: ignore[type-var]


def with_argument(value: Any, kind: type, name: str, new: float) -> Any:
    """Return `value` with an argument of its descriptions of one kind changed, wherever it is a number.

    Raises
    ------
    ValueError
        If there is no such argument.

    Examples
    --------
    >>> from whorl import Adam, Cosine
    >>> with_argument(Adam(Cosine(0.1, epochs=50)), Description, "learning_rate", 0.3)
    Adam(Cosine(0.3, epochs=50.0))
    """
    found = False

    def change(each: Description) -> Description:
        nonlocal found
        own = isinstance(each, kind) and name in [field.name for field in fields(each) if field.init]  # type: ignore[arg-type]
        if own and isinstance(getattr(each, name), float):
            found = True
            return replace(each, **{name: new})  # type: ignore[type-var]
        return each

    changed = rewrite(value, change)
    if not found:
        raise ValueError(f"there is no {name} to change in {value!r}")
    return changed


def stretched(value: Any, old: float, new: float) -> Any:
    """Return an optimizer whose schedules, made for `old` epochs of training, are stretched to `new` ones.

    Schedules without an end, such as `InverseTime`, stay as they are, and so does a `Chain`.

    Examples
    --------
    >>> from whorl import Adam, Cosine, WarmUp
    >>> stretched(Adam(WarmUp(Cosine(0.1, epochs=45), epochs=5)), 50, 100)
    Adam(WarmUp(Cosine(0.1, epochs=90.0), epochs=10.0))
    """

    def change(each: Description) -> Description:
        if isinstance(each, Cosine | OneCycle | Polynomial | WarmUp):
            return replace(each, epochs=each.epochs * new / old)
        return each

    return rewrite(value, change)


def with_hidden(layers: Sequence[Layer], sizes: Sequence[int]) -> tuple[Layer, ...]:
    """Return the layers with as many hidden layers as there are sizes, each followed by what follows it now.

    Those beyond the present ones are like the last, with the default initializer.

    Examples
    --------
    >>> from whorl import ReLU
    >>> with_hidden([Dense(64, weight_l2=1e-4), ReLU()], [16, 8])
    (Dense(16, weight_l2=0.0001), ReLU(), Dense(8, weight_l2=0.0001), ReLU())
    """
    result, hidden = _split(layers)
    if not hidden:
        raise ValueError(f"there is no Dense layer to change in {list(layers)}")
    for i, units in enumerate(sizes):
        dense, following = hidden[min(i, len(hidden) - 1)]
        initializer = dense.initializer if i < len(hidden) else Dense(1).initializer
        result += [replace(dense, units=units, initializer=initializer), *following]
    return tuple(result)


def with_dropout(layers: Sequence[Layer], rate: float) -> tuple[Layer, ...]:
    """Return the layers with this dropout rate at the end of each hidden layer; with rate 0 there is none.

    Examples
    --------
    >>> from whorl import ReLU
    >>> with_dropout([Dense(64), ReLU(), Dense(64), ReLU(), Dropout(0.5)], 0.1)
    (Dense(64), ReLU(), Dropout(0.1), Dense(64), ReLU(), Dropout(0.1))
    """
    result, hidden = _split(layers)
    for dense, following in hidden:
        result += [dense, *(each for each in following if not isinstance(each, Dropout))]
        result += [Dropout(rate)] if rate else []
    return tuple(result)


def _split(layers: Sequence[Layer]) -> tuple[list[Layer], list[tuple[Dense, list[Layer]]]]:
    """Return the layers before the first Dense, and each Dense with a list of the layers that follow it."""
    first: list[Layer] = []
    hidden: list[tuple[Dense, list[Layer]]] = []
    following = first
    for layer in layers:
        if isinstance(layer, Dense):
            following = []
            hidden.append((layer, following))
        else:
            following.append(layer)
    return first, hidden
