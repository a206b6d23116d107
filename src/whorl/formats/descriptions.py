"""Layers as plain data, for the header of a file: made of names, numbers, lists and nothing that runs."""

from collections.abc import Mapping
from typing import Any

from whorl import initializers, layers
from whorl.configuration import Configured

KNOWN: dict[str, type[Configured]] = {
    kind.__name__: kind
    for kind in (
        layers.Dense,
        layers.Dropout,
        layers.ReLU,
        layers.Softmax,
        initializers.HeNormal,
        initializers.Normal,
        initializers.Zeros,
    )
}
"""What a file may name. A name outside this table is refused; nothing is ever looked up by importing."""


def describe(thing: Any) -> Any:
    """Return `thing` as plain data: ``{"is": "Dense", "units": 3, …}``.

    Examples
    --------
    >>> describe(layers.Dropout(0.5))
    {'is': 'Dropout', 'rate': 0.5}
    """
    if isinstance(thing, Configured):
        return {"is": type(thing).__name__} | {name: describe(value) for name, value in thing.config().items()}
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    raise TypeError(f"cannot describe {thing!r} in a file: only numbers, text, and objects made of them")


def rebuild(description: Any) -> Any:
    """Return what was described; raise ValueError if it names something unknown or does not fit.

    Examples
    --------
    >>> rebuild({"is": "Dropout", "rate": 0.5})
    Dropout(0.5)
    """
    if not isinstance(description, Mapping):
        return description
    arguments = {name: rebuild(value) for name, value in description.items() if name != "is"}
    kind = KNOWN.get(description.get("is", ""))
    if kind is None:
        raise ValueError(f"it names {description.get('is')!r}, which is none of {', '.join(sorted(KNOWN))}")
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ValueError(f"its {kind.__name__} does not fit: {error}") from None
