"""How weights, activations, gradients and updates are distributed, layer by layer, in the next step of a training."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.recorder import LEVELS
from whorl.layers import chain
from whorl.optimizers import Objective
from whorl.passes import loss_pass
from whorl.training import Training

SAMPLES = 256
"""The most samples of the step, evenly spaced over the training data."""


def spread(training: Training) -> dict[str, Array]:
    """Return the quantiles `LEVELS` of each array, in float32.

    Their names are ``weights/w1``, ``activations/0``, ``gradients/w1`` and ``updates/w1``. All is computed on copies, with the same
    samples and dropout masks each time.
    """
    with np.errstate(all="ignore"):  # what is not finite is shown too
        return {name: np.quantile(values, LEVELS).astype(np.float32) for name, values in _arrays(training)}


def _arrays(training: Training) -> Iterator[tuple[str, Array]]:
    model, options, data = copy.deepcopy(training.model), training.options, training.train
    chain.adapt(model.layers, data.x, model.p, copy.deepcopy(training.state.rng))  # as before the first step
    x, target, weight = data.batch(np.linspace(0, len(data) - 1, min(SAMPLES, len(data))).astype(np.intp))
    yield from ((f"weights/{name}", values) for name, values in model.named_parameters().items())
    yield from ((f"activations/{i}", values) for i, values in enumerate(model.activations(x)))

    def evaluate() -> float:
        done = loss_pass(model, x, target, options.loss, weight, np.random.default_rng(0))
        done.backward()
        return done.loss

    loss = evaluate()
    yield from ((f"gradients/{name}", values) for name, values in model.named_gradients().items())
    weights = {name: values.copy() for name, values in model.named_parameters().items()}
    options.optimizer.step(
        model.parameters,
        model.gradients,
        training.state.snapshot().optimizer,
        training.learning_rate(),
        Objective(loss, evaluate, training.time, model.decay),
    )
    yield from ((f"updates/{name}", values - weights[name]) for name, values in model.named_parameters().items())
