"""What can be turned: each setting of a training, as an option of ``whorl train`` and as a line of ``model.toml``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from whorl._core import validation
from whorl.cli import notation
from whorl.cli.arguments import Kind, one_of, real, whole, words
from whorl.cli.recipes import Recipe

R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True)
class Setting:
    """What a setting may be, and what the help says of it."""

    kind: Kind
    help: str
    metavar: str = "N"
    many: bool = False

    def check(self, name: str, value: object) -> Any:
        """Return a value from a file in the form a recipe has it, or raise TypeError or ValueError."""
        if not self.many:
            return self.kind.check(name, value)
        if not isinstance(value, list):
            raise TypeError(f"{name} must be a list, got {validation.show(value)}")
        return tuple(self.kind.check(f"{name}[{i}]", item) for i, item in enumerate(value))


SETTINGS: dict[str, Setting] = {
    "file": Setting(words(), "CSV, TSV or Parquet file", "FILE"),
    "target": Setting(words(), "the column to predict", "COLUMN"),
    "ignore": Setting(words(), "columns to leave out", "COLUMN", many=True),
    "task": Setting(
        one_of("classification", "regression"), "classification or regression [as the target looks]", "TASK"
    ),
    "columns": Setting(words(), "names of the columns, if the file has no line of names", "NAME", many=True),
    "skip": Setting(whole(0), "lines to leave out at the top of the file"),
    "samples": Setting(whole(1), "points of each class"),
    "classes": Setting(whole(2), "classes"),
    "features": Setting(whole(1), "features of each point"),
    "noise": Setting(real(minimum=0), "blur: standard deviation of the noise"),
    "spread": Setting(real(minimum=0), "standard deviation of each cloud"),
    "clouds": Setting(whole(0), "seed that draws where the clouds are"),
    "hidden": Setting(whole(1), "sizes of the hidden layers", many=True),
    "dropout": Setting(real(minimum=0, below=1), "probability to drop a hidden unit"),
    "layers": Setting(
        words(notation.stack),
        'hidden layers in place of --hidden and --dropout, such as "dense(64) relu dropout(0.1)"',
        "TEXT",
    ),
    "weight_l2": Setting(real(minimum=0), "strength of the L2 penalty on the weights; not in --layers"),
    "bias_l2": Setting(real(minimum=0), "strength of the L2 penalty on the biases; not in --layers"),
    "label_smoothing": Setting(real(minimum=0, below=1), "share of each label that is spread over all classes"),
    "validation": Setting(real(above=0, below=1), "share of the samples that validates"),
    "epochs": Setting(whole(1), "times to go through the samples"),
    "batch_size": Setting(whole(1), "samples a step"),
    "optimizer": Setting(words(notation.has_rate), 'how to step, such as "sgd(momentum=0.9, nesterov=True)"', "TEXT"),
    "momentum": Setting(real(minimum=0, below=1), "momentum of sgd, where --optimizer says no more than sgd"),
    "learning_rate": Setting(real(minimum=0), "learning rate at the start, lr0, from where it falls"),
    "decay": Setting(real(minimum=0), "the rate is lr0 / (1 + decay * epoch)"),
    "schedule": Setting(
        words(notation.schedule),
        'learning rate over time in place of --learning-rate, such as "warm_up(cosine(0.1, epochs=45), epochs=5)"',
        "TEXT",
    ),
    "patience": Setting(
        whole(0), "epochs without a better validation loss before the end; then the best parameters count"
    ),
}
"""All of them, in the order of the help."""

INSTEAD = {"layers": ("hidden", "dropout"), "schedule": ("learning_rate", "decay")}
"""What takes the place of what; of the latter the first is enough to take it back."""

RATES = ("schedule", *INSTEAD["schedule"])


def of(recipe: Recipe) -> list[str]:
    """Return the names of a recipe's settings, in the order of the help."""
    names = {field.name for field in fields(recipe)}
    return [name for name in SETTINGS if name in names]


def option(name: str) -> str:
    """Return a setting's name on the command line."""
    return f"--{name.replace('_', '-')}"


def add_options(parser: argparse.ArgumentParser, recipes: Iterable[Recipe]) -> None:
    """Add an option for each setting of the presets of a data set."""
    first, *others = recipes
    for name in of(first):
        if name == "file":
            continue  # it stands on the command line without an option
        values = [_plain(getattr(recipe, name)) for recipe in (first, *others)]
        add_option(parser, name, f" [{', '.join(value or 'none' for value in values)}]" if any(values) else "")


def add_option(parser: argparse.ArgumentParser, name: str, usual: str) -> None:
    """Add the option of a setting; the help says what is usual."""
    setting = SETTINGS[name]
    parser.add_argument(
        option(name),
        type=setting.kind,
        nargs="+" if setting.many else None,
        metavar=setting.metavar,
        help=setting.help + usual,
    )


def given(arguments: argparse.Namespace, recipe: Recipe) -> dict[str, Any]:
    """Return what the command line says of a recipe's settings."""
    found = {name: getattr(arguments, name) for name in of(recipe)}
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items() if value is not None
    }


def checked(values: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return what a file says of a recipe's settings; raise if it is wrong."""
    for name in values:
        if name not in of(recipe):
            raise ValueError(f"there is no setting {name!r}; there are {', '.join(of(recipe))}")
    return {name: SETTINGS[name].check(name, value) for name, value in values.items()}


def settled(recipe: R, values: Mapping[str, Any], spelled: Callable[[str], str] = str) -> R:
    """Return the recipe with other values, each of which excludes what it takes the place of.

    Parameters
    ----------
    recipe : Recipe
    values : mapping of str to object
        Checked.
    spelled : callable, optional
        Makes of a setting's name what the user would know it by.

    Raises
    ------
    ValueError
        If two of the values exclude one another.
    """
    undone: dict[str, Any] = {}
    for name, others in INSTEAD.items():
        for other in others:
            if name in values and other in values:
                raise ValueError(f"{spelled(name)} takes the place of {spelled(other)}: leave one of them out")
            written = getattr(recipe, name)
            if other in values and written is not None and others[0] not in values:
                raise ValueError(f"{spelled(other)} belongs to {spelled(others[0])}, but {name} is {written!r}")
        if others[0] in values:
            undone[name] = None
    written = values.get("optimizer", recipe.optimizer)
    if notation.has_rate(written):
        for name in RATES:
            if name in values:
                raise ValueError(
                    f"{spelled(name)} sets the learning rate, but so does {spelled('optimizer')}, {written!r}:"
                    " leave one of them out"
                )
        undone["schedule"] = None
    if "momentum" in values and written != "sgd":
        raise ValueError(f"{spelled('momentum')} is for sgd alone: write it into {spelled('optimizer')}, {written!r}")
    return replace(recipe, **undone, **values)


def in_force(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of a recipe that make its training, by name: those that none other takes the place of."""
    idle = {other for name, others in INSTEAD.items() if getattr(recipe, name) is not None for other in others}
    if notation.has_rate(recipe.optimizer):
        idle |= {*RATES}
    if recipe.optimizer != "sgd":
        idle.add("momentum")
    found = {name: getattr(recipe, name) for name in of(recipe) if name not in idle}
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: object) -> str:
    """Write a value as one would type it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
