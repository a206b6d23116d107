"""Layers as plain data, for the header of a file: made of names, numbers, lists and nothing that runs."""

from collections.abc import Mapping
from inspect import isabstract
from typing import Any

from whorl import initializers, layers
from whorl._core.description import Configured

KNOWN: dict[str, type[Configured]] = {
    name: kind
    for module in (layers, initializers)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, (layers.Layer, initializers.Initializer)) and not isabstract(kind)
}
"""What a file may name. A name outside this table is refused; nothing is ever looked up by importing."""


def describe(thing: Any) -> Any:
    """Return `thing` as plain data: ``{"is": "Dense", "units": 3, …}``; raise TypeError if there is no such form of it.

    Examples
    --------
    >>> describe(layers.Dropout(0.5))
    {'is': 'Dropout', 'rate': 0.5}
    """
    if isinstance(thing, Configured):
        name = type(thing).__name__
        if KNOWN.get(name, type(thing)) is not type(thing):
            raise TypeError(f"cannot save {thing!r}: its class has the name of one of whorl's own; give it another")
        return {"is": name} | {name: describe(value) for name, value in thing.config().items()}
    if isinstance(thing, tuple | list):
        return [describe(item) for item in thing]
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    raise TypeError(f"cannot describe {thing!r} in a file: only numbers, text, lists, and objects made of them")


def rebuild(description: Any, known: Mapping[str, type[Configured]] = KNOWN) -> Any:
    """Return what was described; raise ValueError if it names something unknown or does not fit.

    Parameters
    ----------
    description
        As `describe` returned it.
    known : mapping of str to type, optional
        The classes it may name.

    Examples
    --------
    >>> rebuild({"is": "Dropout", "rate": 0.5})
    Dropout(0.5)
    """
    if isinstance(description, list):
        return [rebuild(item, known) for item in description]
    if not isinstance(description, Mapping):
        return description
    arguments = {name: rebuild(value, known) for name, value in description.items() if name != "is"}
    name = str(description.get("is"))
    if name not in known:
        raise ValueError(
            f"it names {name!r}, which is none of {', '.join(sorted(known))}; see load's argument `custom`"
        )
    try:
        return known[name](**arguments)
    except TypeError as error:
        raise ValueError(f"its {name} does not fit: {error}") from None
