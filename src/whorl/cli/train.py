"""``whorl train DATA``: train, print the progress, save the model and a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from whorl._core.randomness import generator
from whorl._core.types import Array
from whorl._core.validation import integer
from whorl.cli import config, networks, options, pictures, tracking
from whorl.cli.console import accuracy, best_possible, progress, scores, show_table
from whorl.cli.find_rate import with_found_rate
from whorl.cli.interrupt import StopOnInterrupt
from whorl.cli.output import directory, outputs
from whorl.cli.source import STANDARD_INPUT
from whorl.losses import CrossEntropy, Quantile
from whorl.recipes import RECIPES, Problem, Recipe
from whorl.recipes.data import TableFile
from whorl.recipes.ensemble import FEWEST_SAMPLES, chooses, divisible, kept
from whorl.recipes.reading import LAYERS, LOSSES, OPTIMIZERS, SCHEDULES
from whorl.training import Callback, History

DATA = [name for name in RECIPES if name != "table"]
"""The data sets that are not files."""


def add_arguments(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments to the parser; the options are those of the data set and the preset that the words name."""
    parser.usage = (
        "whorl train DATA [options]\n       whorl train FILE --target COLUMN [options]\n"
        "       whorl train --config model.toml [options]"
    )
    parser.description = "Train a network on a data set or the columns of a file; write model.npz, model.toml with all settings, and a picture."
    start = add_start(parser, words)
    if start is None:
        return
    parser.add_argument(
        "--log-every", type=options.number(int), metavar="N", help="print every N-th epoch [about ten of them]"
    )
    tracking.add_arguments(parser)
    parser.add_argument(
        "--gif", action="store_true", help="also draw the decision boundary over the epochs, as an animated GIF"
    )
    parser.add_argument("--find-lr", action="store_true", help="search for the learning rate first, and train with it")
    parser.add_argument(
        "--resume", action="store_true", help="continue an interrupted training from the checkpoint beside its model"
    )
    add_recipe(parser, start.recipe)


def add_start(parser: argparse.ArgumentParser, words: Sequence[str]) -> config.Run | None:
    """Add the arguments that say what to start from, and where to write; return the run that the words name, if they do."""
    if (start := add_basis(parser, words)) is not None:
        parser.add_argument("--quiet", action="store_true", help="print no progress, only what is saved and measured")
        output = "directory to write to, or name of the model, ending in .npz [.]"
        parser.add_argument("--output", type=Path, default=Path(), metavar="PATH", help=output)
    return start


def add_basis(parser: argparse.ArgumentParser, words: Sequence[str]) -> config.Run | None:
    """Add the arguments that say what to start from; return the run that the words name, if they do."""
    start = _start(words)
    data = f"{', '.join(DATA)}; or a CSV, TSV or Parquet file. For its options: {parser.prog} DATA --help"
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
    if data and data not in DATA and Path(data).suffix:
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
        start = replace(start, recipe=start.recipe.replace(file=file), file_sha256=None)
    return start


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    plan = plan_of(arguments)
    data = plan.recipe.data
    paths = outputs(arguments.output, Path(data.file).stem if isinstance(data, TableFile) else plan.data)
    with directory(paths[0].parent):
        every = None if arguments.log_every is None else integer("--log-every", arguments.log_every)
        track = partial(tracking.callbacks, arguments)
        given = {name: getattr(arguments, name) for name in ("quiet", "resume", "gif", "find_lr")}
        return carry_out(plan, paths, every=every, track=track, **given)


def carry_out(
    plan: config.Run,
    paths: tuple[Path, Path, Path],
    *,
    quiet: bool,
    every: int | None = None,
    resume: bool = False,
    gif: bool = False,
    find_lr: bool = False,
    track: Callable[[int], Sequence[Sequence[Callback]]] = lambda networks: [()] * networks,
    again: str = "the same command with --resume",
) -> int:
    """Train and save; return the exit code.

    `track` returns further callbacks for each of so many networks; `again` says how to continue if this is interrupted.
    """
    recipe, (model_path, config_path, picture_path) = plan.recipe, paths
    config.text(plan, config_path.name)  # fails now, and not after the training, if a setting cannot be written
    rng = generator(plan.seed)
    problem = recipe.problem(rng)
    plan = with_found_rate(plan, problem) if find_lr else plan
    recipe = plan.recipe
    files = networks.checkpoints(model_path, recipe, problem)
    trackers = track(len(files))
    _check_resume(plan, files, networks.interrupted(model_path), config_path, resume=resume)
    shown: list[Callback] = [] if quiet or len(files) > 1 else progress(every)
    if not quiet:
        show_data(recipe, problem)
    starts, film = [pictures.Start() for _ in files], pictures.animation(problem) if gif else None
    with StopOnInterrupt(files[0]) as stop:
        callbacks = networks.callbacks(recipe, stop, files, starts, film, shown, trackers, quiet=quiet)
        model, _, history, trained = recipe.train(
            rng, callbacks, problem, resume=lambda k: files[k] if resume and files[k].exists() else None
        )
        model.save(model_path)
        chosen = networks.chosen(recipe, history) if len(files) == 1 else ""
        print(f"saved {model_path}{chosen}", flush=True)
        engine = history.engine.partition(":")[0]  # without the reason
        plan = replace(plan, made_with={**plan.made_with, "engine": engine})
        if stop.received:
            plan = replace(plan, made_with={**plan.made_with, "interrupted_after_epoch": len(history.epochs)})
        config.write(plan, config_path)
        print(f"saved {config_path}", flush=True)
        if stop.received and recipe.time is None:
            left = [str(each) for each in files if each.exists()]
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            print(f"to continue: {again}, which reads {left[0]}{more}", flush=True)
        else:
            for each in networks.interrupted(model_path):
                each.unlink()
    if history.held_out:
        print(f"held-out samples: {scores(history.held_out)}")
    pictures.draw(recipe.data, *networks.shown(model, problem, history, trained, starts), picture_path)
    if film:
        film.save(animation := picture_path.with_suffix(".gif"))
        print(f"saved {animation}")
    if problem.test:
        measured = model.evaluate(*problem.test, loss=CrossEntropy(), metrics=["accuracy"])
        print(f"{len(problem.test[0])} test images: {accuracy(measured)}")
    if comment := _comment(recipe, history, problem.y):
        print(comment)
    if recipe.data is not None and (limit := recipe.data.best_possible()):
        print(best_possible(limit))
    return (130 if stop.received == "Ctrl-C" else 143) if stop.received else 0


def show_data(recipe: Recipe, problem: Problem) -> None:
    """Print what there is to say of the data."""
    for note in problem.notes:
        print(note)
    if problem.columns:
        show_table([*problem.columns], right={2})
    if recipe.calibrate and problem.validation is None and not divisible(recipe, len(problem.X)):
        print(f"fewer than {FEWEST_SAMPLES} rows: one network, which is not calibrated")


def _check_resume(
    plan: config.Run, files: Sequence[Path], left: Sequence[Path], config_path: Path, *, resume: bool
) -> None:
    """Raise ValueError if there is nothing to resume, another training, or a file in the way; delete checkpoints that are not resumed, with a warning."""
    if resume and plan.recipe.time is not None:
        raise ValueError(
            "argument --resume: a training with --time is planned by the clock, so it cannot be continued; start it again"
        )
    if resume and left and config_path.exists():
        _check_same(plan, config_path)
    if resume and not any(each.exists() for each in files):
        raise ValueError(f"argument --resume: there is no checkpoint {files[0]}; an interrupted training leaves one")
    networks.check_own(files)
    if left and not resume:
        print(
            f"{left[0]} is of a training that was interrupted: --resume continues it; this one replaces it",
            file=sys.stderr,
        )
        for each in left:
            each.unlink()


def _check_same(plan: config.Run, path: Path) -> None:
    """Raise ValueError unless the settings are those of the training that is to be continued, which its file of settings has."""
    before = config.read(path)
    if before.file_sha256 != plan.file_sha256:
        raise ValueError(f"argument --resume: the file to learn from is no longer the one of the training in {path}")
    own, other = ({"data": run.data, "seed": run.seed, **run.recipe.settings()} for run in (plan, before))
    changed = [name for name in own if own[name] != other.get(name)]
    if changed:
        name = changed[0]
        raise ValueError(
            f"argument --resume: the settings must be those of the training in {path}, where {name} is {other.get(name)!r},"
            f" got {own[name]!r}"
        )


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


def _comment(recipe: Recipe, history: History, y: Array) -> str:
    """Return a comment on a training that has learned nothing, or too much, else ""."""
    last = kept(recipe, history).values if history.epochs else {}
    r2, accuracy = (last.get(f"val_{name}", last.get(name)) for name in ("r2", "accuracy"))
    score = next((name for name in ("val_accuracy", "val_r2") if name in last), None)
    if last and history.held_out:
        r2, accuracy = history.held_out.get("r2"), history.held_out.get("accuracy")
    elif score is not None and not chooses(recipe):
        best = history.best("val_loss")
        if last["val_loss"] > 1.1 * best["val_loss"] and last[score] < best[score] - 0.01:
            return (
                f"overfitting: the validation loss was least after epoch {best.number}, {best['val_loss']:.3f}, and is"
                f" {last['val_loss']:.3f}; --patience 10 stops in time, and keeps that network"
            )
    advice = "try a lower learning rate or more epochs"
    if r2 is not None and r2 <= 0 and not isinstance(recipe.loss, Quantile):  # which are not near the mean
        return f"the network is no better than always predicting the mean: {advice}"
    if accuracy is not None:
        share = float(np.bincount(y).max() / len(y)) if y.ndim == 1 else float(y.mean(axis=0).max())
        if accuracy <= share + min(0.005, (1 - share) / 2):
            return f"the network is no better than always predicting the most frequent class ({share:.3f} of the samples): {advice}"
    return ""
