"""Immutable descriptions: layers, losses, optimizers, schedules, initializers and callbacks.

A description consists of its arguments only. It is a frozen dataclass: descriptions with equal arguments are equal, they
can be shared, copied and hashed, and ``repr`` returns the code that creates one, which `whorl._core.notation` reads back.
What training computes is kept in the model and in the training state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, dataclass_transform

import numpy as np

from whorl._core.calls import explained


def argument(check: Callable[..., Any], *, default: Any = MISSING, **limits: Any) -> Any:
    """Declare an argument of a description, with the function that validates it.

    Parameters
    ----------
    check : callable
        ``check(name, value, **limits)`` returns the value to store, or raises TypeError or ValueError; usually a function of
        `whorl._core.validation`.
    default : object, optional
        The default. If it is None, None is always accepted.
    **limits
        Further arguments of `check`, such as ``minimum=0``.
    """

    def checked(name: str, value: object) -> Any:
        return None if value is None and default is None else check(name, value, **limits)

    return field(default=default, metadata={"check": checked})


@dataclass_transform(frozen_default=True, field_specifiers=(argument, field))
class Description:
    """Base of all descriptions, whose arguments are declared as fields.

    Every subclass automatically becomes a frozen dataclass, and must not define ``__init__``.

    Examples
    --------
    >>> from whorl import Dense
    >>> Dense(64, weight_l2=1e-4)
    Dense(64, weight_l2=0.0001)
    >>> Dense(64) == Dense(64), hash(Dense(64)) == hash(Dense(64))
    (True, True)
    >>> Dense(64).units = 32  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'units': a Dense never changes...
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__init__" in vars(cls):
            raise TypeError(
                f"{cls.__name__} must declare its arguments as fields, such as `factor: float = 1.0`, and have no"
                " __init__: whorl needs the fields to compare, print and save it"
            )
        dataclass(frozen=True, eq=False, repr=False, match_args=False)(cls)
        for name, method in (("__init__", explained(vars(cls)["__init__"])), ("__setattr__", _refuse)):
            setattr(cls, name, method)  # so that type checkers see those of a dataclass

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]  # each subclass is a dataclass
            value = getattr(self, each.name) if each.init else None
            if each.init and "check" in each.metadata:
                object.__setattr__(self, each.name, each.metadata["check"](each.name, value))
            elif isinstance(value, np.generic):  # whose type would spread: a NumPy float64 is not a float32
                object.__setattr__(self, each.name, value.item())

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _arguments(self) == _arguments(other)

    def __hash__(self) -> int:
        return hash((type(self), *_arguments(self)))

    def __repr__(self) -> str:
        """Return the code that creates an equal description, without arguments that have their default value."""
        written, positional = [], True
        for each in fields(self):  # type: ignore[arg-type]  # each subclass is a dataclass
            if not each.init:
                continue
            value = getattr(self, each.name)
            if each.default is not MISSING and value == each.default and type(value) is type(each.default):
                positional = False  # arguments after an omitted one need their names
                continue
            positional = positional and not each.kw_only
            written.append(repr(value) if positional else f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(written)})"


def _refuse(self: Description, name: str, _: object) -> None:
    raise FrozenInstanceError(
        f"cannot assign to field {name!r}: a {type(self).__name__} never changes. What a layer's forward pass computes for its backward"
        " pass is kept in the function backward; dataclasses.replace makes another description"
    )


def _arguments(description: Any) -> list[Any]:
    return [getattr(description, each.name) for each in fields(description) if each.init]
