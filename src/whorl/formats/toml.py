"""Writing TOML, as far as settings need it: text, numbers, booleans, lists of them, and tables. ``tomllib`` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dumps(document: Mapping[str, Any]) -> str:
    """Write a document: its values first, then its tables, in their order.

    Parameters
    ----------
    document : mapping of str to object
        Text, numbers, booleans, lists or tuples of these, and mappings of such, one level deep.

    Raises
    ------
    TypeError
        If a value is something else; TOML has no null.
    ValueError
        If text holds a lone surrogate, as file names can.

    Examples
    --------
    >>> print(dumps({"data": "moons", "settings": {"noise": 0.1, "layers": "Dense(64), ReLU()"}}), end="")
    data = "moons"
    <BLANKLINE>
    [settings]
    noise = 0.1
    layers = "Dense(64), ReLU()"
    """
    lines = [f"{_key(name)} = {_value(value)}" for name, value in document.items() if not isinstance(value, Mapping)]
    for name, table in document.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{_key(name)}]", *(f"{_key(inner)} = {_value(value)}" for inner, value in table.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _value(name)


def _value(value: object) -> str:
    match value:
        case float():
            return repr(float(value))  # the fewest digits that are read as the same number; inf and nan are valid TOML
        case bool() | int():
            return json.dumps(value)
        case str():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise ValueError(f"text must not hold lone surrogates, got {value!r}: {error.reason}") from None
            # TOML has the escapes of JSON, and requires one for the delete character too.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"a value must be text, a number, a boolean or a list of these, got {value!r}")
