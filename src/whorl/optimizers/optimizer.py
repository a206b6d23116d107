"""What an optimizer is: how to step once the gradient is known. Each is a few lines over two flat vectors.

Letters: p parameters, g gradients, lr learning rate, t the number of the step, from 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import NamedTuple, TypeAlias

from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl._core.validation import learning_rate

LearningRate: TypeAlias = float | Callable[[float], float]
State: TypeAlias = SimpleNamespace

BLOCK = 65536
"""Elements of a vector to work on at a time: few enough for all their arrays to stay in the processor's cache."""


class Objective(NamedTuple):
    """The function to minimize, for optimizers that evaluate it more than once in a step.

    Parameters
    ----------
    loss : float
        Its value at the parameters.
    evaluate : callable
        Returns its value at what the parameters are by then, and fills the gradients.
    """

    loss: float
    evaluate: Callable[[], float]


class Optimizer(Description, ABC):
    """Base of all optimizers.

    An optimizer is an immutable description, which any number of trainings can share. What it remembers from step to
    step, such as a velocity, lies in a namespace that `start` makes and `step` changes: the training state holds it.

    Parameters
    ----------
    learning_rate : float or callable
        The learning rate, at least 0; or a schedule, or any function from the time in epochs to it.
    """

    learning_rate: LearningRate = argument(learning_rate)

    @property
    def batch_size(self) -> int | None:
        """Default number of samples a step; None for all of them."""
        return 32

    def start(self, parameters: Array) -> State:
        """Return what the optimizer remembers before its first step.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            The vector that the steps will change.
        """
        return State()

    @abstractmethod
    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        """Change `parameters` in place, downhill.

        Parameters
        ----------
        parameters, gradients : ndarray, shape (P,)
            The flat vectors. The gradients are only read.
        state : namespace
            What the optimizer remembers; changed in place.
        learning_rate : float
            The rate for this step.
        objective : Objective, optional
            For optimizers that search along a line: the others need the gradient alone.
        """

    def settle(self, parameters: Array, state: State) -> None:
        """Take note of the parameters after a step, once frozen layers and constraints have been applied to them."""

    def average(self, state: State) -> Array | None:
        """Return what the model takes for its parameters between epochs, if not those that the steps have come to."""
        return None


def blocks(*vectors: Array) -> Iterator[tuple[Array, ...]]:
    """Cut vectors of one length into stretches that fit the cache, so that many passes cost about one.

    Examples
    --------
    >>> import numpy as np
    >>> [len(p) for p, g in blocks(np.zeros(100_000), np.zeros(100_000))]
    [65536, 34464]
    """
    for start in range(0, len(vectors[0]), BLOCK):
        yield tuple(vector[start : start + BLOCK] for vector in vectors)
