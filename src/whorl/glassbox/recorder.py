"""A callback that records how weights, activations and gradients are distributed during training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.layers import chain
from whorl.passes import loss_pass
from whorl.training import Callback, Epoch
from whorl.training.callbacks import Run

LEVELS = 0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0
"""The quantiles that are recorded: from the smallest value over the median to the largest."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """How the values of an array are distributed, epoch by epoch.

    Parameters
    ----------
    name : str
        What the values are, such as ``"weights w1"``.
    epochs : ndarray of int, shape (T,)
        After how many epochs they were recorded; 0 is before the first one.
    quantiles : ndarray, shape (T, 7)
        Their quantiles: the smallest, 5 %, 25 %, the median, 75 %, 95 %, the largest.
    magnitude : ndarray, shape (T,)
        The mean of their absolute values.
    count : int
        The number of values.
    """

    name: str
    epochs: Array
    quantiles: Array
    magnitude: Array
    count: int


class Recorder(Callback):
    """Records the distributions of weights, activations and gradients during training, for `whorl.plot` to draw.

    They are recorded before the first epoch, and after every N-th one, on samples that are the same each time: activations as the
    model predicts, gradients as in a training step on these samples, with the same dropout masks each time. All is computed on
    a copy of the model, so training gives the same bits as without the callback. A `Checkpoint` saves the records too.

    Parameters
    ----------
    every : int, optional
        N, at least 1.
    samples : int, optional
        The largest number of training samples to compute activations and gradients on, evenly spaced over all of them.
    most : int, optional
        The largest number of records, at least 2: with more, every second one is dropped, and N doubles. A record takes 72 bytes
        for each of these arrays.

    Attributes
    ----------
    weights, gradients : dict of str to Distribution
        By the names of the parameters, such as ``"w1"``; biases are among them.
    activations : list of Distribution
        For the output of each layer, in order.

    Examples
    --------
    >>> from whorl import CrossEntropy, Dense, Model, ReLU, SGD, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model, recorder = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0), Recorder(every=2)
    >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=6, callbacks=[recorder], rng=0)
    >>> recorder.weights["w1"].epochs
    array([0, 2, 4, 6])
    >>> recorder.activations[1].name, float(recorder.activations[1].quantiles.min())
    ('activations of layers[1], ReLU', 0.0)
    """

    def __init__(self, *, every: int = 1, samples: int = 256, most: int = 100) -> None:
        self.every: int = validation.integer("every", every)
        self.samples: int = validation.integer("samples", samples)
        self.most: int = validation.integer("most", most, minimum=2)
        self.memory: Any = None
        self.names: list[str] = []
        self.layers: list[str] = []

    def on_train_begin(self, training: Run) -> None:
        memory = self.memory = training.memory(self)
        self.names = list(training.model.trained)
        self.layers = [f"layers[{i}], {type(layer).__name__}" for i, layer in enumerate(training.model.layers)]
        if not hasattr(memory, "values"):
            memory.every, memory.epochs = self.every, [training.epoch]
            memory.values = self._measured(training)[None]

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        memory = self.memory = training.memory(self)
        if epoch.number % memory.every:
            return
        memory.epochs = [*memory.epochs, epoch.number]
        memory.values = np.concatenate([memory.values, self._measured(training)[None]])
        if len(memory.epochs) > self.most:
            memory.every *= 2
            kept = [i for i, number in enumerate(memory.epochs) if i == 0 or number % memory.every == 0]
            memory.epochs, memory.values = [memory.epochs[i] for i in kept], memory.values[kept]

    def _measured(self, training: Run) -> Array:
        """Return a row of numbers for each parameter, each layer's output, and each gradient, as `_described` gives them."""
        model, data = copy.deepcopy(training.model), training.train
        chain.adapt(model.layers, data.x, model.p, copy.deepcopy(training.state.rng))  # as before the first step
        rows = np.linspace(0, len(data) - 1, min(self.samples, len(data))).astype(np.intp)
        x, target, weight = data.batch(rows)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is recorded too
            activations = model.activations(x)
            loss_pass(model, x, target, training.options.loss, weight, np.random.default_rng(0)).backward()
            arrays = [*model.named_parameters().values(), *activations, *model.named_gradients().values()]
            return np.array([_described(each) for each in arrays])

    def _distributions(self, kind: str, names: Sequence[str], start: int) -> list[Distribution]:
        if self.memory is None:
            raise ValueError("nothing is recorded yet: give the Recorder to fit first, callbacks=[recorder]")
        epochs, values = np.array(self.memory.epochs), self.memory.values[:, start : start + len(names)]
        return [
            Distribution(f"{kind} {name}", epochs, each[:, :-2], each[:, -2], int(each[0, -1]))
            for name, each in zip(names, values.swapaxes(0, 1), strict=True)
        ]

    @property
    def weights(self) -> dict[str, Distribution]:
        """Those of the parameters, by name."""
        return dict(zip(self.names, self._distributions("weights", self.names, 0), strict=True))

    @property
    def activations(self) -> list[Distribution]:
        """Those of the output of each layer."""
        return self._distributions("activations of", self.layers, len(self.names))

    @property
    def gradients(self) -> dict[str, Distribution]:
        """Those of the gradients, by the names of the parameters."""
        start = len(self.names) + len(self.layers)
        return dict(zip(self.names, self._distributions("gradients of", self.names, start), strict=True))


def _described(values: Array) -> Array:
    """Return the quantiles of some values, the mean of their absolute values, and their number."""
    values = values.astype(np.float64)
    return np.array([*np.quantile(values, LEVELS), np.abs(values).mean(), values.size])
