"""Trials of the doctor: data sets, networks, and what is trained how."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import whorl
from whorl import DivergenceError, Doctor, Model
from whorl.glassbox.doctor import Report
from whorl.layers import Dense, Layer, ReLU, Softmax, Standardize
from whorl.losses import CrossEntropy, Hinge, Loss, MeanSquaredError
from whorl.optimizers import Adam, Optimizer

Array = Any


@dataclass(frozen=True, eq=False)
class Data:
    """Samples to learn from, and new ones as they will be when the model is used.

    Parameters
    ----------
    name : str
    X, y : ndarray
    X_new, y_new : ndarray
    classes : int or None
        None for numbers to predict.
    """

    name: str
    X: Array
    y: Array
    X_new: Array
    y_new: Array
    classes: int | None


@dataclass(frozen=True, eq=False)
class Trial:
    """A training. `kind` is the fault that was planted, "" for none; `honest` says that its harm is a wrong validation loss.

    `half` is 0 if it may choose thresholds, and 1 if it gives the figure.
    """

    data: Data
    layers: Sequence[Layer]
    loss: Loss
    optimizer: Optimizer = field(default_factory=lambda: Adam(0.003))
    epochs: int = 40
    batch_size: int = 32
    validation: Any = 0.2
    class_weight: Any = None
    callbacks: Sequence[Any] = ()
    seed: int = 0
    kind: str = ""
    what: str = ""
    honest: bool = False
    half: int = 0

    @property
    def name(self) -> str:
        """The data, and what was done."""
        return f"{self.data.name}, {self.what}"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a trial: the findings, the loss and the error (1 − accuracy or 1 − R²) on new samples, and the validation loss."""

    findings: Report
    loss: float = math.inf
    error: float = math.inf
    validation: float = math.nan


def train(trial: Trial, doctor: Doctor | None = None) -> Outcome:
    """Train, and measure on new samples."""
    doctor = doctor or Doctor(quiet=True)
    data = trial.data
    model = Model(trial.layers, inputs=data.X.shape[1:], rng=trial.seed)
    try:
        history = model.fit(
            data.X,
            data.y,
            loss=trial.loss,
            optimizer=trial.optimizer,
            epochs=trial.epochs,
            batch_size=trial.batch_size,
            validation=trial.validation,
            stratify=isinstance(trial.loss, CrossEntropy | Hinge) and isinstance(trial.validation, float),
            class_weight=trial.class_weight,
            callbacks=[*trial.callbacks, doctor],
            rng=trial.seed,
            fast=False,
        )
        loss = model.evaluate(data.X_new, data.y_new, loss=trial.loss, sample_weight=balance(trial))
    except (DivergenceError, ValueError):
        return Outcome(doctor.findings)
    plain = loss["loss"] - loss["penalty"]
    val = history["val_loss"][-1] - history["val_penalty"][-1] if "val_loss" in history else math.nan
    return Outcome(doctor.findings, plain, error(model.predict(data.X_new), data), val)


def balance(trial: Trial) -> Array | None:
    """Return weights of the new samples that give all classes the same total, for a trial about classes of different sizes."""
    if trial.kind != "imbalanced classes":
        return None
    return 1 / np.bincount(trial.data.y_new)[trial.data.y_new]


def error(prediction: Array, data: Data) -> float:
    """Return the share of wrong classes, or 1 − R²."""
    y, flat = data.y_new, prediction.reshape(len(prediction), -1)
    if data.classes is None:
        if y.dtype.kind == "i" and flat.shape[1] > 1:
            flat = flat.argmax(axis=1).reshape(-1, 1)
        return float(((flat - y.reshape(flat.shape)) ** 2).mean() / y.var())
    labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    one = flat.shape[1] == 1
    chosen = np.clip(np.rint(flat[:, 0]), 0, data.classes - 1) if one else flat.argmax(axis=1)
    return float((chosen != labels).mean())


# The data.


def generated(name: str, count: int, draw: Any, classes: int | None, seed: int) -> Data:
    """Draw samples to learn from and new ones."""
    (X, y), (X_new, y_new) = draw(count, seed), draw(1000, seed + 1_000_000)
    return Data(name, X, y, X_new, y_new, classes)


def waves(count: int, seed: int) -> tuple[Array, Array]:
    """Draw a smooth function of two variables with noise: a regression."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (count, 2))
    return X, np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] ** 2 - 0.7 + 0.1 * rng.standard_normal(count)


def friedman(count: int, seed: int) -> tuple[Array, Array]:
    """Draw Friedman's function of 5 of 8 variables (1991), standardized: a regression."""
    rng = np.random.default_rng(seed)
    U = rng.uniform(size=(count, 8))
    y = 10 * np.sin(np.pi * U[:, 0] * U[:, 1]) + 20 * (U[:, 2] - 0.5) ** 2 + 10 * U[:, 3] + 5 * U[:, 4]
    return (U - 0.5) * math.sqrt(12), (y + rng.standard_normal(count) - 14.4) / 5


def rows(X: Array, y: Array, name: str, classes: int | None, seed: int) -> Data:
    """Set a third of the rows aside as new ones."""
    order = np.random.default_rng(seed).permutation(len(X))
    aside, stay = order[: len(X) // 3], order[len(X) // 3 :]
    return Data(name, X[stay], y[stay], X[aside], y[aside], classes)


@functools.cache
def table(name: str) -> tuple[Array, Array]:
    """Return a table of scikit-learn, with standardized features; targets of a regression are standardized too."""
    from sklearn import datasets as tables

    X, y = getattr(tables, f"load_{name}")(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, (y - y.mean()) / y.std() if name == "diabetes" else y


def load(name: str, seed: int = 0) -> Data:
    """Return a data set by name."""
    d = whorl.datasets
    if name in ("iris", "wine", "breast_cancer", "diabetes"):
        X, y = table(name)
        return rows(X, y, name, None if name == "diabetes" else int(y.max()) + 1, seed)
    if name == "digits":
        X, y = d.digits()
        return rows(X / 16, y, name, 10, seed)
    draws: dict[str, tuple[int, Any, int | None]] = {
        "spiral": (250, lambda n, s: d.spiral(n, 3, rng=s), 3),
        "spiral2": (300, lambda n, s: d.spiral(n, 2, noise=0.1, rng=s), 2),
        "moons": (300, lambda n, s: d.moons(n, noise=0.15, rng=s), 2),
        "circles": (300, lambda n, s: d.circles(n, noise=0.1, rng=s), 2),
        "xor": (300, lambda n, s: d.xor(n, noise=0.05, rng=s), 2),
        "blobs": (200, blobs, 4),
        "waves": (600, waves, None),
        "friedman": (800, friedman, None),
    }
    count, draw, classes = draws[name]
    return generated(name, count, draw, classes, seed)


def blobs(count: int, seed: int) -> tuple[Array, Array]:
    """Draw four clouds in five dimensions."""
    centres, _ = whorl.datasets.blobs(1, 4, features=5, spread=0, rng=3)
    y = np.repeat(np.arange(4), count)
    X = centres[y] + 3 * np.random.default_rng(seed).standard_normal((len(y), 5))
    return (X - centres.mean(axis=0)) / X.std(), y


# Networks.


def mlp(data: Data, sizes: Sequence[int] = (64, 64), activation: Layer | None = None, *more: Layer) -> list[Layer]:
    """Return hidden layers of these sizes, each with the activation and `more`; then the output that suits the data."""
    hidden = [layer for units in sizes for layer in (Dense(units), activation or ReLU(), *more)]
    return [*hidden, Dense(data.classes or 1), *([Softmax()] if data.classes else [])]


def trial(
    name: str, sizes: Sequence[int] = (64, 64), activation: Layer | None = None, *, seed: int = 0, **changes: Any
) -> Trial:
    """Return a sound training of a data set, with these changes."""
    data = load(name, seed)
    loss: Loss = CrossEntropy() if data.classes else MeanSquaredError()
    sound = Trial(data, mlp(data, sizes, activation), loss, seed=seed)
    if name.startswith("spiral"):  # harder than the others
        sound = replace(sound, optimizer=Adam(0.01), epochs=60)
    return replace(sound, **changes)


__all__ = ["Adam", "Array", "Data", "Hinge", "Outcome", "Standardize", "Trial", "load", "mlp", "train", "trial"]
