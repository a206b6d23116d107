"""The training step: batch, forward, loss, backward, step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from whorl._core.types import Array
from whorl.optimizers import Objective
from whorl.passes import Pass, loss_pass
from whorl.stack import Stack
from whorl.training.data import Samples
from whorl.training.options import Options
from whorl.training.state import TrainingState


def take_step(
    model: Stack, data: Samples, batches: list[Array], options: Options, state: TrainingState, learning_rate: float
) -> Pass:
    """Take one training step on the rows of a batch, or of several whose gradients are accumulated."""

    def evaluate(rows: Array) -> Pass:
        x, target, weight = data.batch(rows)  # batch
        done = loss_pass(model, x, target, options.loss, weight, state.rng)  # forward and loss
        done.backward()  # backward: fills model.gradients
        return done

    def gradient() -> Pass:
        return evaluate(batches[0]) if len(batches) == 1 else accumulate(evaluate, model, batches)

    done, frozen = gradient(), model.frozen_values()
    objective = Objective(done.loss, lambda: gradient().loss)  # for optimizers that search along a line
    options.optimizer.step(model.parameters, model.gradients, state.optimizer, learning_rate, objective)  # step
    model.constrain(frozen)
    options.optimizer.settle(model.parameters, state.optimizer)
    return done


def accumulate(evaluate: Callable[[Array], Pass], model: Stack, batches: list[Array]) -> Pass:
    """Evaluate several batches as if they were one: the means of their losses and gradients, by their lengths."""
    count = sum(map(len, batches))
    gradients, loss, penalty = np.zeros_like(model.gradients), 0.0, 0.0
    predictions = []
    for rows in batches:
        done = evaluate(rows)
        share = len(rows) / count
        gradients += model.gradients * share
        loss, penalty = loss + share * done.loss, done.penalty
        predictions.append(done.prediction)
    model.gradients = gradients
    return Pass(loss, penalty, np.concatenate(predictions), lambda: None)
