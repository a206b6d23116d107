"""``whorl train DATA``: train, print the progress, save the model and a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
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
from whorl.cli.several import first_only
from whorl.cli.start import add_recipe, add_start_and_output, plan_of
from whorl.distributed import launched, started
from whorl.glassbox import Doctor
from whorl.losses import CrossEntropy, Quantile
from whorl.recipes import Problem, Recipe
from whorl.recipes.data import TableFile
from whorl.recipes.ensemble import FEWEST_SAMPLES, chooses, divisible, kept
from whorl.training import Callback, History, is_stored

MANY = 10**6
"""Of the targets in files, at most so many are looked at after a training."""


def add_arguments(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments to the parser; the options are those of the data set and the preset that the words name."""
    parser.usage = (
        "whorl train DATA [options]\n       whorl train FILE --target COLUMN [options]\n"
        "       whorl train FOLDER_OF_PARQUET_FILES --target COLUMN [options]\n"
        "       whorl train --config model.toml [options]"
    )
    parser.description = "Train a network on a data set or the columns of a file; write model.npz, model.toml with all settings, and a picture."
    start = add_start_and_output(parser, words)
    if start is None:
        return
    parser.add_argument(
        "--log-every", type=options.number(int), metavar="N", help="print every N-th epoch [about ten of them]"
    )
    tracking.add_arguments(parser)
    parser.add_argument(
        "--gif", action="store_true", help="also draw the decision boundary over the epochs, as an animated GIF"
    )
    doctor = "explain at the end what the doctor finds, of several networks in the first; otherwise of one network a line tells what is most important"
    parser.add_argument("--doctor", action="store_true", help=doctor)
    parser.add_argument("--find-lr", action="store_true", help="search for the learning rate first, and train with it")
    parser.add_argument(
        "--resume", action="store_true", help="continue an interrupted training from the checkpoint beside its model"
    )
    add_recipe(parser, start.recipe)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    plan = plan_of(arguments)
    data = plan.recipe.data
    paths = outputs(arguments.output, Path(data.file).stem if isinstance(data, TableFile) else plan.data)
    with directory(paths[0].parent), first_only():
        every = None if arguments.log_every is None else integer("--log-every", arguments.log_every)
        track = partial(tracking.callbacks, arguments)
        given = {name: getattr(arguments, name) for name in ("quiet", "resume", "gif", "find_lr", "doctor")}
        return carry_out(plan, paths, every=every, track=track, distributed=launched(), **given)


def carry_out(
    plan: config.Run,
    paths: tuple[Path, Path, Path],
    *,
    quiet: bool,
    every: int | None = None,
    resume: bool = False,
    gif: bool = False,
    find_lr: bool = False,
    doctor: bool = False,
    distributed: bool = False,
    track: Callable[[int], Sequence[Sequence[Callback]]] = lambda networks: [()] * networks,
    again: str = "the same command with --resume",
) -> int:
    """Train and save; return the exit code.

    With `distributed`, all processes that mpiexec has started do so together. `track` returns further callbacks for each of so many
    networks; `again` says how to continue if this is interrupted.
    """
    recipe, (model_path, config_path, picture_path) = plan.recipe, paths
    config.text(plan, config_path.name)  # fails now, and not after the training, if a setting cannot be written
    rng = generator(plan.seed)
    problem = recipe.problem(rng)
    plan = with_found_rate(plan, problem) if find_lr else plan
    recipe = plan.recipe
    files = networks.checkpoints(model_path, recipe, problem)
    trackers, examiner = [*track(len(files))], Doctor(quiet=True)
    if doctor or (len(files) == 1 and not is_stored(problem.X)):  # which the doctor would read more than once
        trackers[0] = [*trackers[0], examiner]
    _check_resume(plan, files, networks.interrupted(model_path), config_path, resume=resume)
    shown: list[Callback] = [] if quiet or len(files) > 1 else progress(every)
    if not quiet:
        show_data(recipe, problem)
    starts, film = [pictures.Start() for _ in files], pictures.animation(problem) if gif else None
    with StopOnInterrupt(files[0]) as stop:
        callbacks = networks.callbacks(recipe, stop, files, starts, film, shown, trackers, quiet=quiet)
        model, _, history, trained = recipe.train(
            rng,
            callbacks,
            problem,
            resume=lambda k: files[k] if resume and files[k].exists() else None,
            distributed=distributed,
        )
        if distributed and started().rank > 0:  # the first writes
            return 0
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
    _conclude(recipe, history, problem, examiner, explain=doctor, stopped=bool(stop.received))
    return (130 if stop.received == "Ctrl-C" else 143) if stop.received else 0


def _conclude(
    recipe: Recipe, history: History, problem: Problem, doctor: Doctor, *, explain: bool, stopped: bool
) -> None:
    """Print what is wrong with the training, and what is best possible."""
    in_memory = not is_stored(problem.X)
    if explain:
        print(doctor.findings)
    elif comment := _comment(recipe, history, problem.y if in_memory else np.asarray(problem.y[:MANY])):
        print(comment)
    elif doctor.findings and not stopped:
        print(f"doctor: {doctor.findings[0]} (--doctor explains it)")
    if recipe.data is not None and (limit := recipe.data.best_possible()):
        print(best_possible(limit))


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
            each.unlink(missing_ok=True)  # another process may have done so


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
