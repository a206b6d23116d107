"""The base class of optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import NamedTuple, TypeAlias

from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl._core.validation import at, learning_rate

LearningRate: TypeAlias = float | Callable[[float], float]
State: TypeAlias = SimpleNamespace

BLOCK = 65536
"""Number of elements updated at a time: few enough for their arrays to stay in the processor's cache."""


class Objective(NamedTuple):
    """The function to minimize, for optimizers that evaluate it more than once in a step; and how its parameters decay.

    Parameters
    ----------
    loss : float
        Its value at the parameters.
    evaluate : callable
        Returns its value at the current parameters, and updates the gradients.
    epoch : float, optional
        The time in epochs, for a weight decay that follows a schedule.
    decay : float or ndarray, shape (P,), optional
        Factors of the weight decay for each parameter, which the layers declare.
    """

    loss: float
    evaluate: Callable[[], float]
    epoch: float = 0.0
    decay: Array | float = 1.0


class Optimizer(Description, ABC):
    """Base of all optimizers.

    An optimizer is an immutable description, which several training runs can share. Its memory from step to step,
    such as a velocity, is a namespace that `start` returns and `step` changes; the training state holds it.

    Parameters
    ----------
    learning_rate : float or callable
        The learning rate, at least 0; or a schedule, or any function from the time in epochs to it.
    """

    learning_rate: LearningRate = argument(learning_rate)

    @property
    def batch_size(self) -> int | None:
        """Default number of samples per step; None for all of them."""
        return 32

    def start(self, parameters: Array) -> State:
        """Return the memory of the optimizer before its first step.

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
        /,
    ) -> None:
        """Update `parameters` in place.

        Parameters
        ----------
        parameters, gradients : ndarray, shape (P,)
            The flat vectors. The gradients are only read.
        state : namespace
            The memory of the optimizer, as returned by `start`; changed in place.
        learning_rate : float
            The rate for this step.
        objective : Objective, optional
            Needed by optimizers with a line search; those with weight decay read its time and factors.
        """

    def settle(self, parameters: Array, state: State) -> None:
        """Update the memory after a step, once frozen layers are restored and constraints applied to the parameters."""

    def average(self, state: State) -> Array | None:
        """Return the parameters that the model has between epochs; None for those of the last step."""
        return None


def decay_at(weight_decay: LearningRate, objective: Objective | None) -> Array | float:
    """Return the weight decay in a step: one number, or one for each parameter."""
    epoch, factors = (0.0, 1.0) if objective is None else (objective.epoch, objective.decay)
    return factors * at("weight_decay", weight_decay, epoch, minimum=0)


def blocks(*vectors: Array) -> Iterator[tuple[Array, ...]]:
    """Yield parts of vectors of one length that fit in the cache, so that several operations cost little more than one.

    Examples
    --------
    >>> import numpy as np
    >>> [len(p) for p, g in blocks(np.zeros(100_000), np.zeros(100_000))]
    [65536, 34464]
    """
    for start in range(0, len(vectors[0]), BLOCK):
        yield tuple(vector[start : start + BLOCK] for vector in vectors)
