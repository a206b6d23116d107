"""Networks that share weights, as in TabM, beside the separate ones of the recipe for tables. Writes `benchmarks/tabm.md`.

TabM (Gorishniy, Kotelnikov and Babenko, 2025, arXiv:2410.24210) is k networks in one. They share the matrices of their hidden layers; each
has factors of its own for the inputs and the outputs of these, biases, and an output layer. Each learns from all samples, and the prediction is the
mean over them. What is shared is memory, not arithmetic: a step takes as many operations as a step of k separate networks.

The hidden layers of the recipe are replaced by such layers. Of each table there are three folds, as in `python -m benchmarks ablations`, and one
TabM for each, so that those of 4 members do the same arithmetic as the twelve separate networks. Other differences: TabM has one kind of waves, no votes and
no start from the data, and it is trained by NumPy. Its learning rate, 0.03, was the best of 0.3, 0.1 and 0.03 for the vehicles, on the same splits; its
waves are slow, of scale 0.1, since those of 0.2 did better there than those of 0.6.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import page
from benchmarks.ablations import NAMES, RECIPE
from benchmarks.processes import ROOT
from benchmarks.tables import measure, read, scores
from benchmarks.tables.registry import TABLES
from whorl import (
    AdamW,
    CrossEntropy,
    Dropout,
    EarlyStopping,
    Layer,
    LogCosine,
    MeanSquaredError,
    Mish,
    Model,
    NTKDense,
    Parameter,
    Parametric,
    PeriodicEmbedding,
    RankScale,
    ReLU,
)
from whorl._core.randomness import folds
from whorl._core.types import Array, Backward, Shape
from whorl.initializers import Full, Normal, Zeros
from whorl.losses import Loss
from whorl.parameters import Views
from whorl.recipes import Recipe
from whorl.recipes.ensemble import calibration_layer
from whorl.tables import table as whorl_table

PAGE = ROOT / "benchmarks" / "tabm.md"
OPTIONS = {"folder": None, "tables": NAMES, "splits": 2}
FOLDS = 3
MULTIPLE = 0.1
"""Of the learning rate, for factors and biases, as in `NTKDense`."""


Layers = Callable[[Sequence[Layer], int, int], list[Layer]]
"""A function of the layers that the recipe begins with, and the numbers of members and outputs."""


class Copies(Layer):
    """``y_k = r_k x``: a copy of the sample for each of the members, with random factors for its features. From (n, i) to (n, k, i)."""

    members: int

    def output_shape(self, inputs: Shape) -> Shape:
        """Return (k, i)."""
        return (self.members, *inputs)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return normal factors."""
        return {"r": Parameter((self.members, *inputs), Normal(1 / MULTIPLE), decay=0)}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return y."""
        r = MULTIPLE * p.r

        def backward(dy: Array, g: Views) -> Array:
            np.einsum("nki,ni->ki", MULTIPLE * dy, x, out=g.r)
            dx: Array = np.einsum("nki,ki->ni", dy, r)
            return dx

        return x[:, None] * r, backward


class SharedDense(Layer):
    """``y_k = s_k ((r_k x_k) W) / √i + b_k``: a dense layer whose weights W all members share. From (n, k, i) to (n, k, units)."""

    units: int

    def output_shape(self, inputs: Shape) -> Shape:
        """Return (k, units)."""
        return (inputs[0], self.units)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return weights of deviation 1, factors of 1, and random biases."""
        k, i = inputs
        return {
            "w": Parameter((i, self.units), Normal(1.0)),
            "r": Parameter((k, i), Full(1 / MULTIPLE), decay=0),
            "s": Parameter((k, self.units), Full(1 / MULTIPLE), decay=0),
            "b": Parameter((k, self.units), Normal(1 / MULTIPLE)),
        }

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return y."""
        n, k, i = x.shape
        r, s = MULTIPLE * p.r, MULTIPLE / float(np.sqrt(i)) * p.s
        u = x * r
        v = u.reshape(n * k, i).dot(p.w).reshape(n, k, self.units)

        def backward(dy: Array, g: Views) -> Array:
            np.multiply(MULTIPLE, dy.sum(axis=0), out=g.b)
            np.multiply(MULTIPLE / float(np.sqrt(i)), np.einsum("nkj,nkj->kj", dy, v), out=g.s)
            dv = (dy * s).reshape(n * k, self.units)
            np.matmul(u.reshape(n * k, i).T, dv, out=g.w)
            du = dv.dot(p.w.T).reshape(n, k, i)
            np.multiply(MULTIPLE, np.einsum("nki,nki->ki", du, x), out=g.r)
            dx: Array = du * r
            return dx

        return s * v + MULTIPLE * p.b, backward


class Heads(Layer):
    """``y_k = x_k W_k / √i + b_k``: an output layer for each member. From (n, k, i) to (n, k, units)."""

    units: int

    def output_shape(self, inputs: Shape) -> Shape:
        """Return (k, units)."""
        return (inputs[0], self.units)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return weights of deviation 1, and biases of 0."""
        return {"w": Parameter((*inputs, self.units), Normal(1.0)), "b": Parameter((inputs[0], self.units), Zeros())}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return y."""
        factor = 1 / float(np.sqrt(x.shape[2]))
        members = x.transpose(1, 0, 2)  # (k, n, i)

        def backward(dy: Array, g: Views) -> Array:
            np.multiply(MULTIPLE, dy.sum(axis=0), out=g.b)
            down = factor * dy.transpose(1, 0, 2)  # (k, n, units)
            np.matmul(members.transpose(0, 2, 1), down, out=g.w)
            dx: Array = np.matmul(down, p.w.transpose(0, 2, 1)).transpose(1, 0, 2)
            return dx

        return (factor * np.matmul(members, p.w)).transpose(1, 0, 2) + MULTIPLE * p.b, backward


class MeanOverMembers(Loss):
    """The mean over the members of a loss. The predictions have shape (n, k, units); for the cross-entropy they are scores."""

    loss: Loss

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        """Return the targets of a single network."""
        return self.loss.targets(y, outputs[1:], dtype)

    def forward(self, prediction: Array, target: Array, weight: Array | None = None) -> tuple[float, Any]:
        """Return the loss, and its gradient; samples have no weights."""
        members, flat = prediction.shape[1], prediction.reshape(-1, prediction.shape[2])
        repeated = np.repeat(target, members, axis=0)
        if isinstance(self.loss, CrossEntropy):
            value, _, backward = self.loss.from_scores(flat, repeated)
        else:
            value, backward = self.loss.forward(flat, repeated)
        return value, lambda: backward().reshape(prediction.shape)


def probabilities(scores: Array) -> Array:
    """Return the softmax over the last axis."""
    exponential = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Array = exponential / exponential.sum(axis=-1, keepdims=True)
    return shares


def accuracy(target: Array, prediction: Array) -> float:
    """Return the accuracy of the mean of the members' probabilities."""
    return float((probabilities(prediction).mean(axis=1).argmax(axis=1) == target).mean())


def error(target: Array, prediction: Array) -> float:
    """Return the root of the mean squared error of the mean of the members."""
    return float(np.sqrt(np.square(prediction.mean(axis=1) - target).mean()))


def with_waves(first: Sequence[Layer], members: int, outputs: int) -> list[Layer]:
    """Return the layers of TabM after those that the recipe begins with."""
    first = [dataclasses.replace(each, scale=0.1) if isinstance(each, PeriodicEmbedding) else each for each in first]
    return [*first, Copies(members), *hidden(Parametric(Mish(), multiple=0.1)), Heads(outputs)]


def plain(first: Sequence[Layer], members: int, outputs: int) -> list[Layer]:
    """Return the layers of TabM without waves, and with the activation of its authors."""
    return [*(each for each in first if isinstance(each, RankScale)), Copies(members), *hidden(ReLU()), Heads(outputs)]


def hidden(activation: Layer) -> list[Layer]:
    """Return three hidden layers."""
    return 3 * [SharedDense(128), activation, Dropout(0.1)]


def trained(model: Model, X: Array, y: Array, fold: Array, recipe: Recipe, loss: Loss) -> Model:
    """Train on all samples but those of the fold, as the recipe does; the best epoch is that of the best mean over the members."""
    rows = np.setdiff1d(np.arange(len(X)), fold)
    if isinstance(loss, CrossEntropy):
        metric, best = accuracy, EarlyStopping("val_accuracy", patience=recipe.epochs, ties="last")
    else:
        metric, best = error, EarlyStopping("val_error", patience=recipe.epochs, higher_is_better=False)
    model.fit(
        X[rows],
        y[rows],
        loss=MeanOverMembers(loss),
        optimizer=AdamW(LogCosine(0.03, epochs=recipe.epochs), beta2=0.95, weight_decay=0.002),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        validation=(X[fold], y[fold]),
        metrics=[metric],
        callbacks=[best],
        rng=0,
    )
    return model


def of_tabm(part: measure.Split, seed: int, members: int, layers: Layers) -> scores.Scores:
    """Measure the mean of one TabM for each fold. What they predict for their folds calibrates it, as in the recipe."""
    rng, classify = np.random.default_rng(seed), bool(part.classes)
    with tempfile.TemporaryDirectory() as folder:
        train, test = Path(folder, "train.csv"), Path(folder, "test.csv")
        read.write(part.train, train)
        read.write(part.test, test)
        begun = time.perf_counter()
        problem = RECIPE.replace(file=str(train), target=part.table.target).problem(rng)
        known = whorl_table(str(test), preparation=problem.preparation).X
    X, recipe = problem.X, RECIPE.replace(members=1).for_samples(len(problem.X))
    first = list(takewhile(lambda layer: not isinstance(layer, NTKDense), recipe.model(X, problem.y, rng=rng).layers))
    center, deviation = problem.y.mean(), problem.y.std()
    y = problem.y if classify else (problem.y.reshape(-1, 1) - center) / deviation
    loss, outputs = (CrossEntropy() if classify else MeanSquaredError()), len(part.classes) or 1

    def predict(model: Model, X: Array) -> Array:
        each = model.predict(X)
        mean: Array = np.log(probabilities(each).mean(axis=1)) if classify else each.mean(axis=1)
        return mean

    held_out, total = np.zeros((len(X), outputs)), np.zeros((len(known), outputs))
    for fold in folds(len(X), FOLDS, rng, y if classify else None):
        model = Model(layers(first, members, outputs), inputs=X.shape[1], rng=rng)
        trained(model, X, y, fold, recipe, loss)
        held_out[fold] = predict(model, X[fold])
        total += predict(model, known) / FOLDS
    if classify:
        assert problem.preparation is not None
        assert problem.preparation.target is not None
        calibrated, _ = calibration_layer(held_out, y, None).forward(total, Views())
        order = [problem.preparation.target.classes.index(name) for name in part.classes]
        found = part.score(probabilities(calibrated)[:, order])
    else:
        found = part.score(np.clip(center + deviation * total[:, 0], problem.y.min(), problem.y.max()))
    return found | {"seconds": time.perf_counter() - begun}


METHODS: dict[str, Callable[[measure.Split, int], scores.Scores]] = {
    "twelve separate networks": lambda part, seed: measure.of_whorl(RECIPE, part, seed),
    "TabM of 4 members": lambda part, seed: of_tabm(part, seed, 4, with_waves),
    "TabM of 8 members": lambda part, seed: of_tabm(part, seed, 8, with_waves),
    "TabM of 4 members, without waves, ReLU": lambda part, seed: of_tabm(part, seed, 4, plain),
}


def run(arguments: argparse.Namespace) -> None:
    """Measure all methods, and write the page."""
    tables = [table for table in TABLES if table.name in arguments.tables]
    columns = {table.name: read.read(table, Path(arguments.folder)) for table in tables}
    rows = []
    for name, method in METHODS.items():
        cells = []
        for table in tables:
            found = [method(measure.split(table, columns[table.name], seed), seed) for seed in range(arguments.splits)]
            key = "log loss" if table.task == "classification" else "rmse"
            means = [float(np.mean([each[which] for each in found])) for which in (key, "seconds")]
            cells.append("{:.4g}, {:.0f} s".format(*means))
        rows.append([name, *cells])
        print(rows[-1], flush=True)
        page.write(PAGE, arguments, page.table(["", *(table.title for table in tables)], rows))  # after each method
