"""The training state: everything that a training remembers, in one object."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.training.history import History


@dataclass(eq=False)
class EpochState:
    """The epoch under way.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        The numbers of the samples in the order of this epoch.
    before : TrainingState
        What there was before it, to go back to if training diverges.
    samples : int
        How many of them the steps have taken.
    loss, penalty : float
        Sums over these samples.
    seconds : float
        Time that the steps took.
    predictions : list of tuple
        Targets and predictions of each step, for the metrics.
    """

    order: Array
    before: TrainingState
    samples: int = 0
    loss: float = 0.0
    penalty: float = 0.0
    seconds: float = 0.0
    predictions: list[tuple[Array, Array]] = field(default_factory=list)

    def batches(self, size: int, count: int) -> list[Array]:
        """Return the rows of the next batches of this size, as many as a step takes, or as are left."""
        starts = range(self.samples, min(self.samples + size * count, len(self.order)), size)
        return [self.order[start : start + size] for start in starts]

    def copy(self) -> EpochState:
        """Return a copy; what never changes is shared."""
        return EpochState(
            self.order, self.before, self.samples, self.loss, self.penalty, self.seconds, self.predictions.copy()
        )


@dataclass(eq=False)
class TrainingState:
    """Everything that a training remembers from step to step.

    Nothing else keeps state: layers, losses, optimizers, schedules and callbacks are descriptions. So a copy of it is a
    point to which training can return, and from where it goes on to the same bits (`Training.restore`).

    Parameters
    ----------
    parameters, statistics : ndarray
        The vectors of the model: in a running training the model's own, in a copy copies of them.
    optimizer : namespace
        What the optimizer remembers, by `Optimizer.start`.
    schedule : namespace
        What the learning rate remembers of results.
    rng : Generator
        Draws the order of the samples and the dropout masks.
    stepped : ndarray or None
        The parameters that the steps have come to, while the model has their average.
    epoch, step : int
        How many are done.
    current : EpochState or None
        The epoch under way.
    history : History
        The records of the epochs.
    callbacks : list of namespace
        What each callback remembers.
    """

    parameters: Array
    statistics: Array
    optimizer: SimpleNamespace
    schedule: SimpleNamespace
    rng: np.random.Generator
    stepped: Array | None = None
    epoch: int = 0
    step: int = 0
    current: EpochState | None = None
    history: History = field(default_factory=History)
    callbacks: list[SimpleNamespace] = field(default_factory=list)

    def copy(self) -> TrainingState:
        """Return a copy that further training does not change."""
        return TrainingState(
            self.parameters.copy(),
            self.statistics.copy(),
            _copied(self.optimizer),
            _copied(self.schedule),
            copy.deepcopy(self.rng),
            None if self.stepped is None else self.stepped.copy(),
            self.epoch,
            self.step,
            None if self.current is None else self.current.copy(),
            self.history.copy(),
            [_copied(memory) for memory in self.callbacks],
        )

    def check(self, parameters: Array, statistics: Array, optimizer: SimpleNamespace, samples: int) -> None:
        """Raise ValueError unless the state is one of a training with such vectors, optimizer and number of samples."""
        for name, own, other in (
            ("parameters", self.parameters, parameters),
            ("statistics", self.statistics, statistics),
        ):
            if own.shape != other.shape or own.dtype != other.dtype:
                raise ValueError(
                    f"state must be of a training of this model, whose {name} have shape {other.shape} and type {other.dtype},"
                    f" got {own.shape} and {own.dtype}"
                )
        if _names(self.optimizer) != _names(optimizer):
            raise ValueError(
                f"state must be of a training with the same kind of optimizer, which remembers {_names(optimizer)},"
                f" got one that remembers {_names(self.optimizer)}"
            )
        if self.current is not None and len(self.current.order) != samples:
            raise ValueError(
                f"state is in the middle of an epoch over {len(self.current.order)} samples, got {samples} samples"
            )

    def arrays(self) -> Iterator[Array]:
        """Yield all arrays of numbers in it, those of the optimizer included."""
        yield self.parameters
        yield self.statistics
        yield from _arrays(self.optimizer)


def _copied(memory: Any) -> Any:
    """Copy arrays, and the namespaces, lists and dicts that hold them; everything else must not change, and is shared."""
    if isinstance(memory, np.ndarray):
        return memory.copy()
    if isinstance(memory, SimpleNamespace):
        return SimpleNamespace(**{name: _copied(value) for name, value in vars(memory).items()})
    if isinstance(memory, dict):
        return {name: _copied(value) for name, value in memory.items()}
    return [_copied(each) for each in memory] if isinstance(memory, list) else memory


def _arrays(memory: Any) -> Iterator[Array]:
    if isinstance(memory, np.ndarray):
        yield memory
    elif isinstance(memory, SimpleNamespace | list | tuple):
        for each in vars(memory).values() if isinstance(memory, SimpleNamespace) else memory:
            yield from _arrays(each)


def _names(memory: Any) -> list[str]:
    """Return the names of what an optimizer remembers, those inside wrappers included."""
    inner = (
        f"{name}.{each}"
        for name, value in vars(memory).items()
        if isinstance(value, SimpleNamespace)
        for each in _names(value)
    )
    return [*vars(memory), *inner]
