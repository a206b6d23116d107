"""Measure what the recipes for MNIST and Fashion-MNIST reach, and how long training takes. Writes `benchmarks/images.md`.

Each recipe is trained with three seeds, as `whorl train` does it: some of the 60,000 images are for validation, and the 10,000
test images are looked at once, when training is over. PyTorch trains the network of the classic recipe, with the same batches,
epochs, optimizer and schedule, in the same run, in turns. Results are kept in `benchmarks/images.json`; what is
there already is measured again only with ``--again``, or if the recipe has changed.
"""

import argparse
import itertools
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import whorl
from benchmarks import page
from benchmarks.cases import Case
from benchmarks.processes import ROOT
from whorl import Cosine, Dense, Dropout
from whorl.recipes import RECIPES, Recipe

PAGE = ROOT / "benchmarks" / "images.md"
SEEDS = range(3)
TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
OPTIONS = {"data": list(TITLES), "presets": ["classic", "best"], "again": False}
WAYS = {
    ("classic", "whorl"): "`--preset classic`",
    ("classic", "PyTorch"): "PyTorch, the same as `classic`",
    ("best", "whorl"): "`--preset best`",
}
"""The recipes, who trains them, and what that is called in the tables."""

GOALS = {
    ("mnist", "classic"): 0.983,
    ("mnist", "best"): 0.988,
    ("fashion-mnist", "classic"): 0.895,
    ("fashion-mnist", "best"): 0.905,
}


def by_whorl(recipe: Recipe, seed: int) -> tuple[float, float]:
    """Return the accuracy on the test images, and the seconds of training."""
    rng = np.random.default_rng(seed)
    problem = recipe.problem(rng)
    begun = time.perf_counter()
    model, _ = recipe.fit(problem.X, problem.y, rng=rng)
    seconds = time.perf_counter() - begun
    assert problem.test is not None
    return model.evaluate(*problem.test, loss=whorl.CrossEntropy(), metrics=["accuracy"])["accuracy"], seconds


def by_torch(recipe: Recipe, seed: int) -> tuple[float, float]:
    """Do the same with PyTorch, in the fastest of its ways here: eager, a fused Adam, batches by index."""
    import torch

    from benchmarks.peers.pytorch import Eager

    class Scheduled(Eager):
        """With a learning rate that follows a cosine, batch by batch, and the validation accuracy after each epoch."""

        def optimizer(self) -> Any:
            optimizer = super().optimizer()
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.case.steps * recipe.epochs)
            optimizer.register_step_post_hook(lambda *_: schedule.step())
            return optimizer

        def batches(self) -> Iterator[tuple[Any, Any]]:
            yield from super().batches()
            accuracy(self, X[validation], y[validation])
            self.model.train()

    def accuracy(peer: Eager, X: Any, y: Any) -> float:
        found = [peer.predict(X[start : start + 1024]).argmax(axis=1) for start in range(0, len(X), 1024)]
        return float(np.mean(np.concatenate(found) == y))

    rng = np.random.default_rng(seed)
    problem = recipe.problem(rng)
    schedule = recipe.optimizer.learning_rate
    assert problem.test is not None
    assert isinstance(schedule, Cosine)
    X, y, (X_test, y_test) = problem.X, problem.y.astype(np.int64), problem.test
    validation, train = np.split(rng.permutation(len(X)), [round(recipe.validation * len(X))])
    case = Case(
        "classic",
        sizes=(784, *(layer.units for layer in recipe.layers if isinstance(layer, Dense)), 10),
        batch=recipe.batch_size,
        steps=math.ceil(len(train) / recipe.batch_size),
        learning_rate=schedule.learning_rate,
        dropout=next(layer.rate_at(0) for layer in recipe.layers if isinstance(layer, Dropout)),
    )
    Scheduled.seed = seed
    peer = Scheduled(case, X[train], y[train])
    begun = time.perf_counter()
    peer.train(recipe.epochs)
    seconds = time.perf_counter() - begun
    return accuracy(peer, X_test, y_test), seconds


def run(arguments: argparse.Namespace) -> None:
    """Measure what is missing, keep it, and write the page."""
    path = Path(arguments.output, "images.json")
    source = path if path.exists() else PAGE.with_suffix(".json")
    kept: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    for preset, data in itertools.product(arguments.presets, arguments.data):
        recipe = RECIPES[data][preset]
        settings = json.loads(json.dumps(recipe.settings()))  # with lists for tuples, as in the file
        keys = {who: f"{data} {preset} {who}" for each, who in WAYS if each == preset}
        if not arguments.again and all(kept.get(key, {}).get("settings") == settings for key in keys.values()):
            continue
        found: dict[str, list[tuple[float, float]]] = {who: [] for who in keys}
        for seed, who in itertools.product(SEEDS, keys):
            found[who].append({"whorl": by_whorl, "PyTorch": by_torch}[who](recipe, seed))
            print(keys[who], seed, *found[who][-1], flush=True)
        for who, results in found.items():
            accuracies, seconds = zip(*results, strict=True)
            measured = {"accuracy": np.round(accuracies, 4).tolist(), "seconds": np.round(seconds, 1).tolist()}
            kept[keys[who]] = measured | {"settings": settings, "made with": page.machine()}
        path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    page.write(PAGE, arguments, *(f"## {title}\n\n{table(kept, data)}" for data, title in TITLES.items()))


def table(kept: dict[str, Any], data: str) -> str:
    """Return a data set's table."""
    rows = []
    for (preset, who), title in WAYS.items():
        if found := kept.get(f"{data} {preset} {who}"):
            accuracies = [f"{each:.4f}" for each in found["accuracy"]]
            goal = f"{GOALS[data, preset]:.3f}" if who == "whorl" else ""
            median, seconds = np.median(found["accuracy"]), np.median(found["seconds"])
            rows.append([title, *accuracies, f"**{median:.4f}**", goal, f"{seconds:.0f}"])
    return page.table(["", *(f"seed {seed}" for seed in SEEDS), "median", "goal", "seconds"], rows)
