"""The training step: batch, forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np

from whorl._core.types import Array
from whorl.optimizers import Objective
from whorl.passes import loss_pass
from whorl.stack import Stack
from whorl.training.data import Samples
from whorl.training.options import Options
from whorl.training.state import TrainingState

Outcome: TypeAlias = tuple[float, float, Array]
"""The loss, its penalty part, and the predictions, all before the parameters change."""


class Engine(Protocol):
    """Another way to take the steps of a training, with the same results up to rounding."""

    def take(self, steps: int | None = None) -> tuple[float, float]:
        """Take the remaining steps of the current epoch, or at most so many, and update the training state.

        Returns
        -------
        tuple of float
            The loss and its penalty part, summed over the samples of these steps.
        """

    def take_epochs(self) -> bool:
        """Take some whole epochs together and record them, if nothing happens between them; return whether any were taken."""


def take_step(
    model: Stack, data: Samples, batches: list[Array], options: Options, state: TrainingState, learning_rate: float
) -> Outcome:
    """Take one training step, on one batch of rows or on several batches whose gradients are accumulated."""

    def evaluate(rows: Array) -> Outcome:
        x, target, weight = data.batch(rows)  # batch
        done = loss_pass(model, x, target, options.loss, weight, state.rng)  # forward and loss
        done.backward()  # backward: fills model.gradients
        return done[:3]  # the arrays of the pass are no longer needed

    def gradient() -> Outcome:
        return evaluate(batches[0]) if len(batches) == 1 else accumulate(evaluate, model, batches)

    outcome, frozen = gradient(), model.frozen_values()
    objective = Objective(outcome[0], lambda: gradient()[0])  # for optimizers with a line search
    options.optimizer.step(model.parameters, model.gradients, state.optimizer, learning_rate, objective)  # update
    model.constrain(frozen)  # max-norm; and frozen layers keep their parameters
    options.optimizer.settle(model.parameters, state.optimizer)  # averages take in the new parameters
    return outcome


def accumulate(evaluate: Callable[[Array], Outcome], model: Stack, batches: list[Array]) -> Outcome:
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
