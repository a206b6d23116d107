"""Several networks in ``whorl train``: their progress, and what the picture shows of them."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from whorl.cli.interrupt import StopOnInterrupt, saved_here
from whorl.cli.pictures import Start
from whorl.derived import with_layers
from whorl.layers import Average
from whorl.model import Model
from whorl.recipes import Problem, Recipe
from whorl.recipes.ensemble import chooses, divisible, kept
from whorl.recipes.networks import Networks
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run


def checkpoints(model: Path, recipe: Recipe, problem: Problem) -> list[Path]:
    """Return the file of each network to continue an interrupted training from."""
    number = recipe.members if problem.validation is None and divisible(recipe, len(problem.X)) else 1
    endings = [""] if number == 1 else [f"-{k + 1}" for k in range(number)]
    return [model.with_suffix(f".checkpoint{ending}.npz") for ending in endings]


def interrupted(model: Path) -> list[Path]:
    """Return the checkpoints that an interrupted training of the command has left, of any number of networks."""
    name = re.compile(rf"{re.escape(model.stem)}\.checkpoint(-(\d+))?\.npz")
    found = [(int(match[2] or 0), path) for path in model.parent.iterdir() if (match := name.fullmatch(path.name))]
    return [path for _, path in sorted(found) if saved_here(path)]


def check_own(files: Sequence[Path]) -> None:
    """Raise ValueError if there is a file of these names that the command has not saved, and would overwrite."""
    for each in files:
        if each.exists() and not saved_here(each):
            raise ValueError(
                f"{each} is not a checkpoint that whorl train has saved under this name, and would be overwritten: rename it, or choose"
                " another --output"
            )


def callbacks(
    recipe: Recipe,
    stop: StopOnInterrupt,
    files: Sequence[Path],
    starts: Sequence[Start],
    film: Callback | None,
    shown: Sequence[Callback],
    trackers: Sequence[Sequence[Callback]],
    *,
    quiet: bool,
) -> Callable[[int], list[Callback]]:
    """Return a function from the number of a network to its callbacks; `shown` is the progress of the only one."""

    def of(k: int) -> list[Callback]:
        if len(files) == 1:
            return [stop, *shown, starts[0], *trackers[0], *([film] if film else [])]
        lines = [] if quiet else [NetworkProgress(recipe, k, len(files))]
        return [stop.of_network(files[k]), *lines, starts[k], *trackers[k], *([film] if film and k == 0 else [])]

    return of


class NetworkProgress(Callback):
    """Prints a line when a network is trained; on a terminal, also how far a network is, on a line that the next one overwrites.

    Parameters
    ----------
    recipe : Recipe
    number, networks : int
        The number of the network, from 0, and how many there are.
    """

    main_process_only = True

    shown = 0.0

    def __init__(self, recipe: Recipe, number: int, networks: int) -> None:
        self.recipe, self.title = recipe, f"network {number + 1} of {networks}"

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        now = time.monotonic()
        if sys.stdout.isatty() and now - NetworkProgress.shown > 0.1:
            NetworkProgress.shown = now
            sys.stdout.write(
                f"\r\x1b[K{self.title}: epoch {epoch.number} of {training.epochs}, loss {epoch['loss']:.3f}"
            )
            sys.stdout.flush()

    def on_train_end(self, training: Run, history: History) -> None:
        if not history.epochs:
            return
        epoch, total = kept(self.recipe, history), len(history.epochs)
        which = f"best of {total} epochs: {epoch.number}" if chooses(self.recipe) else f"epoch {total}"
        metric = f"acc {epoch['val_accuracy']:.3f}" if "val_accuracy" in history else f"r2 {epoch['val_r2']:.3f}"
        clear = "\r\x1b[K" if sys.stdout.isatty() else ""
        end = f": {history.stopped.partition(';')[0]}" if history.stopped else ""  # the rest is in the line
        sys.stdout.write(f"{clear}{self.title} | {which} | val {metric} loss {epoch['val_loss']:.3f}{end}\n")
        sys.stdout.flush()


def chosen(recipe: Recipe, history: History) -> str:
    """Return which epoch's parameters a single network has, if it does not keep the last ones."""
    if not history.epochs or not chooses(recipe):
        return ""
    epoch = kept(recipe, history)
    return f", with the parameters of epoch {epoch.number}: val loss {epoch['val_loss']:.3f}"


def shown(
    model: Model, problem: Problem, history: History, networks: Networks | None, starts: list[Start]
) -> tuple[Model, Problem, History, Start]:
    """Return what the picture shows: of several networks the first, on the samples that it has not learned from."""
    if networks is None:
        return model, problem, history, starts[0]
    first, rows = networks.models[0], networks.folds[0]
    start = next((each for each in starts if each.model is first), starts[0])
    if isinstance(average := model.layers[0], Average):
        first.preparation = model.preparation  # the names of classes and of the target
        model = with_layers(first, [*average.layers, *model.layers[1:]])
    held_out = Problem(problem.X, problem.y, validation=(problem.X[rows], problem.y[rows]))
    return model, held_out, networks.histories[0], start
