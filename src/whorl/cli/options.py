"""Options for the fields of a description, with the help text that its docstring has for them."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from whorl._core.description import Description
from whorl.recipes import Recipe, edits
from whorl.recipes.data import TableFile
from whorl.tables import Preparation

Described = TypeVar("Described", bound=Description)
"""Some kind of description."""


def add(
    parser: argparse.ArgumentParser,
    title: str,
    description: Description,
    *,
    without: Collection[str] = (),
    defaults: Mapping[str, str] | None = None,
) -> None:
    """Add an option for each field of a description; the help shows the field's value as the default, or that in `defaults`."""
    group, helps = parser.add_argument_group(title), documented(type(description))
    for each in fields(description):  # type: ignore[arg-type]  # each subclass of Description is a dataclass
        if each.name in without:
            continue
        default = (defaults or {}).get(each.name) or _shown(getattr(description, each.name))
        group.add_argument(
            f"--{each.name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            help=f"{helps.get(each.name, '')}{default and f' [{default}]'}".replace("%", "%%"),
            **_kind(str(each.type).removesuffix(" | None")),
        )


def given(description: Described, arguments: argparse.Namespace, **known: object) -> Described:
    """Return the description with the options that were given on the command line, and before them with what is `known`."""
    values = known | vars(arguments)
    names = [each.name for each in fields(description)]  # type: ignore[arg-type]  # each subclass is a dataclass
    return replace(description, **{name: values[name] for name in names if name in values})  # type: ignore[type-var]


def add_reading(parser: argparse.ArgumentParser, *, without: Collection[str] = ()) -> None:
    """Add the options to read new rows from a file: those of `TableFile` that training has not settled."""
    settled = ["file", "target", "ignore", "use", "task"]
    shown = {"stray": "as in training"}
    add(parser, "how to read the file", TableFile(), without=[*settled, *without], defaults=shown)


def prepared(preparation: Preparation, arguments: argparse.Namespace) -> Preparation:
    """Return the preparation with the option ``--stray`` for new rows, if it was given."""
    return replace(preparation, stray=arguments.stray) if "stray" in arguments else preparation


def documented(kind: type) -> dict[str, str]:
    """Return what the numpydoc docstrings of a class and its bases say of each parameter, on one line, as help texts are written."""
    found = {}
    for each in reversed(inspect.getmro(kind)):
        section = (inspect.getdoc(each) or "").partition("Parameters\n----------\n")[2].partition("\n\n")[0]
        for name, text in re.findall(r"^(\w+) : .*\n((?: {4}.*\n?)+)", section, re.MULTILINE):
            line = " ".join(text.split()).removesuffix(".")
            line = line[0].lower() + line[1:] if line[1:2].islower() else line  # unless it begins with a name, `Dense`
            found[name] = line.replace("`", "")
    return found


def number(kind: Callable[[str], float]) -> Callable[[str], object]:
    """Return the reader of a kind of number. It returns what it cannot read as text, for the description to refuse."""

    def read(text: str) -> object:
        try:
            return kind(text)
        except ValueError:
            return text

    return read


_KINDS: dict[str, dict[str, Any]] = {
    "int": {"type": number(int), "metavar": "N"},
    "float": {"type": number(float), "metavar": "X"},
    "bool": {"action": argparse.BooleanOptionalAction},
    "tuple[str, ...]": {"nargs": "+", "metavar": "NAME"},
    "tuple[float, ...]": {"nargs": "*", "type": number(float), "metavar": "X"},
}


def _kind(kind: str) -> dict[str, Any]:
    """Return how argparse is to read values of a type."""
    if kind.startswith("Literal["):
        choices = re.findall(r"\w+", kind)[1:]
        return {"choices": choices, "metavar": "{" + ",".join(choices) + "}"}
    return _KINDS.get(kind, {"metavar": "TEXT"})


def _shown(value: object) -> str:
    """Return a value as it would be typed."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def add_shortcuts(parser: argparse.ArgumentParser) -> None:
    """Add the options that change one thing inside the layers or the optimizer of a recipe."""
    group = parser.add_argument_group("shortcuts, which change the layers and the optimizer above")
    for name, kind, text in (
        ("hidden", {"nargs": "+", **_KINDS["int"]}, "sizes of the hidden layers"),
        ("dropout", _KINDS["float"], "dropout rate after each hidden layer; 0 for none"),
        ("learning-rate", _KINDS["float"], "learning rate of the optimizer, or of its schedule at the start"),
    ):
        group.add_argument(f"--{name}", default=argparse.SUPPRESS, help=text, **kind)


def changed(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    """Return the recipe with the settings that were given on the command line, and then the shortcuts."""
    given = vars(arguments)
    recipe = recipe.replace(**{name: given[name] for name in recipe.settings() if name in given})
    if "hidden" in given:
        recipe = recipe.replace(
            layers=edits.with_hidden(recipe.layers, given["hidden"]), scales=recipe.scales, dropouts=recipe.dropouts
        )
    if "dropout" in given:
        if "dropouts" in given:
            raise ValueError("argument --dropout: not allowed with --dropouts, the rates that networks take in turn")
        recipe = recipe.replace(layers=edits.with_dropout(recipe.layers, given["dropout"]), scales=recipe.scales)
    if "learning_rate" in given:
        recipe = recipe.replace(optimizer=edits.with_learning_rate(recipe.optimizer, given["learning_rate"]))
    return recipe
