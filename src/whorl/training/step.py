"""The training step: batch, forward, loss, backward, update."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from whorl.metrics import Metric
from whorl.optimizers import Objective
from whorl.passes import loss_pass
from whorl.stack import Stack
from whorl.training import callbacks
from whorl.training.chunk import Chunk
from whorl.training.data import Samples
from whorl.training.group import Evaluate, Group, Outcome
from whorl.training.history import Epoch
from whorl.training.options import Options
from whorl.training.state import EpochState, TrainingState


class Engine(Protocol):
    """A way to take the steps of a training; all have the same results up to rounding."""

    def take(self, steps: int | None = None) -> tuple[float, float]:
        """Take some of the remaining steps of the current epoch, at most so many, and update the training state.

        Returns
        -------
        tuple of float
            The loss and its penalty part, each the mean over the samples of these steps.
        """

    def take_epochs(self) -> Epoch | None:
        """Take some whole epochs together, if nothing happens between them, and end the last one; return its record, or None if that is not possible."""


class Run(callbacks.Run, Protocol):
    """The part of `Training` that takes steps, and undoes them."""

    options: Options
    state: TrainingState
    train: Samples
    metrics: dict[str, Metric]
    means: dict[str, Metric]
    callbacks: tuple[callbacks.Callback, ...]
    batch_size: int
    engine: Engine
    group: Group

    @property
    def time(self) -> float:
        """The current time in epochs."""

    def begin_epoch(self) -> EpochState:
        """Return the state of the current epoch; start a new epoch if there is none."""

    def upcoming(self) -> Samples | Chunk:
        """Return the samples that the next step finds its batches in: all, or those that have been read from files."""

    def ending(self) -> bool:
        """Whether a callback stops training, or Ctrl-C was pressed."""

    def rewind(self, before: TrainingState, rng: Mapping[str, Any], current: EpochState | None = None) -> None:
        """Return to a snapshot from before the current epoch, or within it, and to a state of the random generator."""


class NumPySteps:
    """The steps of a training, on NumPy.

    Parameters
    ----------
    training : Run
    evaluate : callable, optional
        Another way to compute the loss and the gradients of a batch.
    """

    training: Run
    evaluate: Evaluate | None

    def __init__(self, training: Run, evaluate: Evaluate | None = None) -> None:
        self.training, self.evaluate = training, evaluate

    def take(self, steps: int | None = None) -> tuple[float, float]:
        """Take the next step, on one batch or on several whose gradients are accumulated; return the loss and its penalty part.

        An error, or an interruption, in the middle of a step returns to the start of the epoch.
        """
        training, model, options, state = self.training, self.training.model, self.training.options, self.training.state
        current = training.begin_epoch()
        now, learning_rate, begun = training.time, training.learning_rate(), time.perf_counter()
        data = training.upcoming()
        batches: list[Any] = data.batches(current, training.batch_size, options.accumulate)

        def evaluate(rows: Any, rng: Generator) -> Outcome:
            x, target, weight = data.batch(rows)  # batch
            done = loss_pass(model, x, target, options.loss, weight, rng)  # forward and loss
            done.backward()  # backward: fills model.gradients
            return done[:3]  # the arrays of the pass are no longer needed

        def whole(rows: Any) -> Outcome:  # in several processes, each takes its share
            return training.group.evaluate(self.evaluate or evaluate, rows, training)

        def gradient() -> Outcome:
            return whole(batches[0]) if len(batches) == 1 else accumulate(whole, model, batches)

        try:
            model.set_epoch(now)  # for layers such as Dropout(Cosine(…))
            (loss, penalty, prediction), frozen = gradient(), model.frozen_values()
            objective = Objective(loss, lambda: gradient()[0], now, model.decay)  # for line searches, and weight decay
            options.optimizer.step(
                model.parameters, model.gradients, state.optimizer, learning_rate, objective
            )  # update
            model.constrain(frozen)  # max-norm; and frozen layers keep their parameters
            options.optimizer.settle(model.parameters, state.optimizer)  # averages take in the new parameters
            if training.metrics:
                target = np.concatenate([data.targets(rows) for rows in batches])
                current.measure(target, prediction, training.metrics, training.means)
            current.add(sum(map(len, batches)), loss, penalty)
            state.step += 1
        except BaseException:
            training.rewind(current.before, current.rng_before)
            raise
        current.seconds += time.perf_counter() - begun
        return loss, penalty

    def take_epochs(self) -> None:
        """Return None: NumPy takes one step at a time."""


def accumulate(evaluate: Callable[[Any], Outcome], model: Stack, batches: list[Any]) -> Outcome:
    """Evaluate several batches as if they were one: average losses and gradients, weighted by the batches' lengths."""
    count = sum(map(len, batches))
    gradients, mean_loss = np.zeros_like(model.gradients), 0.0
    predictions = []
    for rows in batches:
        loss, penalty, prediction = evaluate(rows)
        gradients += model.gradients * (len(rows) / count)
        mean_loss += loss * (len(rows) / count)
        predictions.append(prediction)
    model.gradients = gradients
    return mean_loss, penalty, np.concatenate(predictions)
