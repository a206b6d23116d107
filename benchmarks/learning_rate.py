"""Measure how good the suggestions of `whorl.find_learning_rate` are, beside a grid of rates. Writes `benchmarks/learning_rate.md`."""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import whorl
from benchmarks import page
from benchmarks.processes import ROOT
from whorl import SGD, Adam, BatchNorm, CrossEntropy, Dense, Dropout, MeanSquaredError, Model, ReLU, Softmax, Tanh
from whorl.glassbox import LearningRateSearch
from whorl.layers import Layer
from whorl.optimizers import Optimizer

PAGE = ROOT / "benchmarks" / "learning_rate.md"
OPTIONS = {"seeds": 3, "epochs": 20}
GRID = [float(f"{10**power:.2g}") for power in np.arange(-5, 1.01, 0.5)]
OPTIMIZERS: Mapping[str, Callable[[float], Optimizer]] = {"SGD": lambda rate: SGD(rate, momentum=0.9), "Adam": Adam}
NOISE = {"spiral": 0.2, "moons": 0.3, "circles": 0.2, "xor": 0.1}
"""So much that no network separates the classes: the ratio of two losses near 0 says nothing."""


LEAST = 0.01
"""Losses below it count as this."""


class Case(NamedTuple):
    """A data set and a network."""

    data: str
    hidden: Sequence[Layer]


CASES = [
    Case("spiral", [Dense(64), ReLU()]),
    Case("spiral", [Dense(64), ReLU(), Dense(64), ReLU(), Dense(64), ReLU()]),
    Case("moons", [Dense(16), Tanh()]),
    Case("circles", [Dense(32), ReLU()]),
    Case("xor", [Dense(32), ReLU(), Dense(32), ReLU()]),
    Case("digits", [Dense(64), ReLU(), Dropout(0.2)]),
    Case("digits", [Dense(128), BatchNorm(), ReLU(), Dense(64), BatchNorm(), ReLU()]),
    Case("iris", [Dense(16), ReLU()]),
    Case("wine", [Dense(32), ReLU()]),
    Case("breast_cancer", [Dense(32), ReLU(), Dense(32), ReLU()]),
    Case("diabetes", [Dense(32), ReLU()]),
    Case("friedman", [Dense(64), Tanh(), Dense(64), Tanh()]),
]


def load(name: str) -> tuple[Any, Any]:
    """Return the inputs, scaled, and the labels, or standardized targets."""
    if name == "digits":
        return whorl.datasets.digits()
    if name in NOISE:
        X, y = getattr(whorl.datasets, name)(400, noise=NOISE[name], rng=0)
        return X, y
    import sklearn.datasets

    if name == "friedman":
        X, y = sklearn.datasets.make_friedman1(1000, noise=1.0, random_state=0)
    else:
        X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, y if y.dtype.kind == "i" else ((y - y.mean()) / y.std())[:, None]


def network(case: Case, X: Any, y: Any, seed: int) -> tuple[Model, Any]:
    """Return a new network for the data, and its loss."""
    classes = y.ndim == 1
    end = [Dense(int(y.max()) + 1), Softmax()] if classes else [Dense(1)]
    return Model([*case.hidden, *end], inputs=X.shape[1:], rng=seed), CrossEntropy() if classes else MeanSquaredError()


def score(case: Case, data: tuple[Any, Any], optimizer: Optimizer, seed: int, epochs: int) -> float:
    """Return the validation loss at the end of a training; infinity if it does not reach one."""
    model, loss = network(case, *data, seed)
    history = model.fit(
        *data, loss=loss, optimizer=optimizer, epochs=epochs, validation=0.3, rng=seed, on_divergence="stop", threads=1
    )
    return max(LEAST, history["val_loss"][-1]) if len(history.epochs) == epochs else math.inf


def suggest(case: Case, data: tuple[Any, Any], optimizer: Optimizer, seed: int) -> LearningRateSearch:
    """Return the result of the search on the same training samples."""
    model, loss = network(case, *data, seed)
    return whorl.find_learning_rate(model, *data, loss=loss, optimizer=optimizer, validation=0.3, rng=seed)


def rows(arguments: argparse.Namespace) -> Iterator[tuple[list[str], float, float]]:
    """Yield the cells of each line, and the scores of the suggestion and of the median rate over that of the best rate."""
    seeds = range(arguments.seeds)
    for number, case in enumerate(CASES):
        data = load(case.data)
        for name, make in OPTIMIZERS.items():
            found = [suggest(case, data, make(0.1), seed) for seed in seeds]
            own = float(
                np.mean(
                    [
                        score(case, data, make(each.suggestion or 0.0), seed, arguments.epochs)
                        for seed, each in zip(seeds, found, strict=True)
                    ]
                )
            )
            grid = [
                float(np.mean([score(case, data, make(rate), seed, arguments.epochs) for seed in seeds]))
                for rate in GRID
            ]
            best, median = min(grid), float(np.median(grid))
            suggested = " ".join("none" if each.suggestion is None else f"{each.suggestion:.2g}" for each in found)
            numbers = [suggested, f"{GRID[grid.index(best)]:.2g}", f"{own:.4f}", f"{best:.4f}", f"{own / best:.2f}"]
            layers = ", ".join(map(repr, case.hidden))
            yield (
                [str(number), case.data, f"`{layers}`", name, *numbers, f"{median / best:.2f}"],
                own / best,
                median / best,
            )


def _summary(own: Any, median: Any) -> str:
    """Return what these pairs of network and optimizer show."""
    return (
        f"Over {len(own)} pairs of network and optimizer, the loss with the suggestion is {np.median(own):.2f} times that of the best rate"
        f" of the grid in the median, {np.exp(np.log(own).mean()):.2f} times in the geometric mean, at most {max(own):.2f} times; within"
        f" 10 % of it in {sum(own <= 1.1)}, within 25 % in {sum(own <= 1.25)}. With the median rate of the grid it is"
        f" {np.median(median):.2f} times in the median, at most {max(median):.2f}."
    )


def run(arguments: argparse.Namespace) -> None:
    """Search and train, and write the page."""
    head = ["network", "data", "hidden layers", "optimizer", "suggested, by seed", "best of the grid"]
    head += ["loss with the suggestion", "loss with the best", "suggestion", "median of the grid"]
    cells, *ratios = zip(*rows(arguments), strict=True)
    own, median = np.array(ratios)
    numbers = np.array([int(row[0]) for row in cells])
    even, odd = (_summary(own[numbers % 2 == rest], median[numbers % 2 == rest]) for rest in (0, 1))
    summary = (
        f"{_summary(own, median)}\n\nThe networks with even numbers, on which the rule of the suggestion was chosen: {even}\n\n"
        f"Those with odd numbers: {odd}"
    )
    page.write(PAGE, arguments, summary, page.table(head, cells))
