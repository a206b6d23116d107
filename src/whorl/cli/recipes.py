"""What a recipe is: settings that are plain data, and how ``whorl train`` makes a network of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from whorl._core.types import Array
from whorl.cli import notation
from whorl.initializers import Normal
from whorl.layers import Dense, Dropout, Layer, ReLU, Softmax, Standardize
from whorl.losses import CrossEntropy, Loss
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.schedules import Cosine, Schedule
from whorl.training import Callback, EarlyStopping, History


@dataclass(frozen=True)
class Problem:
    """What to learn: samples and labels, and what belongs to them.

    Parameters
    ----------
    X, y
        Samples and labels.
    validation : tuple of arrays, optional
        Others that validate; a share of these, unless given.
    test : tuple of arrays, optional
        Samples and labels to test on, at the end.
    loss, metric
        What is to become small, and what to show beside it.
    notes : sequence of str, optional
        What there is to say of the data.
    """

    X: Array
    y: Array
    validation: tuple[Array, Array] | None = None
    test: tuple[Array, Array] | None = None
    loss: Loss = field(default_factory=CrossEntropy)
    metric: str = "accuracy"
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Recipe(ABC):
    """Base of the presets. The fields are the settings: options of ``whorl train``, by the same names.

    Layers, optimizer and schedule are text, as `notation` reads it. Layers take the place of `hidden` and `dropout`, a
    schedule that of `learning_rate`.
    """

    hidden: tuple[int, ...]
    dropout: float
    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adam"
    layers: str | None = None
    schedule: str | None = None
    patience: int | None = None
    validation: float = 0.2

    @abstractmethod
    def problem(self, rng: np.random.Generator) -> Problem:
        """Draw or load the data."""

    @abstractmethod
    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        """Return the network, untrained."""

    def hidden_layers(self) -> list[Layer]:
        """Return the layers between the recipe's own first and last ones."""
        if self.layers is not None:
            return notation.stack(self.layers)
        layers: list[Layer] = []
        for units in self.hidden:
            layers += [Dense(units), ReLU(), *([Dropout(self.dropout)] if self.dropout else [])]
        return layers

    def solver(self) -> Optimizer:
        """Return the optimizer, with its schedule."""
        return notation.optimizer(self.optimizer, notation.schedule(self.schedule) if self.schedule else self.falling())

    def falling(self) -> Schedule:
        """Return the schedule if none is written: how the learning rate falls."""
        return Cosine(self.learning_rate, epochs=self.epochs)

    def title(self, data: str) -> str:
        """Return what the picture's file is called, for the name of a data set."""
        return data

    def fresh(self, rng: np.random.Generator) -> tuple[Array, Array, str]:
        """Return samples and labels to measure a network on, and what to call them."""
        problem = self.problem(rng)
        return problem.X, problem.y, "fresh points"

    def limit(self) -> tuple[float, float] | None:
        """Return the accuracy and the loss on fresh samples that nobody can better, where it is known."""
        return None

    def fit(
        self, problem: Problem, rng: np.random.Generator, callbacks: Sequence[Callback] = ()
    ) -> tuple[Model, History]:
        """Train; return the model, and the history."""
        model = self.model(problem, rng)
        stopping = [] if self.patience is None else [EarlyStopping(patience=self.patience)]
        history = model.fit(
            problem.X,
            problem.y,
            loss=problem.loss,
            optimizer=self.solver(),
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=problem.validation or self.validation,
            metrics=[problem.metric],
            callbacks=[*callbacks, *stopping],
            rng=rng,
        )
        return model, history

    def train(self, seed: int, callbacks: Sequence[Callback] = ()) -> tuple[Model, Problem, History]:
        """Draw the data, train on a part of it, and return the model, all the data, and the history."""
        rng = np.random.default_rng(seed)
        problem = self.problem(rng)
        model, history = self.fit(problem, rng, callbacks)
        return model, problem, history


def best_epoch(history: History) -> int:
    """Return the number of the epoch whose parameters `EarlyStopping` restores."""
    losses = history["val_loss"]
    return history.epochs[losses.index(min(losses))].number


def classifier(
    hidden: Sequence[Layer], problem: Problem, classes: int, rng: np.random.Generator, *, standardize: bool = True
) -> Model:
    """Return a network that tells classes apart: hidden layers, and around them those that any such network has.

    The last one starts near 0: it has no opinion yet, and the loss is ln k.
    """
    first = [Standardize()] if standardize else []
    last = [Dense(classes, initializer=Normal(0.01)), Softmax()]
    return Model([*first, *hidden, *last], inputs=problem.X.shape[1], rng=rng)
