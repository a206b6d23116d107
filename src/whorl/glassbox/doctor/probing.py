"""Measure the network during training: one pass forward and back through it, on a few training samples."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.doctor.data import next_step, spaced
from whorl.glassbox.doctor.signals import Probe
from whorl.layers import Layer, ReLU, Sigmoid, Tanh
from whorl.optimizers import LBFGS, Objective
from whorl.passes import is_fused, loss_pass
from whorl.training.callbacks import Run

END = 0.01
"""An output of a sigmoid or tanh is saturated within this fraction of its range from an end."""


def probe(training: Run, samples: int) -> Probe:
    """Measure the network on so many training samples; the training itself is not changed.

    The samples are halved, with a pass for each half: the gradient is the mean of both, and their difference shows its noise.
    """
    data = training.train
    rows = spaced(len(data), samples)
    halves = [rows[0::2], rows[1::2]] if len(rows) > 1 else [rows, rows]
    x, target, weight = data.batch(rows)
    with next_step(training) as model, np.errstate(all="ignore"):  # what is not finite is recorded too
        outputs = activations(model, x)
        value, penalty = _loss(model, training.options.loss, [x, *outputs], target, weight)
        rng, passes = np.random.default_rng(0), []
        for half in halves:
            batch = data.batch(half)
            done = loss_pass(model, batch[0], batch[1], training.options.loss, batch[2], rng)
            done.backward()
            passes.append(model.gradients.copy())
        noisy = noise(passes[0], passes[1], len(halves[0]))
        np.add(passes[0], passes[1], out=model.gradients)
        model.gradients *= 0.5
        weights, gradients = sizes(model.named_parameters()), sizes(model.named_gradients())
        return Probe(
            epoch=training.epoch,
            loss=value,
            penalty=penalty,
            score=score(training.options.loss, outputs[-1], target),
            weights=weights,
            gradients=gradients,
            updates=updates(training, model),
            dead=dict(dead(model.layers, outputs)),
            saturated=dict(saturated(model.layers, outputs)),
            noise=noisy,
        )


def activations(model: Any, x: Array) -> list[Array]:
    """Return the output of each layer when predicting."""
    outputs = []
    for layer, p in zip(model.layers, model.p, strict=True):
        x, _ = layer.forward(x, p)
        outputs.append(x)
    return outputs


def _loss(model: Any, loss: Any, outputs: list[Array], target: Array, weight: Array | None) -> tuple[float, float]:
    """Return the loss when predicting, penalty included, and the penalty."""
    if is_fused(model, loss):
        value = loss.from_scores(outputs[-2], target, weight)[0]
    else:
        value = loss.forward(outputs[-1], target, weight)[0]
    penalty = float(sum(each.forward(model.parameters)[0] for each in model.penalties))
    return float(value) + penalty, penalty


def updates(training: Run, model: Any) -> dict[str, float]:
    """Return how much a step of the optimizer, with a copy of its memory, changes each matrix of weights; this takes the step."""
    optimizer, state = training.options.optimizer, copy.deepcopy(training.state.optimizer)
    if isinstance(optimizer, LBFGS) or not np.isfinite(model.gradients).all():
        return {}
    objective, before = Objective(0.0, lambda: 0.0, float(training.epoch), model.decay), model.parameters.copy()
    optimizer.step(model.parameters, model.gradients, state, training.learning_rate(), objective)
    model.parameters -= before
    return sizes(model.named_parameters())


def sizes(arrays: Mapping[str, Array]) -> dict[str, float]:
    """Return the root mean square of each matrix."""
    return {name: rms(each) for name, each in arrays.items() if each.ndim > 1}


def rms(values: Array) -> float:
    """Return the root mean square."""
    flat = values.ravel()
    square = float(flat @ flat)
    if not 1e-30 < square < math.inf:  # too small or too large for the squares in float32
        square = float(np.sum(np.square(flat, dtype=np.float64)))
    return math.sqrt(square / flat.size) if flat.size else 0.0


def dead(layers: tuple[Layer, ...], outputs: list[Array]) -> Iterator[tuple[str, float]]:
    """Yield for each ReLU the share of units that are 0 for all samples."""
    for i, (layer, y) in enumerate(zip(layers, outputs, strict=True)):
        if isinstance(layer, ReLU):
            yield str(i), float((y.reshape(len(y), -1) <= 0).all(axis=0).mean())


def saturated(layers: tuple[Layer, ...], outputs: list[Array]) -> Iterator[tuple[str, float]]:
    """Yield for each sigmoid or tanh before the last layer the share of saturated outputs."""
    for i, (layer, y) in enumerate(zip(layers[:-1], outputs, strict=False)):
        if isinstance(layer, Sigmoid | Tanh):
            part = y if isinstance(layer, Sigmoid) else (y + 1) / 2  # from 0 to 1
            yield str(i), float(((part < END) | (part > 1 - END)).mean())


def noise(a: Array, b: Array, size: int) -> float:
    """Return the simple noise scale of the gradient, tr Σ / |G|², from those of two batches of `size` samples.

    ``|a − b|² ≈ 2 tr Σ / size``, and ``a · b ≈ |G|²``: see McCandlish, Kaplan, Amodei (2018), An Empirical Model of Large-Batch
    Training, arXiv:1812.06162, appendix A.
    """
    difference, product = a - b, float(a @ b)
    return float(size * (difference @ difference) / 2) / product if product > 0 else math.inf


def score(loss: Any, prediction: Array, target: Array) -> float:
    """Return the accuracy of the predictions, or R² for numbers."""
    labels = loss.classes(target)
    if labels is not None:
        flat = prediction.reshape(len(prediction), -1)
        chosen = flat[:, 0] >= 0.5 if flat.shape[1] == 1 else flat.argmax(axis=1)
        return float((chosen == labels).mean())
    variance = float(target.var(axis=0).sum()) or 1.0
    return 1 - float(((prediction - target) ** 2).mean(axis=0).sum()) / variance
