"""What the training of a trial reports to the study, and how it is ended early."""

from __future__ import annotations

import time
from threading import Event
from typing import Any

from whorl.recipes import Recipe
from whorl.recipes.ensemble import kept
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run

REPORTS = 20
"""A network reports its validation loss after every twentieth of its epochs. Then it may be pruned."""


class Pruned(Exception):
    """Raised in the training of a trial that others do better than."""


class Stopped(Exception):
    """Raised in the training of a trial to stop it at once."""


class Report(Callback):
    """Reports the validation loss of a network to its trial, and ends its training if it is to be pruned or stopped.

    Parameters
    ----------
    trial : optuna.Trial
    stop : Event
    """

    def __init__(self, trial: Any, stop: Event) -> None:
        self.trial: Any = trial
        self.stop: Event = stop
        self.epochs: int = 0
        self.begun: float = time.monotonic()

    @property
    def every_steps(self) -> int | None:
        return 1 if self.stop.is_set() else None

    def on_step_end(self, training: Run) -> None:
        raise Stopped

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        self.epochs = epoch.number
        if self.stop.is_set():
            raise Stopped
        report = REPORTS * epoch.number // training.epochs
        if report > REPORTS * (epoch.number - 1) // training.epochs:
            self.trial.report(epoch["val_loss"], report)
            if epoch.number < training.epochs and self.trial.should_prune():
                raise Pruned

    def scores(self) -> dict[str, float]:
        """Return how many epochs it took, and how many seconds."""
        return {"epochs": self.epochs, "seconds": round(time.monotonic() - self.begun, 3)}


def measured(recipe: Recipe, history: History) -> tuple[float, dict[str, float]]:
    """Return the validation loss of the network as it is kept, calibrated if the recipe does so, and its accuracy or R²."""
    epoch, held_out = kept(recipe, history), history.held_out
    metric = "accuracy" if "val_accuracy" in epoch.values else "r2"
    scores = {f"val_{metric}": held_out.get(metric, epoch[f"val_{metric}"])}
    return held_out.get("loss", epoch["val_loss"]), scores
