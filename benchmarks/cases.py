"""What is measured: six reference networks, each with its batch, its optimizer, and data to learn from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from whorl._core.types import Array

MOMENTUM = 0.9
"""Of all that train with SGD. Adam has everybody's defaults: 0.9, 0.999 and 1e-8."""


@dataclass(frozen=True)
class Case:
    """A network and its training: dense layers, with ReLU and then dropout between them, softmax and cross-entropy.

    Parameters
    ----------
    name : str
    sizes : tuple of int
        Inputs, hidden units of each layer, classes.
    batch : int
        Samples a step.
    steps : int
        Steps an epoch: all batches are whole, so that everybody takes the same ones.
    optimizer : "sgd" or "adam"
    learning_rate : float
        Constant.
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
"""By name; ``wide`` is there to show where small ends."""


def samples(case: Case, seed: int = 0) -> tuple[Array, Array]:
    """Draw X, (rows, inputs) in float32, and labels y, (rows,): the largest of some linear scores, with noise on them.

    The noise matters: what can be learned to the last sample has gradients that fade into numbers too small for the
    processor to be quick with, and that is not what is to be measured.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((case.rows, case.sizes[0]), np.float32)
    teacher = rng.standard_normal((case.sizes[0], case.sizes[-1]), np.float32) / case.sizes[0] ** 0.5
    scores = X @ teacher + 0.5 * rng.standard_normal((case.rows, case.sizes[-1]), np.float32)  # (rows, classes)
    return X, scores.argmax(axis=1)
