"""``whorl compare RUN RUN``: which settings of trainings differ, and what that changes, beside what the seed alone changes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from whorl._core.files import replacing
from whorl._core.randomness import generator
from whorl._core.validation import integer
from whorl.cli import config, options
from whorl.cli.console import show_table
from whorl.recipes import Recipe
from whorl.recipes.data import TableFile
from whorl.sweeps.comparison import Runs, compare, differences, one_by_one, verdict


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Compare trainings: show the settings that differ, train each again with several seeds, and tell whether the validation losses differ"
        " by more than the seed alone explains."
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a model.toml, or the model.npz or the directory that it is beside or in"
    )
    parser.add_argument("--seeds", type=options.number(int), default=5, metavar="N", help="networks of each run [5]")
    parser.add_argument(
        "--each",
        action="store_true",
        help="also the first run with each setting of the last one that differs, one at a time",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the mean losses over the epochs, as a PNG")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    seeds = integer("--seeds", arguments.seeds, minimum=2)
    if len(arguments.runs) < 2:
        raise ValueError(f"argument RUN: must name at least two runs, got {len(arguments.runs)}")
    plans = dict(zip(_names(arguments.runs), map(_plan, arguments.runs), strict=True))
    recipes = _comparable(plans)
    changed = differences(recipes)
    if not changed:
        raise ValueError("argument RUN: the settings of all these runs are the same, apart from their seeds")
    if arguments.each:
        recipes = one_by_one(recipes)
    rows = [
        [name, run, str(value)] for name, values in changed.items() for run, value in zip(plans, values, strict=True)
    ]
    show_table([["setting", "run", "value"], *rows], right=set[int]())
    plan = next(iter(plans.values()))
    problem = plan.recipe.replace(members=1).problem(generator(plan.seed))
    found = compare(recipes, problem.X, problem.y, seeds=seeds, validation=problem.validation, done=_progress)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    show_table(_table(found, seeds), right={1, 2})
    print(verdict(found))
    if arguments.plot is not None:
        _draw(found, arguments.plot)
    return 0


def _plan(path: str) -> config.Run:
    """Return the run of a model.toml, or of the one beside a model.npz or in a directory."""
    found = Path(path)
    if found.is_dir():
        found = found / "model.toml"
    return config.read(found.with_suffix(".toml") if found.suffix == ".npz" else found)


def _names(paths: Sequence[str]) -> list[str]:
    """Return a short name for each path, which tells them apart."""
    short = [Path(path).stem if Path(path).suffix else Path(path).name for path in paths]
    if len(set(short)) == len(short):
        return short
    if len(set(paths)) < len(paths):
        raise ValueError(f"argument RUN: must be different runs, got {' '.join(paths)}")
    return list(paths)


def _comparable(plans: dict[str, config.Run]) -> dict[str, Recipe]:
    """Return the recipes; raise ValueError if they are not of the same data."""
    (first, start), *others = plans.items()
    for name, plan in others:
        if (plan.data, plan.recipe.data, plan.file_sha256) != (start.data, start.recipe.data, start.file_sha256):
            raise ValueError(
                f"argument RUN: must be runs on the same data: that of {first} is {start.recipe.data!r},"
                f" and that of {name} is {plan.recipe.data!r}"
            )
    data = start.recipe.data
    if isinstance(data, TableFile) and start.file_sha256 not in (None, config.sha256(data.file)):
        raise ValueError(f"{data.file} has changed since {first} was trained")
    return {name: plan.recipe for name, plan in plans.items()}


def _table(found: dict[str, Runs], seeds: int) -> list[list[str]]:
    """Return the rows of a table of results: mean and standard deviation over the seeds."""
    score = next(iter(next(iter(found.values())).scores))
    rows = [["run", f"val loss, {seeds} seeds", score.replace("_", " ")]]
    for name, runs in found.items():
        both = (runs.losses, runs.scores[score])
        rows.append([name, *(f"{values.mean():.4f} ± {values.std(ddof=1):.4f}" for values in both)])
    return rows


def _progress() -> None:
    """Show a sign of life."""
    if sys.stderr.isatty():
        sys.stderr.write(".")
        sys.stderr.flush()


def _draw(found: dict[str, Runs], path: Path) -> None:
    """Draw the means of the losses over the epochs."""
    from whorl import plot
    from whorl.plot.style import new_figure

    figure = new_figure((7, 4))
    plot.compare({name: runs.history() for name, runs in found.items()}, "loss", ax=figure.add_subplot())
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=110)
    print(f"saved {path}")
