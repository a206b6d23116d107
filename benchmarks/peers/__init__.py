"""The peers: everything that trains the reference networks. A peer's module is imported only in its worker process."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import ClassVar, Literal

from benchmarks.cases import Array, Case


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
    """False for a reference that does the arithmetic without learning."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        self.case, self.X, self.y = case, X, y

    @abstractmethod
    def train(self, epochs: int) -> list[float]:
        """Train from fresh parameters, shuffling before each epoch; return each epoch's mean loss at the end."""

    def predict(self, X: Array) -> Array:
        """Return the probabilities, (n, classes), of rows of float32, as a NumPy array."""
        raise NotImplementedError(f"{type(self).__name__} does not predict")


@dataclass(frozen=True)
class Entry:
    """A row of the table of peers.

    Parameters
    ----------
    name, title : str
        Its name on the command line, and in the tables.
    place : str
        Its class, as ``module:Class`` within `benchmarks.peers`.
    needs : tuple of str
        The modules that must be installed.
    role : "whorl", "peer" or "reference"
        A reference shows what is possible, and is not counted as a competitor. The page compares all with each whorl.
    environment : mapping of str to str
        Environment variables of its process.
    """

    name: str
    title: str
    place: str
    needs: tuple[str, ...] = ()
    role: Literal["whorl", "peer", "reference"] = "peer"
    environment: Mapping[str, str] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Return why it cannot run here, or None if it can."""
        for module in self.needs:
            if find_spec(module) is None:
                return f"{module} is not installed"
        return None

    def load(self) -> type[Peer]:
        """Import its class."""
        module, _, name = self.place.partition(":")
        peer: type[Peer] = getattr(import_module(f"benchmarks.peers.{module}"), name)
        return peer


PEERS = {
    entry.name: entry
    for entry in (
        Entry("whorl", "whorl, NumPy alone", "ours:Whorl", role="whorl"),
        Entry("whorl-fast", "whorl[fast]", "ours:Fast", ("numba",), role="whorl"),
        Entry("matmul", "matrix products alone", "plain:Products", role="reference"),
        Entry("straight", "straight-line NumPy", "plain:Straight", role="reference"),
        Entry("torch", "PyTorch eager", "pytorch:Eager", ("torch",)),
        Entry("torch-loader", "PyTorch, DataLoader", "pytorch:Loader", ("torch",)),
        Entry("torch-compile", "PyTorch, torch.compile", "pytorch:Compiled", ("torch",)),
        Entry("jax-step", "JAX, jitted step", "jax_jit:Step", ("jax",)),
        Entry("jax-scan", "JAX, epoch in one scan", "jax_jit:Scan", ("jax",)),
        Entry("keras", "Keras on JAX", "keras_jax:Keras", ("keras", "jax"), environment={"KERAS_BACKEND": "jax"}),
        Entry("sklearn", "scikit-learn", "scikit_learn:Classifier", ("sklearn",)),
    )
}
"""By name."""
