"""The header of a model file, which describes the model without its arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from whorl import initializers, layers, schedules
from whorl._core.description import Description
from whorl._core.notation import concrete, syntax
from whorl._core.validation import show
from whorl.layers.chain import count
from whorl.stack import Stack

KNOWN: Mapping[str, type] = {
    **concrete(layers, layers.Layer),
    **concrete(initializers, initializers.Initializer),
    **concrete(schedules, schedules.Schedule),
}
"""The classes that a model file may name. Other names are errors: a file can never cause an import."""

LAYERS = 10_000
"""Maximum number of layers in a file, those inside others included: an `Average` has more than its text names."""

LONGEST = {"layers": 500_000, "preparation": 4_000_000, "uncertainty": 500_000}
"""Maximum number of characters of a description in a file."""


def header(model: Stack) -> dict[str, Any]:
    """Return the header of a model; raise TypeError if a custom layer cannot be saved, ValueError if it is too large to be read.

    Examples
    --------
    >>> from whorl import Dense, Model
    >>> header(Model([Dense(3)], inputs=2))
    {'inputs': (2,), 'dtype': 'float32', 'layers': '[Dense(3)]', 'frozen': [], 'preparation': None, 'uncertainty': None}
    """
    check(model.layers)
    try:
        check_count(model.layers)
    except ValueError as error:
        raise ValueError(f"the model cannot be saved: {error}") from None
    learned = {"preparation": model.preparation, "uncertainty": model.uncertainty}
    texts = {"layers": repr(list(model.layers))} | {name: repr(each) for name, each in learned.items()}
    for name, text in texts.items():
        try:
            syntax(text, LONGEST[name])
        except ValueError as error:
            raise ValueError(f"the model cannot be saved: the text of its {name} {error}") from None
    return {
        "inputs": model.inputs,
        "dtype": model.dtype.name,
        "layers": texts["layers"],
        "frozen": sorted(model.frozen),
        **{name: None if each is None else texts[name] for name, each in learned.items()},
    }


def check_count(model_layers: Sequence[layers.Layer]) -> None:
    """Raise ValueError if there are more layers than `LAYERS`."""
    found = 0
    for layer in model_layers:
        found += count([layer])
        if found > LAYERS:  # at once, since a file may have many more
            raise ValueError(f"it has more than {LAYERS} layers, those inside others included")


def check(value: object) -> None:
    """Raise TypeError unless the ``repr`` of a layer, or of a list of layers, can be read back."""
    if isinstance(value, Description):
        name = type(value).__name__
        if KNOWN.get(name, type(value)) is not type(value):
            raise TypeError(f"cannot save {value!r}: whorl has a class of the same name; rename yours")
        for each in fields(value):  # type: ignore[arg-type]  # each description is a dataclass
            check(getattr(value, each.name))
    elif isinstance(value, list | tuple):
        for item in value:
            check(item)
    elif value is not None and type(value) not in (bool, int, float, str):
        raise TypeError(f"cannot save {show(value)}: only numbers, text, lists and descriptions can be saved")
