"""The training loop: forward, loss, gradient, step."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import randomness
from whorl._core.memory import keep_freed_memory
from whorl._core.monitor import check_watched
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl._core.validation import instance, integer, number, truth
from whorl.fast import Switch
from whorl.losses import Loss
from whorl.metrics import METRICS, Metric, named
from whorl.optimizers import Optimizer
from whorl.training.data import Samples, batches, class_weights, split
from whorl.training.history import Epoch, Step

if TYPE_CHECKING:
    from whorl.model import Model


class DivergenceError(ArithmeticError):
    """The loss became infinite or NaN, so that no further step could mend it. The model is what it was before that epoch."""


class Training:
    """A training run: a ``for`` over it trains the model, one epoch a turn.

    Between two turns the run rests: look at the model, save it, stop for good, or come back later with another ``for``, which
    goes on where the last one stopped, amid an epoch too.
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
        model: Model,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int | None,
        accumulate: int,
        validation: float | tuple[Any, ...] | None,
        stratify: bool,
        metrics: Iterable[str | Metric],
        sample_weight: Any,
        class_weight: Mapping[int, float] | str | None,
        rng: RNG,
        fast: bool | None,
    ) -> None:
        instance("optimizer", optimizer, Optimizer, "SGD(0.1)")
        self._switch = Switch(fast=fast)
        self.model = model
        self.loss = loss
        self.optimizer = optimizer.fresh()
        self.epochs = integer("epochs", epochs, minimum=0)
        self.accumulate = integer("accumulate", accumulate)
        self.metrics = named(metrics)
        self.generator = randomness.generator(rng)
        data = Samples.checked(model, X, y, loss, sample_weight)
        self.train, self.validation = self._split(data, validation, stratify=truth("stratify", stratify))
        self._try_metrics()
        self.batch_size = self._batch_size(batch_size)
        if class_weight is not None:
            by_class = class_weights(loss.classes(self.train.target), class_weight, max(2, model.outputs[-1]))
            self.train = self.train.reweighted(by_class)
        for watch in self.optimizer.watched:
            check_watched(watch, self.columns()[:-1])  # the learning rate comes of what is watched
        self.epoch = self.step = 0
        self._underway: Underway | None = None
        # The parameters that the steps have come to, while the model shows their average.
        self._stepped: Array | None = None
        model.settle_in(self.train.x)
        keep_freed_memory()

    def _batch_size(self, asked: int | None) -> int:
        usual = self.optimizer.batch_size
        if asked is None:
            return usual or len(self.train)
        size = integer("batch_size", asked)
        if usual is None and size * self.accumulate < len(self.train):
            name, count = type(self.optimizer).__name__, len(self.train)
            raise ValueError(
                f"batch_size must be None or at least {count} for {name}, which takes all samples, got {asked}"
            )
        return size

    def _try_metrics(self) -> None:
        """Ask our own metrics for a value now, so that one that does not fit the labels fails here and not after an epoch."""
        for data in filter(None, (self.train, self.validation)):
            prediction = np.broadcast_to(np.zeros(1, self.model.dtype), (len(data), *self.model.outputs))
            for name, metric in self.metrics.items():
                if METRICS.get(name) is metric:
                    try:
                        metric(data.target, prediction)
                    except (TypeError, ValueError) as error:
                        raise type(error)(f"metrics: {name!r} does not fit these labels: {error}") from None

    def _split(self, data: Samples, validation: object, *, stratify: bool) -> tuple[Samples, Samples | None]:
        if stratify and (validation is None or isinstance(validation, tuple | list)):
            raise ValueError("stratify=True needs a fraction to split off: validation=0.2, for instance")
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
        fraction = number("validation", validation, above=0, below=1)
        classes = self.loss.classes(data.target) if stratify else None
        if stratify and classes is None:
            raise ValueError("stratify=True needs a loss with one label for each sample, such as CrossEntropy()")
        return split(data, fraction, self.generator, classes)

    def __iter__(self) -> Iterator[Epoch]:
        """Train, and yield a record after each epoch."""
        while self.epoch < self.epochs:
            yield self._train_epoch()

    def steps(self) -> Iterator[Step]:
        """Train, and yield a record after each step; the last of an epoch holds the epoch's record."""
        while self.epoch < self.epochs:
            begun = time.perf_counter()
            underway = self._begin()
            # A loss that is not finite ends the epoch, with an error.
            with np.errstate(over="ignore", invalid="ignore"), self._switch:
                count, loss, penalty, learning_rate = self._train_step(underway, next(underway.batches))
                underway.seconds += time.perf_counter() - begun
                epoch = self._complete(underway) if underway.samples == underway.total else None
            yield Step(self.step, count, loss, penalty, learning_rate, epoch)

    def resume(self, earlier: Training) -> None:
        """Go on where an earlier run ended, for one epoch: with its optimizer, its time, and its count of steps."""
        self.optimizer, self._stepped = earlier.optimizer, earlier._stepped
        self.epoch, self.step = earlier.epoch, earlier.step
        self._switch.resume(earlier._switch)
        self.epochs = self.epoch + 1

    def _train_epoch(self) -> Epoch:
        """Take the steps that are left of this epoch."""
        begun = time.perf_counter()
        underway = self._begin()
        with np.errstate(over="ignore", invalid="ignore"), self._switch:
            for rows in underway.batches:
                if self._switch.undecided:
                    self._switch.consider()
                self._train_step(underway, rows)
            underway.seconds += time.perf_counter() - begun
            return self._complete(underway)

    def _train_step(self, underway: Underway, rows: Array) -> tuple[int, float, float, float]:
        """Forward, loss, gradient, step; return the number of samples, their loss, the penalty in it, the learning rate."""
        learning_rate = self.optimizer.rate(self.epoch + underway.samples / underway.total)
        loss, penalty, target, prediction = self._gradient(rows)
        self.model.step(self.optimizer, learning_rate, loss, lambda: self._gradient(rows)[0])
        count = len(rows)
        self.step += 1
        underway.samples += count
        underway.loss += count * loss
        underway.penalty += count * penalty
        if self.metrics:
            underway.seen.append((target, prediction))
        return count, loss, penalty, learning_rate

    def _gradient(self, rows: Array) -> tuple[float, float, Array, Array]:
        """Fill the model's gradients for these rows; return the loss, the penalty in it, the targets and the predictions."""
        if len(rows) > self.batch_size:
            return self._accumulated([rows[i : i + self.batch_size] for i in range(0, len(rows), self.batch_size)])
        x, target, weight = self.train.batch(rows)
        loss, penalty, prediction, backward = self.model.loss(
            x, target, self.loss, weight=weight, training=self.generator
        )
        backward()
        return loss, penalty, target, prediction

    def _accumulated(self, parts: list[Array]) -> tuple[float, float, Array, Array]:
        """Do the same for several batches as if they were one: the mean of their losses and gradients, by their lengths."""
        count = sum(map(len, parts))
        gradients, mean_loss = np.zeros_like(self.model.gradients), 0.0
        outcomes = []
        for rows in parts:
            loss, penalty, *outcome = self._gradient(rows)
            gradients += self.model.gradients * (len(rows) / count)
            mean_loss += loss * (len(rows) / count)
            outcomes.append(outcome)
        self.model.gradients = gradients
        target, prediction = (np.concatenate(part) for part in zip(*outcomes, strict=True))
        return mean_loss, penalty, target, prediction

    def _begin(self) -> Underway:
        """Return the epoch that is under way, or a new one."""
        if self._underway is None:
            if self._stepped is not None:  # the model was showing the average of what the steps came to
                self.model.parameters, self._stepped = self._stepped, None
            self._underway = Underway(self)
        return self._underway

    def _complete(self, underway: Underway) -> Epoch:
        """Count the epoch as done, and return its record."""
        begun = time.perf_counter()
        self._underway = None
        values = underway.losses()
        if not (math.isfinite(values["loss"]) and np.isfinite(self.model.parameters).all()):
            self.model.parameters, self.model.statistics = underway.before
            raise DivergenceError(
                f"the loss became {values['loss']} in epoch {self.epoch + 1}: the steps were too long; lower the learning"
                " rate, or scale the inputs to about 1 (the model has the parameters from before that epoch)"
            )
        self.epoch += 1
        values |= underway.metrics(self.metrics)
        if self.optimizer.average is not None:
            self._stepped = self.model.parameters.copy()
            self.model.parameters = self.optimizer.average
        if self.validation:
            measured = self.model.measure(self.validation, self.loss, self.metrics)
            values.update({f"val_{name}": value for name, value in measured.items()})
        self.optimizer.observe(values)
        values["learning_rate"] = self.optimizer.rate(self.epoch)
        return Epoch(self.epoch, underway.seconds + time.perf_counter() - begun, values)

    def columns(self) -> list[str]:
        """Return the names of the values that each epoch will have."""
        measured = ["loss", "penalty", *self.metrics]
        validation = [f"val_{name}" for name in measured] if self.validation else []
        return [*measured, *validation, "learning_rate"]

    def measure(self) -> tuple[dict[str, float], dict[str, float] | None]:
        """Return loss, penalty and metrics of the network as it stands, on the training and the validation data."""
        train, validation = (
            self.model.measure(data, self.loss, self.metrics) if data else None
            for data in (self.train, self.validation)
        )
        assert train is not None
        return train, validation


class Underway:
    """An epoch under way: the batches that are left, and the sums so far, each batch counted by its length."""

    def __init__(self, training: Training) -> None:
        self.before = training.model.parameters.copy(), training.model.statistics.copy()
        together = training.batch_size * training.accumulate
        self.total = len(training.train)
        self.batches = batches(self.total, together, training.generator)
        self.samples = 0
        self.seconds = self.loss = self.penalty = 0.0
        self.seen: list[tuple[Array, Array]] = []

    def losses(self) -> dict[str, float]:
        """Return the means over the samples of the loss and of the penalty in it."""
        return {"loss": self.loss / self.samples, "penalty": self.penalty / self.samples}

    def metrics(self, metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Return the metrics of all predictions of the epoch."""
        if not metrics:
            return {}
        target, prediction = (np.concatenate(part) for part in zip(*self.seen, strict=True))
        return {name: float(metric(target, prediction)) for name, metric in metrics.items()}
