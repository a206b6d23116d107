"""Six reference networks, each with its batch size, its optimizer and data to learn from."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

MOMENTUM = 0.9
"""Momentum of SGD. Adam has the usual defaults everywhere: 0.9, 0.999 and 1e-8."""


@dataclass(frozen=True)
class Case:
    """A network and its training: dense layers with ReLU and dropout between them, softmax and cross-entropy.

    Parameters
    ----------
    name : str
    sizes : tuple of int
        Inputs, hidden units of each layer, classes.
    batch : int
        Samples a step.
    steps : int
        Steps an epoch: all batches are full, so that every library takes the same ones.
    optimizer : "sgd" or "adam"
    learning_rate : float
        It stays constant.
    l2 : float
        λ of a penalty λ Σ w² on the weights and biases of the first layer.
    dropout : float
        The probability to drop a hidden unit.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    steps: int
    optimizer: Literal["sgd", "adam"] = "adam"
    learning_rate: float = 0.001
    l2: float = 0.0
    dropout: float = 0.0

    @property
    def rows(self) -> int:
        """The number of samples."""
        return self.batch * self.steps

    def __str__(self) -> str:
        extras = [f"L2 {self.l2:g}"] * bool(self.l2) + [f"dropout {self.dropout:g}"] * bool(self.dropout)
        optimizer = {"sgd": f"SGD with momentum {MOMENTUM}", "adam": "Adam"}[self.optimizer]
        return ", ".join(["-".join(map(str, self.sizes)), f"batches of {self.batch}", optimizer, *extras])


CASES = {
    case.name: case
    for case in (
        Case("spiral", (2, 64, 3), 32, 75, "sgd", 0.05, l2=5e-4, dropout=0.1),
        Case("nnfs", (2, 512, 3), 128, 24, l2=5e-4, dropout=0.1),
        Case("table", (20, 256, 256, 2), 256, 40),
        Case("mnist", (784, 256, 128, 10), 128, 128),
        Case("mnist-dropout", (784, 512, 512, 10), 128, 64, dropout=0.2),
        Case("wide", (784, 2048, 2048, 10), 256, 16),
    )
}
"""By name. ``wide`` is no small network: it shows where whorl's advantage ends."""


def samples(case: Case, seed: int = 0) -> tuple[Array, Array]:
    """Draw X, (rows, inputs) in float32, and labels y, (rows,): the largest of several linear scores with noise.

    Without the noise, the gradients of a network that has learned every sample would become subnormal numbers, which are
    slow to compute with.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((case.rows, case.sizes[0]), np.float32)
    teacher = rng.standard_normal((case.sizes[0], case.sizes[-1]), np.float32) / case.sizes[0] ** 0.5
    scores = X @ teacher + 0.5 * rng.standard_normal((case.rows, case.sizes[-1]), np.float32)  # (rows, classes)
    return X, scores.argmax(axis=1)


def images(labels: Array, rng: np.random.Generator) -> Array:
    """Return random images of 28×28 bytes in rows, (n, 784), which are brighter the higher the label, from 0 to 9."""
    return rng.integers(128, size=(len(labels), 784), dtype=np.uint8) + (12 * labels[:, None]).astype(np.uint8)
