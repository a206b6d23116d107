"""One training step on a copy of a model, with everything that it computes on the way."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl import schedules
from whorl._core.types import Array
from whorl.glassbox.tracing.recording import Call, Recording
from whorl.layers import chain
from whorl.losses import Loss
from whorl.model import Model
from whorl.optimizers import Objective, Optimizer, State
from whorl.passes import is_fused, loss_pass
from whorl.training import Samples, TrainingState


@dataclass(frozen=True, eq=False)
class Step:
    """A training step and its results.

    Parameters
    ----------
    model : Model
        A copy of the model, with the parameters from before the step.
    samples : Samples
    loss : Loss
    optimizer : Optimizer
    epoch, learning_rate : float
    arrays : dict of str to ndarray
        The parameters and statistics before the step, by name.
    calls : list of Call
        What the layers computed; all but the last layer if that is fused with the loss.
    fused : bool
    value, penalty, value_after : float
        The loss, and its penalty part; and the loss on the same samples, with the same dropout masks, after the step,
        which is NaN if the loss refuses the new predictions.
    prediction : ndarray
    slope : ndarray
        The gradient of the loss by what it gets: scores if it is fused, else predictions.
    gradients : ndarray, shape (P,)
        Those of the loss by the parameters, penalties included, and 0 for frozen layers.
    before : namespace
        The memory of the optimizer before the step.
    stepped, settled, average : ndarray, shape (P,)
        The parameters after the optimizer's step; after constraints and the restoring of frozen layers; and the average that
        `Averaged` keeps, or None.
    statistics : dict of str to ndarray
        Those after the step.
    """

    model: Model
    samples: Samples
    loss: Loss
    optimizer: Optimizer
    epoch: float
    learning_rate: float
    arrays: dict[str, Array]
    calls: list[Call]
    fused: bool
    value: float
    penalty: float
    value_after: float
    prediction: Array
    slope: Array
    gradients: Array
    before: State
    stepped: Array
    settled: Array
    average: Array | None
    statistics: dict[str, Array]


def take(
    model: Model,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    optimizer: Optimizer,
    sample_weight: Any,
    state: TrainingState | None,
    rng: np.random.Generator,
) -> Step:
    """Take a step as `training.step` does, on a copy of the model; the arguments are those of `trace`."""
    model = copy.deepcopy(model)
    samples = Samples.checked(model, X, y, loss, sample_weight)
    x, epoch, memory = np.array(samples.x), 0.0, optimizer.start(model.parameters)
    if state is not None:
        model.parameters = state.parameters if state.stepped is None else state.stepped
        model.statistics = state.statistics
        memory = copy.deepcopy(state.optimizer)
        epoch = state.epoch + (state.current.samples / len(state.current.order) if state.current else 0.0)
    chain.adapt(model.layers, x, model.p, rng)
    rate = optimizer.learning_rate
    learning_rate = schedules.rate_at(rate, epoch, schedules.begin(rate) if state is None else state.schedule)
    arrays = {name: each.copy() for name, each in model.named_arrays().items()}
    parameters, statistics, frozen = model.parameters.copy(), model.statistics.copy(), model.frozen_values()
    model.set_epoch(epoch)
    same = copy.deepcopy(rng)
    with recorded(model, loss) as calls:
        done = loss_pass(model, x, samples.target, loss, samples.weight, rng, inputs=True)
        dx = done.backward()
    assert dx is not None or calls
    after = {name: each.copy() for name, each in model.named_statistics().items()}
    gradients, before = model.gradients.copy(), copy.deepcopy(memory)

    def evaluate() -> float:
        again = loss_pass(model, x, samples.target, loss, samples.weight, rng)
        again.backward()
        return again.loss

    objective = Objective(done.loss, evaluate, epoch, model.decay)
    optimizer.step(model.parameters, model.gradients, memory, learning_rate, objective)
    stepped = model.parameters.copy()
    model.constrain(frozen)
    settled = model.parameters.copy()
    optimizer.settle(model.parameters, memory)
    try:
        value_after = loss_pass(model, x, samples.target, loss, samples.weight, same).loss
    except ValueError:  # predictions that the loss does not take
        value_after = math.nan
    model.parameters, model.statistics = parameters, statistics
    return Step(
        model,
        samples,
        loss,
        optimizer,
        epoch,
        learning_rate,
        arrays,
        calls,
        is_fused(model, loss),
        done.loss,
        done.penalty,
        value_after,
        done.prediction.copy(),
        calls[-1].dy if calls else np.asarray(dx),
        gradients,
        before,
        stepped,
        settled,
        optimizer.average(memory),
        after,
    )


@contextmanager
def recorded(model: Model, loss: Loss) -> Iterator[list[Call]]:
    """Record what the layers of a model compute, but for a last layer that is fused with the loss."""
    layers, recording = model.layers, Recording()
    last = layers[-1:] if is_fused(model, loss) else ()
    model.layers = (*recording.layers(layers[: len(layers) - len(last)]), *last)
    try:
        yield recording.calls
    finally:
        model.layers = layers
