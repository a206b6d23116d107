"""From a configuration to what it describes: data, network and training. The exported script says the same as text.

Letters: n samples, d inputs of the network, k classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl import losses, optimizers
from whorl._core.notation import concrete, parse_one
from whorl._core.types import Array
from whorl.header import KNOWN
from whorl.layers import Layer
from whorl.losses import Elementwise, Loss
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.playground import limits
from whorl.playground.configuration import Configuration, Table
from whorl.playground.data import Data, draw
from whorl.playground.limits import ConfigurationError, at
from whorl.playground.tables import Upload
from whorl.training import StopAt, Training

LOSSES = concrete(losses, Loss)
OPTIMIZERS = {**KNOWN, **concrete(optimizers, Optimizer)}


@dataclass(frozen=True, eq=False)
class Problem:
    """What a configuration describes.

    Parameters
    ----------
    configuration : Configuration
    upload : Upload or None
        The table that it was made of, if it was.
    data : Data
        The points, and the inputs of the network.
    layers : tuple of Layer
    loss : Loss
    optimizer : Optimizer
    X : ndarray, shape (n, d)
        The inputs of the network.
    y : ndarray, shape (n,) or (n, k)
        The labels; or one-hot rows, which losses such as `MeanSquaredError` need if there is an output for each class.
    """

    configuration: Configuration
    upload: Upload | None
    data: Data
    layers: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer
    X: Array
    y: Array

    @classmethod
    def read(cls, configuration: Configuration, uploads: Iterable[Upload] = ()) -> Problem:
        """Return what a configuration describes; raise ConfigurationError if it cannot be trained."""
        upload = None
        if isinstance(configuration.data, Table):
            upload = next((each for each in uploads if each.digest == configuration.data.digest), None)
            if upload is None:
                raise ConfigurationError("there is no such table any more: upload it again", "$.data.digest")
        data = draw(configuration, upload)
        layers = _layers(configuration.layers)
        with at("$.loss"):
            loss = parse_one(configuration.loss, LOSSES, Loss)
        with at("$.optimizer"):
            optimizer = parse_one(configuration.optimizer, OPTIMIZERS, Optimizer)
        outputs = limits.check(layers, optimizer, len(data.inputs), len(data.X), configuration.batch_size)
        k, last = len(data.classes), f"$.layers[{len(layers) - 1}]"
        y = np.eye(k)[data.labels] if isinstance(loss, Elementwise) and outputs == (k,) else data.labels
        single = isinstance(loss, Elementwise) and outputs == (1,) and k == 2
        if outputs != (k,) and not single:
            raise ConfigurationError(
                f"the last layer must have {k} outputs, one for each class, got {' × '.join(map(str, outputs))}", last
            )
        problem = cls(configuration, upload, data, layers, loss, optimizer, data.X, y)
        with (
            at(last),
            np.errstate(all="ignore"),
        ):  # the loss may not fit the last layer, as CrossEntropy() without Softmax()
            problem.model().evaluate(problem.X[:32], problem.y[:32], loss=loss)
        return problem

    @property
    def stops(self) -> list[StopAt]:
        """The callbacks of the stop conditions."""
        stop, prefix = self.configuration.stop, "val_" if self.configuration.validation else ""
        goals = {"accuracy": stop.accuracy, "loss": stop.loss}
        return [StopAt(f"{prefix}{name}", goal) for name, goal in goals.items() if goal is not None]

    def model(self) -> Model:
        """Return the network before training."""
        with at("$.layers"):
            model = Model(self.layers, inputs=len(self.data.inputs), rng=self.configuration.seed)
        model.preparation = self.data.preparation
        return model

    def training(self, model: Model) -> Training:
        """Return the training of a model."""
        configuration = self.configuration
        arguments: dict[str, Any] = {
            "loss": self.loss,
            "optimizer": self.optimizer,
            "epochs": configuration.stop.epochs,
            "batch_size": None if self.optimizer.batch_size is None else configuration.batch_size,  # None takes all
            "validation": configuration.validation or None,
            "metrics": ["accuracy"],
            "callbacks": self.stops,
            "rng": configuration.seed,
            "on_divergence": "stop",
            "fast": configuration.compiled,
        }
        try:
            return model.training(self.X, self.y, **arguments)
        except (ValueError, ImportError) as error:
            field = "$.compiled" if str(error).startswith("fast=True") else "$.validation"
            raise ConfigurationError(str(error), field) from error


def _layers(texts: tuple[str, ...]) -> tuple[Layer, ...]:
    found = []
    for i, text in enumerate(texts):
        with at(f"$.layers[{i}]"):
            found.append(parse_one(text, KNOWN, Layer))
    return tuple(found)
