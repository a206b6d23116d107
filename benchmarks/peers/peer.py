"""What is asked of everybody who is measured."""

from abc import ABC, abstractmethod
from typing import ClassVar

from benchmarks.cases import Case
from whorl._core.types import Array


class Peer(ABC):
    """One way to train the network of a case on its samples.

    Parameters
    ----------
    case : Case
    X : ndarray, shape (rows, inputs)
        float32.
    y : ndarray, shape (rows,)
        Labels from 0.
    """

    learns: ClassVar[bool] = True
    """False for a yardstick that only goes through the motions."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        self.case, self.X, self.y = case, X, y

    @abstractmethod
    def train(self, epochs: int) -> list[float]:
        """Train from fresh parameters, shuffling before each epoch; return each epoch's mean loss, once all is done."""

    def predict(self, X: Array) -> Array:
        """Return the probabilities, (n, classes), of rows of float32, as a NumPy array."""
        raise NotImplementedError(f"{type(self).__name__} trains alone")
