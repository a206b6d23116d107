"""What a command that trains starts from: a data set or a file, a preset or a file of settings, and the options that change them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from whorl._core.validation import integer
from whorl.cli import config, options
from whorl.cli.source import STANDARD_INPUT
from whorl.recipes import RECIPES, Recipe
from whorl.recipes.data import TableFile
from whorl.recipes.reading import LAYERS, LOSSES, OPTIMIZERS, SCHEDULES

DATA = [name for name in RECIPES if name != "table"]
"""The data sets that are not files."""


def add_start_and_output(parser: argparse.ArgumentParser, words: Sequence[str]) -> config.Run | None:
    """Add the arguments that say what to start from, and where to write; return the run that the words name, if they do."""
    if (start := add_start(parser, words)) is not None:
        parser.add_argument("--quiet", action="store_true", help="print no progress, only what is saved and measured")
        output = "directory to write to, or name of the model, ending in .npz [.]"
        parser.add_argument("--output", type=Path, default=Path(), metavar="PATH", help=output)
    return start


def add_start(parser: argparse.ArgumentParser, words: Sequence[str]) -> config.Run | None:
    """Add the arguments that say what to start from; return the run that the words name, if they do."""
    start = _start(words)
    folder = "" if parser.prog == "whorl sweep" else ", or a folder of Parquet files"  # a sweep has all rows in memory
    data = f"{', '.join(DATA)}; or a CSV, TSV or Parquet file{folder}. For its options: {parser.prog} DATA --help"
    if start is None or not words[0].startswith("-"):
        parser.add_argument("data", metavar="DATA", help=data)
    if start is None:
        return None
    parser.set_defaults(start=start)
    basis = parser.add_mutually_exclusive_group()
    presets = " or ".join(RECIPES[start.data])
    basis.add_argument("--preset", metavar="NAME", help=f"settings to start from, {presets} [{start.preset}]")
    basis.add_argument("--config", metavar="FILE", help="start from the settings of a model.toml")
    seed = f"same seed, same results [{start.seed}]"
    parser.add_argument("--seed", type=options.number(int), metavar="N", help=seed)
    return start


def add_recipe(parser: argparse.ArgumentParser, recipe: Recipe, *, without: Collection[str] = ()) -> None:
    """Add the options for the settings of a recipe and of its data."""
    if recipe.data is not None:
        options.add(parser, "data", recipe.data, without=["file"])
    options.add(parser, "network and training", recipe, without=["data", *without])
    options.add_shortcuts(parser)
    parser.epilog = (
        f"Layers: {', '.join(LAYERS)}. Losses: {', '.join(LOSSES)}. Optimizers: {', '.join(OPTIMIZERS)}."
        f" Schedules: {', '.join(SCHEDULES)}."
    )


def _start(words: Sequence[str]) -> config.Run | None:
    """Return the run that the first words of a command line name: a preset or a file of settings."""
    look = argparse.ArgumentParser(prog="whorl train", add_help=False, allow_abbrev=False)
    look.add_argument("--config")
    look.add_argument("--preset")
    named, _ = look.parse_known_args(words)
    data, file = (words[0] if words and not words[0].startswith("-") else None), None
    if words and words[0] == STANDARD_INPUT:
        raise ValueError("train reads a file: the standard input could not be read again to repeat the training")
    if data and data.endswith(".toml"):
        raise ValueError(f"{data} is not data: to repeat its training, use whorl train --config {data}")
    if data and data not in DATA and (Path(data).suffix or Path(data).is_dir()):
        data, file = "table", data
    if named.config is not None:
        start = config.read(named.config)
        if data not in (None, start.data):
            raise ValueError(f"argument --config: {named.config} is for {start.data}, got {data}")
    elif data is None:
        return None
    else:
        start = config.start(data, named.preset)
    if file is not None:  # as it is now, whatever it was
        one = {"members": 1, "calibrate": False, "scales": (), "dropouts": ()} if Path(file).is_dir() else {}
        start = replace(start, recipe=start.recipe.replace(file=file, **one), file_sha256=None)
    return start


def plan_of(arguments: argparse.Namespace) -> config.Run:
    """Return what to do: the start, with the options that were given."""
    start: config.Run = arguments.start
    if "interrupted_after_epoch" in start.made_with:
        epoch = start.made_with["interrupted_after_epoch"]
        print(
            f"{arguments.config} is of a training that was interrupted after epoch {epoch}: this one runs to the end",
            file=sys.stderr,
        )
    if start.differences():
        print(f"the last digits may differ: {arguments.config} was made with {start.differences()}", file=sys.stderr)
    plan = replace(
        start,
        seed=start.seed if arguments.seed is None else integer("--seed", arguments.seed, minimum=0),
        recipe=options.changed(start.recipe, arguments),
        made_with=config.versions(),
    )
    return replace(plan, file_sha256=_checksum(plan)) if isinstance(plan.recipe.data, TableFile) else plan


def _checksum(plan: config.Run) -> str:
    """Return the checksum of the file to learn from; raise ValueError if it is not the one in the settings."""
    data = plan.recipe.data
    assert isinstance(data, TableFile)
    for name, value in (("FILE", data.file), ("--target", data.target)):
        if not value:
            raise ValueError(f"the following arguments are required: {name}")
    found = config.sha256(data.file)
    if plan.file_sha256 not in (None, found):
        raise ValueError(
            f"{data.file} has changed: its SHA-256 is {found}, and was {plan.file_sha256};"
            f" to train on it as it is now, name it too: whorl train {data.file} --config FILE"
        )
    return found
