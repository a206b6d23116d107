"""What an optimizer is: how to step once the gradient is known. Each is a few lines over two flat vectors.

Letters: p parameters, g gradients, lr learning rate, t the number of the step, from 1.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping

from whorl._core import validation
from whorl._core.description import Configured
from whorl._core.types import Array

LearningRate = float | Callable[[float], float]

BLOCK = 65536
"""Elements of a vector worked on at a time: few enough for all their arrays to stay in the processor's cache."""


class Optimizer(Configured, ABC):
    """Base of all optimizers.

    An optimizer made by its constructor is a recipe; what it remembers from step to step (`SGD`'s velocity) comes
    with the first step. Training works on a twin of its own, so one recipe serves any number of models.

    Parameters
    ----------
    learning_rate : float or callable
        The learning rate, at least 0; or a schedule, or any function from the time in epochs to it.
    """

    batch_size: int | None = 32
    """Samples a step where nobody says how many; None for all of them."""

    average: Array | None = None
    """What the model is to take for its parameters between epochs, if not those that the steps have come to."""

    def __init__(self, learning_rate: LearningRate) -> None:
        if isinstance(learning_rate, type):
            raise TypeError(
                f"learning_rate must be a number or a schedule, got the class {learning_rate.__name__} itself"
            )
        if not callable(learning_rate):
            learning_rate = validation.number("learning_rate", learning_rate, minimum=0)
        self.learning_rate = learning_rate

    def rate(self, epoch: float) -> float:
        """Return the learning rate after so many epochs; raise ValueError if a schedule gives none that is usable."""
        rate = self.learning_rate
        if callable(rate):
            rate = float(rate(epoch))
            if not 0 <= rate < math.inf:
                raise ValueError(
                    f"the schedule must give a finite rate of at least 0, but at epoch {epoch:g} it is {rate}"
                )
        return rate

    @property
    def watched(self) -> tuple[str, ...]:
        """The results of training that the learning rate depends on, by name; none for a function of time alone."""
        return tuple(getattr(self.learning_rate, "watched", ()))

    def observe(self, values: Mapping[str, float]) -> None:
        """Show the results of an epoch, by name, to a schedule that wants to see them."""
        if hasattr(self.learning_rate, "observe"):
            self.learning_rate.observe(values)

    @abstractmethod
    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        """Change `parameters` in place, downhill.

        Parameters
        ----------
        parameters, gradients : ndarray, shape (P,)
            The flat vectors. The gradients are only read.
        learning_rate : float
            The rate for this step.
        """

    def advance(
        self, parameters: Array, gradients: Array, learning_rate: float, loss: float, evaluate: Callable[[], float]
    ) -> None:
        """Take a step, with the means to ask for more than one gradient; but for `LBFGS`, it is just `step`.

        Parameters
        ----------
        parameters, gradients, learning_rate
            As in `step`.
        loss : float
            The loss at the parameters.
        evaluate : callable
            Returns the loss at what the parameters are by then, and fills the gradients.
        """
        self.step(parameters, gradients, learning_rate)


def blocks(*vectors: Array) -> Iterator[tuple[Array, ...]]:
    """Cut vectors of one length into stretches that fit the cache, so that many passes cost about one."""
    for start in range(0, len(vectors[0]), BLOCK):
        yield tuple(vector[start : start + BLOCK] for vector in vectors)
