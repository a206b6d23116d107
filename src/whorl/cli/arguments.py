"""Kinds of values: text from the command line, or a value from a file, to a checked value; errors say what was expected."""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from whorl._core import validation

Commands = argparse._SubParsersAction  # noqa: SLF001  # argparse has no public name for it


@dataclass(frozen=True)
class Kind:
    """A kind of value. It serves argparse as a type, and checks what a file holds in the same words.

    Parameters
    ----------
    read : callable
        Makes a value of a text, or raises ValueError.
    check : callable
        Takes a name for the message and a value; returns it in the form we work with, or raises TypeError or ValueError.
    """

    read: Callable[[str], object]
    check: Callable[[str, object], Any]

    def __call__(self, text: str) -> Any:
        try:
            value = self.read(text)
        except ValueError:
            value = text
        try:
            return self.check("it", value)
        except (TypeError, ValueError) as error:  # argparse names the option itself
            raise argparse.ArgumentTypeError(str(error).removeprefix("it").lstrip(": ")) from None


def whole(minimum: int) -> Kind:
    """Return the kind of whole numbers of at least `minimum`."""
    return Kind(int, partial(validation.integer, minimum=minimum))


def real(minimum: float = -math.inf, *, above: float = -math.inf, below: float = math.inf) -> Kind:
    """Return the kind of finite numbers within bounds, as `validation.number` takes them."""
    return Kind(float, partial(validation.number, minimum=minimum, above=above, below=below))


def words(meaning: Callable[[str], object] = str) -> Kind:
    """Return the kind of text that has a meaning, which is found out, to be sure, and not kept: the text is the value."""

    def check(name: str, value: object) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{name} must be text, got {validation.show(value)}")
        try:
            meaning(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return value

    return Kind(str, check)


def one_of(*choices: str) -> Kind:
    """Return the kind of text that is one of a few."""

    def check(name: str, value: object) -> object:
        if value not in choices:
            raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, got {validation.show(value)}")
        return value

    return Kind(str, check)
