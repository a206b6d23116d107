"""``whorl explain DATA``: show every number of one training step, and why each weight changed; or what a saved network relies on."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from whorl._core.randomness import generator
from whorl._core.types import Array
from whorl._core.validation import integer
from whorl.cli import importance, options
from whorl.cli.source import labelled_rows, loss_of
from whorl.cli.start import add_recipe, add_start, plan_of
from whorl.formats import load
from whorl.glassbox import trace
from whorl.model import Model
from whorl.recipes import Recipe
from whorl.recipes.data import TableFile
from whorl.recipes.fitting import Start, start

SAMPLES = 3
"""Default number of samples of the step."""


def add_arguments(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments to the parser; the options are those of the data set and the preset that the words name."""
    parser.usage = (
        "whorl explain DATA [options]\n       whorl explain FILE --target COLUMN [options]\n"
        "       whorl explain DATA --model model.npz [options]\n"
        "       whorl explain FILE --model model.npz [--plot FILE.png]"
    )
    parser.description = (
        "Show one training step on a few samples: every array with its formula and its numbers, forward, backward, and in the update, and"
        " why each weight changed; as text, or as a page with --html. The network is the one that whorl train would start from, or a saved one."
        " For a saved network of a table, without --rows, --why and --html: how much it relies on each column, measured by how much worse its"
        " predictions get when the values of the column are shuffled among the rows of the file. Use rows that it was not trained on."
    )
    basis = add_start(parser, words)
    if basis is None:
        return
    parser.add_argument("--model", metavar="MODEL", help="explain this saved network [an untrained one]")
    group, whole = parser.add_argument_group("what to show"), options.number(int)
    rows = f"samples of the step, by number, from 0 [{SAMPLES} of them, evenly spaced]"
    group.add_argument("--rows", nargs="+", type=whole, metavar="N", help=rows)
    why = "only why one weight changed, such as w1 0 3"
    group.add_argument("--why", nargs="+", metavar=("NAME", "INDEX"), help=why)
    group.add_argument("--html", type=Path, metavar="FILE", help="write a page to this file instead of printing text")
    plot = "with a saved network of a table: draw the importance of the columns, and the predictions over the first ones, as a PNG"
    group.add_argument("--plot", type=Path, metavar="FILE", help=plot)
    add_recipe(parser, basis.recipe, without=["time"])


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.html is not None and arguments.why:
        raise ValueError("argument --why: not allowed with --html, whose page has it for every weight")
    source, stepwise = arguments.start.recipe.data, arguments.rows or arguments.why or arguments.html
    if arguments.model is not None and isinstance(source, TableFile) and not stepwise:
        model, seed = load(arguments.model), _seed(arguments)
        table = labelled_rows(model, arguments.model, source, arguments.data, arguments)
        importance.show(model, table, seed=seed, plot=arguments.plot)
        return 0
    if arguments.plot is not None:
        raise ValueError(
            "argument --plot: draws what a saved network of a table relies on: give a file and --model, and none of --rows, --why and --html"
        )
    begun, recipe, seed = _start(arguments)
    rows = _rows(arguments.rows, len(begun.X))
    x = begun.X[rows].reshape(-1, *begun.model.inputs)
    step = trace(begun.model, x, begun.target[rows], loss=begun.loss, optimizer=recipe.optimizer, rng=seed)
    if arguments.why:
        print(step.why(arguments.why[0], tuple(map(_index, arguments.why[1:]))))
    elif arguments.html is not None:
        step.save(arguments.html)
        print(f"saved {arguments.html}")
    else:
        print(f"samples {', '.join(map(str, rows))} of {arguments.data}\n{step}")
    return 0


def _start(arguments: argparse.Namespace) -> tuple[Start, Recipe, int]:
    """Return the network and the samples, the recipe with its optimizer, and the seed."""
    source = arguments.start.recipe.data
    model = None if arguments.model is None else load(arguments.model)
    if model is not None and isinstance(source, TableFile):  # the model knows the target
        table = labelled_rows(model, arguments.model, source, arguments.data, arguments)
        recipe = options.changed(arguments.start.recipe, arguments)
        return Start(model, table.X, table.y, recipe.loss or loss_of(model)), recipe, _seed(arguments)
    plan = plan_of(arguments)
    rng = generator(plan.seed)
    begun = start(plan.recipe, plan.recipe.problem(rng), rng)
    if model is not None:
        return _of_model(begun, model, arguments, plan.recipe), plan.recipe, plan.seed
    begun.model.adapt(begun.X, rng=rng)
    return begun, plan.recipe, plan.seed


def _seed(arguments: argparse.Namespace) -> int:
    """Return the seed that was given, or that of the settings."""
    return arguments.start.seed if arguments.seed is None else integer("--seed", arguments.seed, minimum=0)


def _of_model(begun: Start, model: Model, arguments: argparse.Namespace, recipe: Recipe) -> Start:
    """Return a saved network with the samples of a data set; raise ValueError if they do not fit."""
    features = begun.X[0].size
    if features != math.prod(model.inputs):
        has = f"{arguments.data} has {features} for each sample"
        raise ValueError(f"{arguments.model} takes inputs of shape {model.inputs}, but {has}")
    return Start(model, begun.X, begun.target, recipe.loss or loss_of(model))


def _rows(given: Sequence[object] | None, count: int) -> Array:
    """Return the indices of the samples of the step."""
    if given is None:
        return np.unique(((np.arange(SAMPLES) + 0.5) / SAMPLES * count).astype(int))
    rows = [integer("argument --rows:", each, minimum=0) for each in given]
    for row in rows:
        if row >= count:
            raise ValueError(f"argument --rows: must be below {count}, the number of samples, got {row}")
    return np.array(rows)


def _index(text: str) -> int:
    """Return a number of the option --why."""
    return integer("argument --why: an index", options.number(int)(text), minimum=0)
