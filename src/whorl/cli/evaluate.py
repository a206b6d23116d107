"""``whorl evaluate model.npz DATA``: measures how good a saved network is on samples that it has not seen."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from whorl import tables
from whorl.cli import settings
from whorl.cli.arguments import Commands, whole
from whorl.cli.presets import PRESETS
from whorl.cli.recipes import Recipe
from whorl.formats import load
from whorl.losses import CrossEntropy, MeanSquaredError
from whorl.model import Model

DATA = [name for name in PRESETS if name != "table"]

DRAWN = ("samples", "classes", "noise", "spread", "clouds")
"""Settings of data that is drawn; features are as many as the network takes."""

READ = ("columns", "skip")
"""Settings of how a file is read."""

SAMPLES = 40_000


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a saved network on other data",
        description="Measure a saved network: on fresh points, drawn as those it was trained on; on the test images of"
        " mnist and fashion-mnist; on all the digits; or on the rows of a file that has the columns of the one it learned.",
        allow_abbrev=False,
    )
    parser.add_argument("model", help="file that whorl train wrote, such as model.npz")
    parser.add_argument("data", metavar="DATA", help=f"what to measure it on: {', '.join(DATA)}, or a file")
    usual = {"samples": f" [{SAMPLES}]", "classes": " [as many as the model's]", "clouds": " [0]", "skip": " [0]"}
    for name in (*DRAWN, *READ):
        settings.add_option(
            parser, name, usual.get(name, " [as in training, unless told otherwise there]" * (name in DRAWN))
        )
    parser.add_argument(
        "--seed", type=whole(0), metavar="N", help="draws the points; none of them was ever trained on [0]"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    if arguments.data not in DATA and not Path(arguments.data).suffix:
        raise ValueError(f"argument DATA: must be {', '.join(DATA)} or a file, got {arguments.data!r}")
    model = load(arguments.model)
    if arguments.data not in DATA:
        _refuse(arguments, (*DRAWN, "seed"), "a file")
        return _file(model, arguments)
    _refuse(arguments, READ, arguments.data)
    if model.preparation is not None:
        raise ValueError(
            f"{arguments.model} has learned a table: give it a file with the same columns, not {arguments.data}"
        )
    recipe = _drawn(model, arguments)
    # Not the stream of `whorl train --seed`, whatever the seed.
    rng = np.random.default_rng(np.random.SeedSequence([arguments.seed or 0, 1]))
    X, y, what = recipe.fresh(rng)
    _check_fit(model, arguments.model, arguments.data, X.shape[1], int(y.max()) + 1)
    measured = model.evaluate(X.reshape(-1, *model.inputs), y, loss=CrossEntropy(), metrics=["accuracy"])
    print(f"{len(X)} {what}: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}")
    limit = recipe.limit()
    if limit:
        print(f"nobody can do better than   acc {limit[0]:.4f} loss {limit[1]:.4f}")
    return 0


def _drawn(model: Model, arguments: argparse.Namespace) -> Recipe:
    """Return the recipe that draws the samples."""
    recipe = next(iter(PRESETS[arguments.data].values()))
    names = settings.of(recipe)
    _refuse(arguments, [name for name in DRAWN if name not in names], arguments.data)
    if "samples" not in names:
        _refuse(arguments, ["seed"], arguments.data)
    found: dict[str, Any] = {
        "samples": SAMPLES,
        "classes": model.outputs[-1],
        "features": math.prod(model.inputs),
    }
    found |= {name: getattr(arguments, name) for name in DRAWN if getattr(arguments, name) is not None}
    return replace(recipe, **{name: value for name, value in found.items() if name in names})


def _file(model: Model, arguments: argparse.Namespace) -> int:
    if model.preparation is None or model.preparation.target is None:
        raise ValueError(
            f"{arguments.model} has not learned a table, so nobody knows which column of {arguments.data} it predicts"
        )
    table = tables.table(
        arguments.data, preparation=model.preparation, columns=arguments.columns, skip=arguments.skip or 0
    )
    rows = f"{len(table.y)} rows of {arguments.data}"
    if table.dropped:
        rows += f" ({table.dropped} without {table.target.name} are left out)"
    if table.task == "classification":
        measured = model.evaluate(table.X, table.y, loss=CrossEntropy(), metrics=["accuracy"])
        print(f"{rows}: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}")
    else:
        measured = model.evaluate(table.X, table.y, loss=MeanSquaredError(), metrics=["r2", "rmse"])
        print(f"{rows}: r2 {measured['r2']:.4f} rmse {measured['rmse']:.6g}, in the unit of {table.target.name}")
    return 0


def _refuse(arguments: argparse.Namespace, names: Sequence[str], data: str) -> None:
    """Raise if an option was given that has no meaning for the data."""
    for name in names:
        if getattr(arguments, name) is not None:
            raise ValueError(f"argument {settings.option(name)}: has no meaning for {data}: leave it out")


def _check_fit(model: Model, path: str, data: str, inputs: int, classes: int) -> None:
    """Raise unless the network is one for the data."""
    if math.prod(model.inputs) != inputs:
        raise ValueError(f"{path} takes inputs of shape {model.inputs}, but {data} has {inputs} for each sample")
    if model.outputs != (classes,):
        raise ValueError(f"{path} has outputs of shape {model.outputs}, but {data} has {classes} classes")
