"""Who is measured, and where their code is. Nothing of a peer is imported but in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from benchmarks.peers.peer import Peer

__all__ = ["ENTRIES", "Entry", "Peer"]


@dataclass(frozen=True)
class Entry:
    """A peer, before anything of it is imported.

    Parameters
    ----------
    name, title : str
        What it is called on the command line, and in the tables.
    place : str
        Its class, as ``module:Class`` within `benchmarks.peers`.
    needs : tuple of str
        The modules that must be installed.
    role : str
        ``"whorl"``; ``"peer"``, who takes part; or ``"yardstick"``, which shows what there is to be had.
    environment : mapping of str to str
        Variables of its process.
    """

    name: str
    title: str
    place: str
    needs: tuple[str, ...] = ()
    role: str = "peer"
    environment: Mapping[str, str] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Say what keeps it from running here, if anything does."""
        for module in self.needs:
            if find_spec(module) is None:
                return f"{module} is not installed"
        return None

    def load(self) -> type[Peer]:
        """Import its class."""
        module, _, name = self.place.partition(":")
        peer: type[Peer] = getattr(import_module(f"benchmarks.peers.{module}"), name)
        return peer


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("whorl", "whorl, NumPy alone", "ours:Plain", role="whorl", environment={"WHORL_FAST": "0"}),
        Entry("whorl-fast", "whorl[fast]", "ours:Fast", ("numba",), "whorl", {"WHORL_FAST": "1"}),
        Entry("matmul", "matrix products alone", "plain:Products", role="yardstick"),
        Entry("straight", "straight-line NumPy", "plain:Straight", role="yardstick"),
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
