"""The training state: everything that training keeps from step to step, in one object."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import all_finite
from whorl.metrics import Metric
from whorl.metrics.running import add_means, averaged
from whorl.training.history import History
from whorl.training.orders import Order


@dataclass(eq=False)
class EpochState:
    """The state of the current epoch.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        The indices of the samples, in the order of this epoch.
    before : TrainingState
        A snapshot from before the epoch, restored if training diverges or a step is interrupted.
    rng_before : mapping
        The state of the bit generator before the epoch.
    samples, skipped : int
        Number of samples used so far, and how many of them were in steps that failed and were skipped.
    loss, penalty : float
        Sums over the samples that were not skipped.
    seconds : float
        Duration of the steps so far.
    predictions : list of tuple
        Targets and predictions of each step, for the metrics.
    sums : dict of str to float
        The metrics that are added up instead, of data in files.
    """

    order: Order
    before: TrainingState
    rng_before: Mapping[str, Any]
    samples: int = 0
    skipped: int = 0
    loss: float = 0.0
    penalty: float = 0.0
    seconds: float = 0.0
    predictions: list[tuple[Array, Array]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)

    def batches(self, size: int, count: int) -> list[Array]:
        """Return the indices of the next batches: `count` batches of this size, or fewer at the end of the epoch."""
        rows = self.order[self.samples : self.samples + size * count]
        return [rows] if count == 1 else [rows[start : start + size] for start in range(0, len(rows), size)]

    def add(self, count: int, loss: float, penalty: float) -> None:
        """Record a step on so many samples."""
        self.loss += count * loss
        self.penalty += count * penalty
        self.samples += count

    def measure(
        self, target: Array, prediction: Array, metrics: Mapping[str, Metric], means: Mapping[str, Metric]
    ) -> None:
        """Record the predictions of some steps for the metrics, those that are added up apart."""
        if means and all_finite(prediction):  # otherwise the epoch fails
            add_means(self.sums, means, target, prediction)
        if len(means) < len(metrics):
            self.predictions.append((target, prediction))

    def metrics(self, metrics: Mapping[str, Metric], means: Mapping[str, Metric]) -> dict[str, float]:
        """Return the metrics of the epoch."""
        added = averaged(self.sums, means, self.samples - self.skipped)
        if len(added) == len(metrics):  # or there are none
            return added
        target, prediction = (np.concatenate(part) for part in zip(*self.predictions, strict=True))
        return {
            name: added[name] if name in added else float(each(target, prediction)) for name, each in metrics.items()
        }

    def copy(self) -> EpochState:
        """Return a copy; what never changes is shared with it."""
        return replace(self, predictions=self.predictions.copy(), sums=self.sums.copy())


@dataclass(eq=False)
class TrainingState:
    """Everything that training keeps from step to step.

    Layers, losses, optimizers, schedules and callbacks have no state of their own. So training can return to a copy of this
    object, and continue from it with bit-identical results (`Training.restore`).

    Parameters
    ----------
    parameters, statistics : ndarray
        The vectors of the model; in a copy of the state, copies of them.
    optimizer : namespace
        The state of the optimizer, from `Optimizer.start`.
    schedule : namespace
        The state of the learning rate schedule.
    rng : Generator
        Draws the order of the samples and the dropout masks.
    stepped : ndarray or None
        Between epochs, the parameters after the last step, if the optimizer gave the model their average.
    epoch, step : int
        Numbers of completed epochs and steps.
    current : EpochState or None
        The current epoch; None between epochs.
    history : History
        The records of the epochs.
    callbacks : list of namespace
        The data of each callback.
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
        return replace(
            self.snapshot(),
            rng=copy.deepcopy(self.rng),
            current=None if self.current is None else self.current.copy(),
            history=self.history.copy(),
            callbacks=[_copied(memory) for memory in self.callbacks],
        )

    def __repr__(self) -> str:
        within = f" and {self.current.samples} samples of the next" if self.current else ""
        return f"<TrainingState after {self.epoch} epochs{within}, {self.step} steps>"

    def snapshot(self) -> TrainingState:
        """Return a copy of what the steps change: parameters, statistics, and what optimizer and schedule keep."""
        return replace(
            self,
            parameters=self.parameters.copy(),
            statistics=self.statistics.copy(),
            optimizer=_copied(self.optimizer),
            schedule=_copied(self.schedule),
            stepped=None if self.stepped is None else self.stepped.copy(),
        )

    def check(self, parameters: Array, statistics: Array, optimizer: SimpleNamespace, samples: int) -> None:
        """Raise ValueError unless the state fits these vectors, this optimizer state and this number of samples."""
        for name, own, other in (
            ("parameters", self.parameters, parameters),
            ("statistics", self.statistics, statistics),
        ):
            if own.shape != other.shape or own.dtype != other.dtype:
                raise ValueError(
                    f"state must fit this model, whose {name} have shape {other.shape} and type {other.dtype},"
                    f" got {own.shape} and {own.dtype}"
                )
        for each in (self, self.current.before) if self.current else (self,):
            if _names(each.optimizer) != _names(optimizer):
                raise ValueError(
                    f"state must come from the same kind of optimizer, with the values {_names(optimizer)},"
                    f" got {_names(each.optimizer)}"
                )
        self._check_arrays(optimizer)
        if self.current is not None and len(self.current.order) != samples:
            raise ValueError(
                f"state is in the middle of an epoch over {len(self.current.order)} samples, got {samples} samples"
            )

    def _check_arrays(self, optimizer: SimpleNamespace) -> None:
        """Raise ValueError unless all arrays have the shapes and types that compiled code will expect."""
        pairs = {"stepped": (self.stepped, self.parameters), **_pairs(self.optimizer, optimizer, self.parameters)}
        if self.current is not None:
            before, order = self.current.before, self.current.order
            count = order.size if isinstance(order, np.ndarray) else len(order)
            samples: Any = self.current.samples
            if not isinstance(samples, int) or not 0 <= samples <= count:
                raise ValueError(f"state must have used 0 to {count} samples of its epoch, got {samples!r}")
            found = {
                "order": (
                    order if isinstance(order, np.ndarray) else np.empty(count, np.int64),
                    np.empty(count, np.int64),
                ),
                "before.parameters": (before.parameters, self.parameters),
                "before.statistics": (before.statistics, self.statistics),
                "before.stepped": (before.stepped, self.parameters),
            }
            inner = _pairs(before.optimizer, optimizer, self.parameters)
            pairs |= found | {f"before.{name}": pair for name, pair in inner.items()}
        for name, (own, expected) in pairs.items():
            optional = name.endswith(("stepped", "average"))
            if not (own is None and optional) and not _alike(own, expected):
                raise ValueError(f"state must have {name} with shape {expected.shape} and type {expected.dtype}")

    def arrays(self) -> Iterator[Array]:
        """Yield the vectors of the model and the arrays of the optimizer."""
        yield self.parameters
        yield self.statistics
        yield from _arrays(self.optimizer)


def _copied(memory: Any) -> Any:
    """Copy arrays, namespaces, lists and dicts; everything else is immutable and shared."""
    if isinstance(memory, np.ndarray):
        return memory.copy()
    if isinstance(memory, SimpleNamespace):
        return SimpleNamespace(**{name: _copied(value) for name, value in vars(memory).items()})
    if isinstance(memory, dict):
        return {name: _copied(value) for name, value in memory.items()}
    return [_copied(each) for each in memory] if isinstance(memory, list) else memory


def _alike(a: Any, b: Array) -> bool:
    return isinstance(a, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype and a.flags.c_contiguous


def _pairs(own: SimpleNamespace, fresh: SimpleNamespace, parameters: Array) -> dict[str, tuple[Any, Array]]:
    """Return the arrays of an optimizer's state, each with one that it must be like."""
    found: dict[str, tuple[Any, Array]] = {}
    for name, value in vars(fresh).items():
        other = getattr(own, name)
        if isinstance(value, SimpleNamespace) and isinstance(other, SimpleNamespace):
            found |= {f"{name}.{inner}": pair for inner, pair in _pairs(other, value, parameters).items()}
        elif isinstance(value, np.ndarray):
            found[name] = other, value
        elif isinstance(value, int | float) and (type(other) is not type(value) or not 0 <= other < 2**53):
            raise ValueError(
                f"state must have {name} as a number of type {type(value).__name__}, at least 0, got {other!r}"
            )
        elif name == "average":  # None before the first step
            found[name] = other, parameters
    return found


def _arrays(memory: Any) -> Iterator[Array]:
    if isinstance(memory, np.ndarray):
        yield memory
    elif isinstance(memory, SimpleNamespace):
        yield from _arrays(vars(memory))
    elif isinstance(memory, dict | list | tuple):
        for each in memory.values() if isinstance(memory, dict) else memory:
            yield from _arrays(each)


def _names(memory: Any) -> list[str]:
    """Return the names of the values in an optimizer's state, those of wrapped optimizers included."""
    inner = (
        f"{name}.{each}"
        for name, value in vars(memory).items()
        if isinstance(value, SimpleNamespace)
        for each in _names(value)
    )
    return [*vars(memory), *inner]
