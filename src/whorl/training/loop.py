"""The training loop: forward, loss, gradient, step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from whorl import checks, randomness
from whorl.losses import Loss
from whorl.metrics import Metric, named
from whorl.optimizers import Optimizer
from whorl.randomness import RNG
from whorl.schedules import check_watched
from whorl.training.data import Samples, Shaped, batches, class_weights, split
from whorl.training.history import Epoch, Step
from whorl.types import Array


class DivergenceError(ArithmeticError):
    """The loss became infinite or NaN, so that no further step could mend it."""


class Trainable(Shaped, Protocol):
    """What training asks of a model."""

    parameters: Array
    gradients: Array

    def loss(
        self,
        x: Array,
        target: Array,
        loss: Loss,
        *,
        weight: Array | None = None,
        training: np.random.Generator | None = None,
    ) -> tuple[float, float, Array, Callable[[], Array | None]]:
        """Return the loss, the penalty in it, the prediction, and the closure that fills the gradients."""

    def measure(self, data: Samples, loss: Loss, metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Return the loss, the penalty in it and the metrics."""


class Training:
    """A training run: a ``for`` over it trains the model, one epoch a turn.

    Between two turns the run rests: look at the model, save it, stop for good, or come back later with another ``for``.
    `Model.training` makes one and describes its arguments.

    Attributes
    ----------
    model : Model
    train, validation : Samples
        The data, after the split; `validation` is None where none was asked for.
    optimizer : Optimizer
        The run's own.
    epochs : int
        How many were asked for.
    epoch, step : int
        How many are done.
    """

    def __init__(
        self,
        model: Trainable,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int,
        validation: float | tuple[Any, ...] | None,
        metrics: Iterable[str | Metric],
        sample_weight: Any,
        class_weight: Mapping[int, float] | str | None,
        rng: RNG,
    ) -> None:
        checks.instance("optimizer", optimizer, Optimizer, "SGD(0.1)")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer.fresh()
        self.epochs = checks.integer("epochs", epochs, minimum=0)
        self.batch_size = checks.integer("batch_size", batch_size)
        self.metrics = named(metrics)
        self.generator = randomness.generator(rng)
        data = Samples.checked(model, X, y, loss, sample_weight)
        self.train, self.validation = self._split(data, validation)
        if class_weight is not None:
            self.train = self.train.reweighted(class_weights(self.train.target, class_weight, model.outputs[-1]))
        check_watched(self.optimizer.schedule, self._names())
        self.epoch = self.step = 0

    def _names(self) -> list[str]:
        """Return the names of an epoch's values, but for the learning rate."""
        names = ["loss", "penalty", *self.metrics]
        return names + [f"val_{name}" for name in names if self.validation]

    def _split(self, data: Samples, validation: object) -> tuple[Samples, Samples | None]:
        if validation is None:
            return data, None
        if isinstance(validation, tuple | list):
            if len(validation) not in (2, 3):
                raise ValueError(f"validation must be (X_val, y_val), got {len(validation)} items")
            try:
                X, y, *sample_weight = validation
                return data, Samples.checked(self.model, X, y, self.loss, *sample_weight)
            except (TypeError, ValueError) as error:
                raise type(error)(f"in validation: {error}") from None
        fraction = checks.number("validation", validation, above=0, below=1)
        return split(data, fraction, self.generator)

    def __iter__(self) -> Iterator[Epoch]:
        """Train, and yield a record after each epoch."""
        for step in self.steps():
            if step.epoch:
                yield step.epoch

    def steps(self) -> Iterator[Step]:
        """Train, and yield a record after each step; the last of an epoch holds the epoch's record."""
        model, optimizer, schedule = self.model, self.optimizer, self.optimizer.schedule
        while self.epoch < self.epochs:
            tally, begun, seen = Tally(predictions=bool(self.metrics)), time.perf_counter(), 0
            for rows in batches(len(self.train), self.batch_size, self.generator):
                learning_rate = schedule(self.epoch + seen / len(self.train))
                batch = self.train.take(rows)

                loss, penalty, prediction, backward = model.loss(
                    batch.x, batch.target, self.loss, weight=batch.weight, training=self.generator
                )
                backward()
                optimizer.step(model.parameters, model.gradients, learning_rate)

                tally.add(loss, penalty, batch.target, prediction)
                seen += len(rows)
                self.step += 1
                epoch = self._complete(tally, begun) if seen == len(self.train) else None
                yield Step(self.step, len(rows), loss, penalty, learning_rate, epoch)

    def _complete(self, tally: Tally, begun: float) -> Epoch:
        """Count the epoch as done, and return its record."""
        self.epoch += 1
        values = tally.means(self.metrics)
        if not math.isfinite(values["loss"]):
            raise DivergenceError(
                f"the loss became {values['loss']} in epoch {self.epoch}: the steps were too long;"
                " lower the learning rate, or scale the inputs to about 1"
            )
        if self.validation:
            measured = self.model.measure(self.validation, self.loss, self.metrics)
            values.update({f"val_{name}": value for name, value in measured.items()})
        if hasattr(self.optimizer.schedule, "observe"):
            self.optimizer.schedule.observe(values)
        values["learning_rate"] = self.optimizer.schedule(self.epoch)
        return Epoch(self.epoch, time.perf_counter() - begun, values)

    def measure(self) -> tuple[dict[str, float], dict[str, float] | None]:
        """Return loss, penalty and metrics of the network as it stands, on the training and the validation data."""
        train, validation = (
            self.model.measure(data, self.loss, self.metrics) if data else None
            for data in (self.train, self.validation)
        )
        assert train is not None
        return train, validation


class Tally:
    """The sums of one epoch: losses weighted by the batches' lengths, and what the metrics will need."""

    def __init__(self, *, predictions: bool) -> None:
        self.losses: list[tuple[int, float, float]] = []
        self.predictions: list[tuple[Array, Array]] | None = [] if predictions else None

    def add(self, loss: float, penalty: float, target: Array, prediction: Array) -> None:
        """Count one batch."""
        self.losses.append((len(target), loss, penalty))
        if self.predictions is not None:
            self.predictions.append((target, prediction))

    def means(self, metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Return the epoch's loss, penalty and metrics."""
        count = sum(n for n, _, _ in self.losses)
        values = {
            "loss": sum(n * loss for n, loss, _ in self.losses) / count,
            "penalty": sum(n * penalty for n, _, penalty in self.losses) / count,
        }
        if self.predictions:
            target, prediction = (np.concatenate(part) for part in zip(*self.predictions, strict=True))
            values |= {name: float(metric(target, prediction)) for name, metric in metrics.items()}
        return values
