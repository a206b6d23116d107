"""Settings that are good without tuning, for each data set.

``benchmarks/spiral.py`` measures what those of the spiral reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from whorl import datasets
from whorl._core.types import Array
from whorl.cli import notation
from whorl.cli.columns import Columns
from whorl.cli.recipes import Problem, Recipe, classifier
from whorl.initializers import HeNormal, Normal
from whorl.layers import Dense, Dropout, Layer, ReLU, Softmax
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.schedules import InverseTime, Schedule


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
        last = Dense(self.classes, weight_l2=self.weight_l2, bias_l2=self.bias_l2, initializer=Normal(0.01))
        return Model([*self.hidden_layers(), last, Softmax()], inputs=2, rng=rng)

    def hidden_layers(self) -> list[Layer]:
        """Return the layers before the last: Dense, ReLU and Dropout for each hidden one, unless others are written.

        He's rule keeps the signal's mean square if that of the inputs is 1; the spiral's coordinates have 1/6, so the first
        layer's weights are √6 times larger. The last layer starts near 0: it has no opinion yet, and the loss is ln k.
        """
        if self.layers is not None:
            return notation.stack(self.layers)
        layers = list[Layer]()
        for units in self.hidden:
            start = HeNormal() if layers else Normal(round(math.sqrt(6), 3))
            layers.append(Dense(units, weight_l2=self.weight_l2, bias_l2=self.bias_l2, initializer=start))
            layers.append(ReLU())
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return layers

    def solver(self) -> Optimizer:
        if self.optimizer == "sgd":  # by itself, with the momentum that is a setting of its own
            return replace(self, optimizer=f"sgd(momentum={self.momentum})").solver()
        return super().solver()

    def falling(self) -> Schedule:
        return InverseTime(self.learning_rate, decay=self.decay)

    def limit(self) -> tuple[float, float] | None:
        return datasets.spiral_limit(self.classes, noise=self.noise) if self.noise else None


@dataclass(frozen=True)
class Classifier(Recipe):
    """Any other classes: hidden layers with ReLU and dropout, and Adam with a rate that falls along a cosine to 0."""

    hidden: tuple[int, ...] = (64, 64)
    dropout: float = 0.0
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 0.01

    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        return classifier(self.hidden_layers(), problem, int(problem.y.max()) + 1, rng)


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
class Blobs(Classifier):
    """Round clouds, the easiest of all."""

    samples: int = 1000
    classes: int = 3
    features: int = 2
    spread: float = 3.0
    clouds: int = 0

    def problem(self, rng: np.random.Generator) -> Problem:
        # The clouds have a seed of their own, so that fresh points of the same ones can be drawn.
        centres, y = datasets.blobs(1, self.classes, features=self.features, spread=0, rng=self.clouds)
        y = np.repeat(y, self.samples)
        return Problem(centres[y] + self.spread * rng.standard_normal((len(y), self.features)), y)


@dataclass(frozen=True)
class Digits(Classifier):
    """The 1797 small digits that come with whorl."""

    dropout: float = 0.2
    hidden: tuple[int, ...] = (128, 128)
    learning_rate: float = 0.003

    def problem(self, rng: np.random.Generator) -> Problem:
        return Problem(*datasets.digits())

    def fresh(self, rng: np.random.Generator) -> tuple[Array, Array, str]:
        return *datasets.digits(), "digits, those of the training among them"


@dataclass(frozen=True)
class Images(Classifier):
    """60,000 images of 28 x 28 pixels, and 10,000 to test on, which are looked at once, at the end."""

    data: ClassVar[str]
    hidden: tuple[int, ...] = (512, 512)
    dropout: float = 0.2
    epochs: int = 15
    batch_size: int = 128
    learning_rate: float = 0.001
    validation: float = 1 / 12
    label_smoothing: float = 0.0

    def problem(self, rng: np.random.Generator) -> Problem:
        (X, y), (X_test, y_test) = getattr(datasets, self.data)()
        loss = CrossEntropy(label_smoothing=self.label_smoothing)
        return Problem(pixels(X), y, test=(pixels(X_test), y_test), loss=loss)

    def fresh(self, rng: np.random.Generator) -> tuple[Array, Array, str]:
        _, (X, y) = getattr(datasets, self.data)()
        return pixels(X), y, "test images"

    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        return classifier(self.hidden_layers(), problem, 10, rng, standardize=False)  # pixels have one scale, 0 to 1


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
class Tabular(Columns):
    """The columns of a file: numbers and categories, to classes or to a number.

    Tables are small, and many have noise in their labels. Half of the hidden units dropped at each step, and a rate that falls
    to 0, keep a wide network from learning it by heart, so that few rows are needed to see when to stop: a tenth shows how it
    goes, and does not decide.
    """

    hidden: tuple[int, ...] = (256, 256)
    dropout: float = 0.5
    epochs: int = 100
    batch_size: int = 64
    optimizer: str = "adamw"
    learning_rate: float = 0.002
    validation: float = 0.1


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
    "blobs": {"classic": Blobs()},
    "digits": {"classic": Digits()},
    "mnist": {
        "classic": Mnist(),
        "best": Mnist(
            layers=f"dropout(0.2) {'dense(1024) relu dropout(0.5) ' * 2}".rstrip(),
            epochs=60,
            batch_size=256,
            validation=1 / 60,
        ),
    },
    "fashion-mnist": {
        "classic": FashionMnist(),
        "best": FashionMnist(
            layers=f"dropout(0.1) {'dense(1024) batch_norm relu dropout(0.4) ' * 2}".rstrip(),
            epochs=60,
            batch_size=256,
            learning_rate=0.002,
            validation=1 / 30,
        ),
    },
    "table": {"classic": Tabular()},
}
"""The presets of each data set, by name; the first is the default."""
