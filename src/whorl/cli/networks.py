"""Several networks in ``whorl train``: their progress, and what the picture shows of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from whorl.cli.interrupt import StopOnInterrupt
from whorl.cli.pictures import Start
from whorl.layers import Average
from whorl.model import Model
from whorl.recipes import Problem, Recipe
from whorl.recipes.ensemble import count, extended
from whorl.recipes.networks import Networks
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run


def checkpoints(model: Path, recipe: Recipe) -> list[Path]:
    """Return the file of each network to continue an interrupted training from."""
    number = count(recipe)
    endings = [""] if number == 1 else [f"-{k + 1}" for k in range(number)]
    return [model.with_suffix(f".checkpoint{ending}.npz") for ending in endings]


def callbacks(
    stop: StopOnInterrupt,
    files: Sequence[Path],
    starts: Sequence[Start],
    film: Callback | None,
    shown: Sequence[Callback],
    *,
    quiet: bool,
) -> Callable[[int], list[Callback]]:
    """Return a function from the number of a network to its callbacks; `shown` is the progress of the only one."""

    def of(k: int) -> list[Callback]:
        if len(files) == 1:
            return [stop, *shown, starts[0], *([film] if film else [])]
        lines = [] if quiet else [NetworkProgress(k, len(files))]
        return [stop.of_network(files[k]), *lines, starts[k], *([film] if film and k == 0 else [])]

    return of


class NetworkProgress(Callback):
    """Prints a line when a network is trained; on a terminal, also how far a network is, on a line that the next one overwrites.

    Parameters
    ----------
    number, networks : int
        The number of the network, from 0, and how many there are.
    """

    shown = 0.0

    def __init__(self, number: int, networks: int) -> None:
        self.title = f"network {number + 1} of {networks}"

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
        metric = "val_accuracy" if "val_accuracy" in history else "val_loss"
        best = history.best(metric)
        score = f"acc {best['val_accuracy']:.3f}" if metric == "val_accuracy" else f"r2 {best['val_r2']:.3f}"
        clear = "\r\x1b[K" if sys.stdout.isatty() else ""
        end = f": {history.stopped}" if history.stopped else ""
        sys.stdout.write(
            f"{clear}{self.title} | best of {len(history.epochs)} epochs: {best.number} | val {score} loss {best['val_loss']:.3f}{end}\n"
        )
        sys.stdout.flush()


def shown(
    model: Model, problem: Problem, history: History, networks: Networks | None, starts: list[Start]
) -> tuple[Model, Problem, History, Start]:
    """Return what the picture shows: of several networks the first, on the samples that it has not learned from."""
    if networks is None:
        return model, problem, history, starts[0]
    first, rows = networks.models[0], networks.folds[0]
    start = next((each for each in starts if each.model is first), starts[0])
    if isinstance(average := model.layers[0], Average):
        model = extended(first, [*average.layers, *model.layers[1:]])
    held_out = Problem(problem.X, problem.y, validation=(problem.X[rows], problem.y[rows]))
    return model, held_out, networks.histories[0], start
