"""One training that can be stepped forwards and back, with weights that can be edited."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np

from whorl.layers import chain
from whorl.model import Model
from whorl.playground.configuration import Configuration
from whorl.playground.curves import Curves
from whorl.playground.problem import Problem
from whorl.playground.states import States
from whorl.playground.tables import Upload
from whorl.training import Epoch, Step, Training, TrainingState

Unit = Literal["batch", "epoch"]

APART = 0.05
"""Seconds between saved states in a training that runs."""
RECORDS = 10_000
"""The most records of epochs in the history; then every second one of the older half is dropped."""


class Edited(NamedTuple):
    """A weight or bias that was set by hand, after so many steps."""

    step: int
    name: str
    place: tuple[int, ...]
    value: float


class Run:
    """A training under control.

    Parameters
    ----------
    configuration : Configuration
    uploads : iterable of Upload, optional
        The tables that the configuration may name.

    Attributes
    ----------
    problem : Problem
        The data, and what they are trained with.
    model : Model
    training : Training
    edits : list of Edited
        The weights that were set by hand, in order.
    states : States
        What can be returned to.
    curves : Curves
    stopped : str or None
        Why training has stopped, if it has.
    diverged : bool
        Whether that is because a number became infinite or NaN.
    seconds : float
        The time that the steps have taken.
    version : int
        Changes whenever the state does.

    Raises
    ------
    ConfigurationError
    """

    def __init__(self, configuration: Configuration, uploads: Iterable[Upload] = ()) -> None:
        self.configuration: Configuration = configuration
        self.problem: Problem = Problem.read(configuration, uploads)
        self.model: Model = self.problem.model()
        self.training: Training = self.problem.training(self.model)
        self.edits: list[Edited] = []
        self.states: States = States()
        self.states.add(self.training.state)
        self.curves: Curves = Curves(self.training.columns())
        self.stopped: str | None = None
        self.diverged: bool = False
        self.seconds: float = 0.0
        self.version: int = 0
        self._records: Iterator[Epoch | Step] = iter(())
        self._unit: Unit | None = None  # of the records; None if they have ended
        self._saved = time.monotonic()

    @property
    def upload(self) -> Upload | None:
        """The table that is trained on, if it is one."""
        return self.problem.upload

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps of an epoch."""
        return -(-len(self.training.train) // self.training.batch_size)

    def advance(self, unit: Unit) -> Epoch | Step | None:
        """Take one step, or the rest of the epoch; return its record, or None if training stops instead, see `stopped`."""
        self.version += 1
        self.stopped, self.diverged = None, False
        if self._unit != unit:
            self._records, self._unit = iter(self.training), unit
            if unit == "batch":
                self._records = self.training.steps()
        begun, history = time.perf_counter(), self.training.state.history
        try:
            record = next(self._records, None)
        except Exception as error:  # noqa: BLE001  # whatever a step fails with is shown in the page
            self._leave()
            self.stopped = str(error)
            return None
        finally:
            self.seconds += time.perf_counter() - begun
        epoch = record.epoch if isinstance(record, Step) else record
        if epoch is not None:
            self.curves.add(epoch)
            if len(history.epochs) > RECORDS:
                del history.epochs[: RECORDS // 2 : 2]
        self.stopped = history.stopped
        self.diverged = self.stopped is not None and epoch is None  # a goal is reached at the end of an epoch
        if self.diverged:
            self._keep_edits()
        elif record is None:
            self.stopped = f"all {self.training.epochs:,} epochs are done"
        if self.stopped is not None:
            self._leave()
        return None if self.diverged else record

    def _keep_edits(self) -> None:
        """Take the steps of this epoch again if a weight was edited within it: training has undone that when it looked for the failure."""
        state, stopped = self.training.state, self.stopped
        begun = state.step if state.current is None else state.current.before.step
        if self.edits and self.edits[-1].step > begun:
            self.back(state.step)
            self.stopped, self.diverged = stopped, True

    def save(self, *, now: bool = False) -> None:
        """Save the current state, if the last one that was saved is old enough, or `now`."""
        if now or time.monotonic() - self._saved > APART:
            self.states.add(self.training.state)
            self._saved = time.monotonic()

    def back(self, step: int, ended: Callable[[], bool] = lambda: False) -> None:
        """Return to the state after a step; later edits are undone.

        The steps since the last saved state before it are taken again, unless `ended` returns True.
        """
        if step > self.training.step:
            raise ValueError(f"the step must be at most {self.training.step}, the current one, got {step}")
        self.edits = [each for each in self.edits if each.step <= step]
        state = self.states.before(step)
        self._restore(state)
        again = [each for each in self.edits if each.step > state.step]
        while self.training.step < step and not ended():
            end = again[0].step if again else step
            whole = self.training.state.current is None and end - self.training.step >= self.steps_per_epoch
            if self.advance("epoch" if whole else "batch") is None:
                break
            while again and again[0].step == self.training.step:
                self._set(again.pop(0))
                self._leave()
            self.save()
        self.save(now=True)
        self.stopped, self.diverged = None, False

    def edit(self, name: str, index: tuple[int, ...], value: float) -> None:
        """Set one weight or bias."""
        arrays = self.model.named_parameters()
        if name not in arrays:
            raise ValueError(f"there is no parameter {name!r}; there are {', '.join(arrays)}")
        shape = arrays[name].shape
        if len(index) != len(shape) or any(i >= size for i, size in zip(index, shape, strict=True)):
            raise ValueError(f"the index must be one of {name}, whose shape is {shape}, got {index}")
        edited, before = Edited(self.training.step, name, index, value), float(arrays[name][index])
        self._set(edited)
        if not np.isfinite(self.training.measure()[0]["loss"]):
            self._set(edited._replace(value=before))
            raise ValueError(f"with {value:g} for {name}{list(index)}, the loss would not be finite")
        self._leave()
        self.edits.append(edited)
        self.version += 1
        self.stopped, self.diverged = None, False
        self.save(now=True)

    def model_at(self, state: TrainingState) -> Model:
        """Return a copy of the model as it was in a state; before the first step, with layers such as `Standardize` fitted."""
        model = copy.deepcopy(self.model)
        model.parameters, model.statistics = state.parameters, state.statistics
        if state.step == 0:
            chain.adapt(model.layers, self.training.train.x, model.p, copy.deepcopy(state.rng))
        return model

    def _set(self, edited: Edited) -> None:
        self.model.named_parameters()[edited.name][edited.place] = edited.value

    def _restore(self, state: TrainingState) -> None:
        self._leave()
        records = [each for each in self.training.state.history.epochs if each.number <= state.epoch]
        self.training.restore(state)
        self.training.state.history.epochs[:] = records
        self.curves.back(state.epoch)
        self.stopped, self.diverged = None, False
        self.version += 1

    def _leave(self) -> None:
        """End the loop, since it has ended or cannot go on with another state."""
        self._records, self._unit = iter(()), None
