"""``whorl sweep DATA``: search for good settings of a recipe, then train with the best."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from whorl._core.files import replacing, write_rows
from whorl._core.randomness import generator
from whorl._core.validation import integer
from whorl.cli import config, options, train
from whorl.cli.console import show_table
from whorl.cli.interrupt import Signals
from whorl.cli.output import directory, outputs
from whorl.cli.start import add_recipe, add_start_and_output, plan_of
from whorl.recipes import Problem
from whorl.recipes.data import TableFile
from whorl.recipes.stored import is_folder
from whorl.sweeps import Range, Sweep, Trial, space
from whorl.sweeps.address import masked
from whorl.sweeps.records import row, settings_text

FIXED = {"hidden": ["units", "hidden_layers"], "dropout": ["dropout"], "learning_rate": ["learning_rate"]}
FIXED |= {"batch_size": ["batch_size"]}
"""Options of ``whorl train``, and the settings that they fix."""

SHOWN = 5
"""The number of trials in the table at the end."""


def add_arguments(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments to the parser; the options are those of the data set and the preset that the words name."""
    parser.usage = (
        "whorl sweep DATA [options]\n       whorl sweep FILE --target COLUMN [options]\n"
        "       whorl sweep --config model.toml [options]"
    )
    parser.description = (
        "Search for good settings of a recipe, with Optuna (the extra whorl[sweep]); then train with the best, as whorl train does."
        " What stands below is what the search starts from; --hidden, --dropout, --learning-rate and --batch-size fix settings."
    )
    start = add_start_and_output(parser, words)
    if start is None:
        return
    group, whole = parser.add_argument_group("search"), options.number(int)
    searched = ", ".join(space(start.recipe))
    group.add_argument(
        "--trials", type=whole, default=50, metavar="N", help="networks to train, those of the study included [50]"
    )
    group.add_argument("--jobs", type=whole, metavar="N", help="networks to train at a time [one for each core]")
    group.add_argument(
        "--time", type=options.number(float), metavar="X", help="seconds after which no further trial begins"
    )
    group.add_argument(
        "--study",
        metavar="FILE",
        help="file of the trials, to continue or share, or database, such as postgresql://user@host/database, for several machines"
        " [beside the model: model.study.log]",
    )
    group.add_argument(
        "--range", nargs=3, action="append", default=[], metavar=("NAME", "LOW", "HIGH"), help=f"limits of {searched}"
    )
    group.add_argument("--fix", nargs="+", default=[], metavar="NAME", help="settings to leave as they are")
    add_recipe(parser, start.recipe, without=["time"])


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if (start := arguments.start.recipe.data) is not None and is_folder(start):
        raise ValueError(
            f"{start.file} is a folder: a sweep trains many networks on rows in memory, so give it one file, with some of the rows"
        )
    plan = plan_of(arguments)
    recipe = plan.recipe
    if recipe.members == 1 and recipe.validation_seed is None:  # so that the trials can be repeated one by one
        plan = replace(plan, recipe=recipe.replace(validation_seed=plan.seed))
    ranges = _ranges(plan, arguments)
    paths = outputs(arguments.output, Path(recipe.data.file).stem if isinstance(recipe.data, TableFile) else plan.data)
    with directory(paths[0].parent):
        return _Search(plan, ranges, paths, arguments).run()


def _ranges(plan: config.Run, arguments: argparse.Namespace) -> dict[str, Range]:
    """Return the search space: that of the recipe, with the ranges that were given, without the settings that are fixed."""
    ranges = space(plan.recipe)
    known = ", ".join(ranges)
    fixed = [each.replace("-", "_") for each in arguments.fix]
    for name in fixed:
        if name not in ranges:
            raise ValueError(f"argument --fix: must be settings that are searched: {known}, got {name!r}")
    for name, low, high in arguments.range:
        name = name.replace("-", "_")
        if name not in ranges:
            raise ValueError(f"argument --range: must name a setting that is searched: {known}, got {name!r}")
        try:
            ranges[name] = replace(ranges[name], low=float(low), high=float(high))
        except ValueError as error:
            raise ValueError(f"argument --range: {name}: {error}") from None
    fixed += [name for option, names in FIXED.items() if option in arguments for name in names]
    return {name: limits for name, limits in ranges.items() if name not in fixed}


class _Search(Signals):
    """A sweep that is carried out, shown and saved.

    Parameters
    ----------
    plan : Run
        What to start from.
    ranges : dict of str to Range
    paths : tuple of Path
        Where model, settings and picture go.
    arguments : Namespace
    """

    announcement = "stopping the trials under way; press Ctrl-C again to stop at once"
    loss = "the trials that have ended are in the study"

    def __init__(
        self,
        plan: config.Run,
        ranges: dict[str, Range],
        paths: tuple[Path, Path, Path],
        arguments: argparse.Namespace,
    ) -> None:
        super().__init__()
        self.plan, self.paths, self.quiet = plan, paths, arguments.quiet
        self.model_path, self.config_path, _ = paths
        self.study = arguments.study or str(self.model_path.with_suffix(".study.log"))
        rng = generator(plan.seed)
        self.problem: Problem = plan.recipe.replace(members=1).problem(rng)
        self.sweep = Sweep(
            plan.recipe,
            self.problem.X,
            self.problem.y,
            validation=self.problem.validation,
            trials=integer("--trials", arguments.trials),
            ranges=ranges,
            jobs=arguments.jobs,
            time=arguments.time,
            study=self.study,
            rng=rng,
            about={"data": plan.data, "seed": plan.seed, "file_sha256": plan.file_sha256},
        )
        self.saved: Trial | None = None

    def stop(self) -> None:
        self.sweep.stop()

    def run(self) -> int:
        """Search, show the result, and train with the best settings; return the exit code."""
        if not self.quiet:
            self.show_start()
        begun, new = time.monotonic(), 0
        with self:
            for trial in self.sweep:
                self.ended(trial)
                new += 1
        if not self.quiet:
            _clear()
        print(f"{_count(self.sweep.trials)}, in {time.monotonic() - begun:.0f} s")
        if not new and not self.received:
            print("there were as many before: a larger --trials adds more")
        best = self.sweep.best
        if best is None and self.received:
            print("to continue: the same command")
            return self.exit_code
        recipe = self.sweep.best_recipe()
        assert best is not None
        self.show_best()
        self.save_trials()
        if self.received:
            if self.saved is not None and self.saved.number == best.number:
                print(f"saved {self.model_path} and {self.config_path}, with the network of trial {best.number}")
            print("to continue: the same command")
            return self.exit_code
        if self.sweep.others:
            print(f"other processes are at work on {masked(self.study)}: the last one trains with the best settings")
            return 0
        networks = f"{recipe.members} networks" if recipe.members > 1 else "the network"
        print(f"training {networks} with the settings of trial {best.number}", flush=True)
        again = f"whorl train --config {self.config_path} --output {self.model_path} --resume"
        return train.carry_out(replace(self.plan, recipe=recipe), self.paths, quiet=True, again=again)

    @property
    def exit_code(self) -> int:
        """That of a command which was interrupted."""
        return 130 if self.received == "Ctrl-C" else 143

    def ended(self, trial: Trial) -> None:
        """Show a trial that has ended; save its network if it is the best."""
        best = self.sweep.best
        improved = trial.model is not None and best is not None and best.number == trial.number
        if improved:
            assert trial.model is not None
            trial.model.preparation = self.problem.preparation
            trial.model.save(self.model_path)
            config.write(replace(self.plan, recipe=self.sweep.trial_recipe(trial)), self.config_path)
            self.saved = trial
        if self.quiet:
            return
        if improved:
            _clear()
            own = " (the recipe itself)" if self.sweep.has_own_settings(trial) else ""
            print(f"trial {trial.number}{own} | {_scores(trial)} | {settings_text(trial.settings)}", flush=True)
        if sys.stdout.isatty():
            text = f"{_count(self.sweep.trials)}, of {self.sweep.count}"
            sys.stdout.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
            sys.stdout.flush()

    def show_start(self) -> None:
        """Print what is searched."""
        train.show_data(self.plan.recipe.replace(members=1), self.problem)
        own = self.sweep.first()
        rows = [["setting", "from", "to", "first"]]
        rows += [[name, *(f"{x:.3g}" for x in (r.low, r.high, own[name]))] for name, r in self.sweep.ranges.items()]
        show_table(rows, right={1, 2, 3})
        print(f"{self.sweep.count} trials, {self.sweep.jobs} at a time; study: {masked(self.study)}", flush=True)

    def show_best(self) -> None:
        """Print the best trials, and the recipe itself."""
        complete = sorted(
            (each for each in self.sweep.trials if each.state == "complete"), key=lambda each: each.value or 0
        )
        shown = [*complete[:SHOWN], *(each for each in complete[SHOWN:] if self.sweep.has_own_settings(each))]
        names = [name for name in row(shown[0]) if name not in {"state", "epochs", "seconds"}]
        cells = [[f"{row(each)[name]:.4g}" for name in names] for each in shown]
        show_table([[name.replace("_", " ") for name in names], *cells], right=set(range(len(names))))

    def save_trials(self) -> None:
        """Write the trials as CSV, and the picture of the sweep."""
        rows = [row(each) for each in self.sweep.trials]
        names = list(dict.fromkeys(name for each in sorted(rows, key=len, reverse=True) for name in each))
        write_rows(table := self.model_path.with_suffix(".trials.csv"), names, rows)
        print(f"saved {table}")
        try:
            figure = self.sweep.plot()
        except ImportError as error:
            print(f"no picture: {error}", file=sys.stderr)
            return
        with replacing(path := self.model_path.with_suffix(".sweep.png")) as file:
            figure.savefig(file, format="png", dpi=110)
        print(f"saved {path}")


def _clear() -> None:
    """Clear the line that shows the progress."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[K")


def _scores(trial: Trial) -> str:
    """Return the validation scores of a trial as text."""
    accuracy, r2 = (trial.scores.get(f"val_{name}") for name in ("accuracy", "r2"))
    metric = f"r2 {r2:.3f}" if accuracy is None else f"acc {accuracy:.3f}"
    return f"val {metric} loss {trial.value:.4f}"


def _count(trials: Sequence[Trial]) -> str:
    """Return how many trials there are of each state, as text."""
    states = [each.state for each in trials if each.state != "discarded"]
    counted = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    return f"{len(states)} trials: {', '.join(counted)}" if states else "no trials"
