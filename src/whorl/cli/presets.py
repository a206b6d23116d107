"""Settings for the spiral that are good without tuning; ``benchmarks/spiral.py`` measures what they reach."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whorl.datasets import spiral
from whorl.initializers import HeNormal, Normal
from whorl.layers import Dense, Dropout, Layer, ReLU, Softmax
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.optimizers import SGD, Adam, Optimizer
from whorl.schedules import InverseTime
from whorl.training import Callback, History
from whorl.types import Array


@dataclass(frozen=True)
class Preset:
    """Everything that ``whorl train spiral`` can be told, under the names of its options."""

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

    def model(self, rng: np.random.Generator) -> Model:
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

    def train(self, seed: int, callbacks: Sequence[Callback] = ()) -> tuple[Model, Array, Array, History]:
        """Draw the data, train on 80 % of it, and return the model, all the data, and the history."""
        rng = np.random.default_rng(seed)
        X, y = spiral(self.samples, self.classes, noise=self.noise, rng=rng)
        model = self.model(rng)
        history = model.fit(
            X,
            y,
            loss=CrossEntropy(),
            optimizer=self.solver(),
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=0.2,
            metrics=["accuracy"],
            callbacks=callbacks,
            rng=rng,
        )
        return model, X, y, history


PRESETS = {
    "classic": Preset(),
    "best": Preset(
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
