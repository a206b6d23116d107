"""Settings that are good without tuning, and how ``whorl train`` trains with them.

``benchmarks/spiral.py`` measures what those of the spiral reach.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from whorl import datasets
from whorl.initializers import HeNormal, Normal
from whorl.layers import Dense, Dropout, Layer, ReLU, Rescale, Softmax, Standardize
from whorl.losses import CrossEntropy, MeanSquaredError
from whorl.model import Model
from whorl.optimizers import SGD, Adam, AdamW, Optimizer
from whorl.schedules import Cosine, InverseTime
from whorl.training import Callback, History
from whorl.types import Array


@dataclass(frozen=True)
class Problem:
    """What to learn: samples and labels, and others to test on, where there are any."""

    X: Array
    y: Array
    test: tuple[Array, Array] | None = None


class Recipe:
    """Base of the presets: dataclasses whose fields are the options of ``whorl train``, by the same names."""

    validation: ClassVar[float] = 0.2
    """The share of the samples that validates."""

    epochs: int
    batch_size: int

    @abstractmethod
    def problem(self, rng: np.random.Generator) -> Problem:
        """Draw or load the data."""

    @abstractmethod
    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        """Return the network, untrained."""

    @abstractmethod
    def solver(self) -> Optimizer:
        """Return the optimizer, with its schedule."""

    def closing(self) -> str | None:
        """Return what is left to say at the end."""
        return None

    def train(self, seed: int, callbacks: Sequence[Callback] = ()) -> tuple[Model, Problem, History]:
        """Draw the data, train on a part of it, and return the model, all the data, and the history."""
        rng = np.random.default_rng(seed)
        problem = self.problem(rng)
        model = self.model(problem, rng)
        history = model.fit(
            problem.X,
            problem.y,
            loss=CrossEntropy(),
            optimizer=self.solver(),
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=self.validation,
            metrics=["accuracy"],
            callbacks=callbacks,
            rng=rng,
        )
        return model, problem, history


@dataclass(frozen=True)
class Spiral(Recipe):
    """The spiral: by the book, with SGD, momentum, decay, dropout and L2."""

    samples: int = 1000
    classes: int = 3
    noise: float = 0.2
    hidden: tuple[int, ...] = (512,)
    dropout: float = 0.05
    weight_l2: float = 2e-6
    bias_l2: float = 2e-6
    epochs: int = 200
    batch_size: int = 32
    optimizer: str = "sgd"
    learning_rate: float = 0.05
    decay: float = 2.5e-4
    momentum: float = 0.8

    def problem(self, rng: np.random.Generator) -> Problem:
        return Problem(*datasets.spiral(self.samples, self.classes, noise=self.noise, rng=rng))

    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        """Return the network, untrained: Dense, ReLU and Dropout for each hidden layer, then Dense and Softmax.

        He's rule keeps the signal's mean square if that of the inputs is 1; the spiral's coordinates have 1/6, so the first
        layer's weights are √6 times larger. The last layer starts near 0: it has no opinion yet, and the loss is ln k.
        """
        n_in, layers = 2, list[Layer]()
        for units in self.hidden:
            start = HeNormal() if layers else Normal(round(math.sqrt(6 * 2 / n_in), 3))
            layers.append(Dense(units, weight_l2=self.weight_l2, bias_l2=self.bias_l2, initializer=start))
            layers.append(ReLU())
            if self.dropout:
                layers.append(Dropout(self.dropout))
        last = Dense(self.classes, weight_l2=self.weight_l2, bias_l2=self.bias_l2, initializer=Normal(0.01))
        return Model([*layers, last, Softmax()], inputs=n_in, rng=rng)

    def solver(self) -> Optimizer:
        """Return the optimizer, with its schedule."""
        schedule = InverseTime(self.learning_rate, decay=self.decay)
        return Adam(schedule) if self.optimizer == "adam" else SGD(schedule, momentum=self.momentum)

    def closing(self) -> str | None:
        if self.noise == 0:
            return None
        accuracy, loss = datasets.spiral_limit(self.classes, noise=self.noise)
        return f"nobody can do better on fresh points of this spiral than acc {accuracy:.3f} loss {loss:.3f}"


def standardized(hidden: Sequence[int], dropout: float) -> list[Layer]:
    """Return the layers that standardize the inputs, and Dense, ReLU and Dropout for each hidden layer."""
    layers: list[Layer] = [Standardize()]
    for units in hidden:
        layers += [Dense(units), ReLU(), *([Dropout(dropout)] if dropout else [])]
    return layers


@dataclass(frozen=True)
class Classifier(Recipe):
    """Any other classes: hidden layers with ReLU and dropout, and Adam with a rate that falls along a cosine to 0."""

    hidden: tuple[int, ...] = (64, 64)
    dropout: float = 0.0
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 0.01

    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        layers = standardized(self.hidden, self.dropout)
        last = Dense(int(problem.y.max()) + 1, initializer=Normal(0.01))
        return Model([*layers, last, Softmax()], inputs=problem.X.shape[1], rng=rng)

    def solver(self) -> Optimizer:
        return Adam(Cosine(self.learning_rate, epochs=self.epochs))


@dataclass(frozen=True)
class Points(Classifier):
    """Points of the plane, drawn from the seed."""

    data: ClassVar[str]
    samples: int = 1000
    noise: float = 0.1

    def problem(self, rng: np.random.Generator) -> Problem:
        return Problem(*getattr(datasets, self.data)(self.samples, noise=self.noise, rng=rng))


class Moons(Points):
    """Two half circles, one in the other's way."""

    data = "moons"


class Circles(Points):
    """A circle within a circle."""

    data = "circles"


class Xor(Points):
    """Four quarters, two by two."""

    data = "xor"


@dataclass(frozen=True)
class Digits(Classifier):
    """The 1797 small digits that come with whorl."""

    dropout: float = 0.2
    hidden: tuple[int, ...] = (128, 128)
    learning_rate: float = 0.003

    def problem(self, rng: np.random.Generator) -> Problem:
        return Problem(*datasets.digits())


@dataclass(frozen=True)
class Images(Classifier):
    """60,000 images of 28 x 28 pixels, and 10,000 to test on, which are looked at once, at the end."""

    validation: ClassVar[float] = 1 / 12
    data: ClassVar[str]
    hidden: tuple[int, ...] = (512, 512)
    dropout: float = 0.2
    epochs: int = 15
    batch_size: int = 128
    learning_rate: float = 0.001

    def problem(self, rng: np.random.Generator) -> Problem:
        (X, y), (X_test, y_test) = getattr(datasets, self.data)()
        return Problem(pixels(X), y, (pixels(X_test), y_test))

    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        whole = super().model(problem, rng)  # without the standardizing: pixels have one scale, 0 to 1
        return Model(whole.layers[1:], inputs=whole.inputs, rng=rng)


class Mnist(Images):
    """Handwritten digits."""

    data = "mnist"


class FashionMnist(Images):
    """Clothes."""

    data = "fashion_mnist"


def pixels(images: Array) -> Array:
    """Lay images of bytes out in rows of numbers from 0 to 1, in float32."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class Tabular:
    """The columns of a file: numbers and categories, to classes or to a number."""

    validation: ClassVar[float] = 0.2
    hidden: tuple[int, ...] = (64, 64)
    dropout: float = 0.1
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 0.003
    patience: int = 20

    def fit(self, table: datasets.Table, seed: int, callbacks: Sequence[Callback] = ()) -> tuple[Model, History]:
        """Learn a table; return the model, which predicts in the unit of the target, and the history."""
        rng = np.random.default_rng(seed)
        known, held_out = table.split(self.validation, rng=rng)
        regression = table.task == "regression"
        mean, scale = (float(known.y.mean()), float(known.y.std()) or 1.0) if regression else (0.0, 1.0)
        layers = standardized(self.hidden, self.dropout)
        layers.append(Dense(1 if regression else len(table.classes), initializer=Normal(0.01)))
        model = Model([*layers, *([] if regression else [Softmax()])], inputs=known.X.shape[1], rng=rng)
        history = model.fit(
            known.X,
            (known.y - mean) / scale if regression else known.y,
            loss=MeanSquaredError() if regression else CrossEntropy(),
            optimizer=AdamW(Cosine(self.learning_rate, epochs=self.epochs)),
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=(held_out.X, (held_out.y - mean) / scale if regression else held_out.y),
            metrics=["r2" if regression else "accuracy"],
            callbacks=callbacks,
            rng=rng,
        )
        if regression:
            whole = Model([*model.layers, Rescale(scale, mean)], inputs=model.inputs, rng=0)
            whole.parameters, whole.statistics = model.parameters, model.statistics
            model = whole
        model.preparation = known.preparation
        return model, history


SPIRAL = {
    "classic": Spiral(),
    "best": Spiral(
        samples=2000,
        hidden=(64, 64),
        dropout=0.0,
        weight_l2=1e-5,
        bias_l2=0.0,
        batch_size=128,
        optimizer="adam",
        learning_rate=0.01,
        decay=0.1,
    ),
}
"""``classic``: one hidden layer, SGD with momentum, dropout and L2, by the book. ``best``: as good as the noise lets."""

PRESETS: dict[str, dict[str, Recipe]] = {
    "spiral": {**SPIRAL},
    "moons": {"classic": Moons()},
    "circles": {"classic": Circles()},
    "xor": {"classic": Xor(noise=0.0)},
    "digits": {"classic": Digits()},
    "mnist": {"classic": Mnist()},
    "fashion-mnist": {"classic": FashionMnist()},
}
"""The presets of each data set, by name; the first is the default."""
