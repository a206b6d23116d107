"""Measure what the recipes for the spiral reach, with several seeds. Writes `benchmarks/spiral.md`."""

import argparse
import time

import numpy as np

import whorl
from benchmarks import page
from benchmarks.processes import ROOT
from whorl.recipes import RECIPES
from whorl.training import Callback, History
from whorl.training.callbacks import Run

PAGE = ROOT / "benchmarks" / "spiral.md"
OPTIONS = {"seeds": 10}
NEW = 40_000
"""Points of each class in the test set; their seeds are none of those that training uses."""


class Last(Callback):
    """Keeps loss and accuracy of the model at the end, on the training and the validation data."""

    def on_train_end(self, training: Run, history: History) -> None:
        """Measure."""
        self.train, self.validation = training.measure()


def measure(name: str, seed: int) -> list[float]:
    """Return the accuracy in training, in validation and on new points, and the seconds."""
    recipe, last = RECIPES["spiral"][name], Last()
    begun = time.perf_counter()
    model, *_ = recipe.train(seed, [last])
    seconds = time.perf_counter() - begun
    X, y = whorl.datasets.spiral(NEW, rng=1_000_000 + seed)
    new = model.evaluate(X, y, loss=whorl.CrossEntropy(), metrics=["accuracy"])
    assert last.validation is not None
    return [*(found["accuracy"] for found in (last.train, last.validation, new)), seconds]


def run(arguments: argparse.Namespace) -> None:
    """Measure the recipes, and write the page."""
    accuracy, loss = whorl.datasets.best_possible("spiral")
    parts = [f"The best possible accuracy on new data is {accuracy:.4f} (cross-entropy {loss:.4f})."]
    for name in RECIPES["spiral"]:
        rows = np.array([measure(name, seed) for seed in range(arguments.seeds)])
        lines = {str(seed): row for seed, row in enumerate(rows)}
        lines["**median**"] = np.median(rows, axis=0)
        lines["**worst**"] = np.append(rows[:, :3].min(axis=0), rows[:, 3].max())
        cells = [[title, *(f"{value:.4f}" for value in row[:3]), f"{row[3]:.1f}"] for title, row in lines.items()]
        head = ["seed", "training", "validation", "120,000 new points", "seconds"]
        parts += [f"## `whorl train spiral --preset {name}`", page.table(head, cells)]
    page.write(PAGE, arguments, *parts)
