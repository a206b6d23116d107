"""The training loop: epochs, records and callbacks. The training step is in `step.py`."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from whorl import schedules
from whorl._core.memory import keep_freed_memory
from whorl._core.monitor import check_column
from whorl.layers import chain
from whorl.metrics import Metric, named
from whorl.passes import Predict, predict
from whorl.stack import Stack
from whorl.training import guard, saving
from whorl.training.callbacks import Callback, epoch_ended, listening, remembered, stepped, wait
from whorl.training.chunk import Chunk
from whorl.training.data import Samples
from whorl.training.group import SINGLE, Group
from whorl.training.history import Epoch, Step
from whorl.training.options import Options, batch_size, callback_list
from whorl.training.preparing import training_data
from whorl.training.read_ahead import ReadAhead
from whorl.training.state import EpochState, TrainingState
from whorl.training.step import Engine, NumPySteps

Choose: TypeAlias = "Callable[[Training], tuple[Engine | None, str]]"


class Training:
    """A training run, created by `Model.training`: iterating over it trains the model, one epoch per iteration.

    Between two iterations you can use, change or save the model, or leave the loop. Another loop then continues where the
    last one stopped, also in the middle of an epoch.

    Attributes
    ----------
    model, options, state : Model, Options, TrainingState
    train, validation : Samples
        The data after the split; `validation` is None without validation data.
    batch_size : int
        Samples per batch.
    engine, engine_name : Engine, str
        What takes the steps; and in words which engine it is, and why.
    group : Group
        The processes that train together.
    """

    model: Stack
    options: Options
    train: Samples
    validation: Samples | None
    state: TrainingState
    engine_name: str
    group: Group = SINGLE
    interruption: Sequence[BaseException] = ()

    def __init__(
        self, model: Stack, X: Any, y: Any, options: Options, choose: Choose | None = None, group: Group = SINGLE
    ) -> None:
        self.model, self.options, self.group = model, options, group
        rng = group.generator(options.rng)
        self.metrics: dict[str, Metric] = named(options.metrics)
        self.callbacks: tuple[Callback, ...] = callback_list(options.callbacks)
        self.train, self.validation = training_data(model, X, y, options, self.metrics, rng)
        self.means: dict[str, Metric] = self.train.means(self.metrics)
        self.batch_size: int = batch_size(options, len(self.train))
        self.resumed: bool = options.resume is not None
        for name in schedules.monitored(rate := options.optimizer.learning_rate):
            check_column(name, self.columns()[:-1])  # the learning rate itself depends on it
        if options.resume is not None:
            saving.resume(options.resume, model, self.restore)
        elif options.state is None:
            memory, schedule = options.optimizer.start(model.parameters), schedules.begin(rate)
            self.state = TrainingState(model.parameters, model.statistics, memory, schedule, rng)
        else:
            self.restore(options.state)
        group.begin(self)
        self.choose = choose
        self._start_engine()

    def _start_engine(self) -> None:
        self.reader: ReadAhead | None = self.train.reader(self.batch_size * self.options.accumulate)
        engine, self.engine_name = (None, "NumPy") if self.choose is None else self.choose(self)
        self.engine: Engine = engine or NumPySteps(self)

    # For copy.deepcopy and pickle: a copy has an engine of its own, the vectors of its model, and trains in one process.

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in {"engine", "reader", "group"}}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self.state.parameters, self.state.statistics = self.model.parameters, self.model.statistics
        self._start_engine()

    def restore(self, state: TrainingState) -> None:
        """Continue from a training state, with bit-identical results.

        Parameters
        ----------
        state : TrainingState
            The state of a run with an equal model and optimizer. It is copied, and its parameters and statistics are copied
            into the model; but if it is a state of this model itself, and no copy, the model keeps its current values.
        """
        model = self.model
        state.check(model.parameters, model.statistics, self.options.optimizer.start(model.parameters), len(self.train))
        if state.parameters is not model.parameters:
            state = state.copy()
            model.parameters, model.statistics = state.parameters, state.statistics
            state.parameters, state.statistics = model.parameters, model.statistics
        memory = schedules.begin(self.options.optimizer.learning_rate)
        if vars(memory).keys() != vars(state.schedule).keys():  # from another kind of schedule
            state.schedule = memory
        self.state = state

    def __iter__(self) -> Iterator[Epoch]:
        """Train, and yield a record after each epoch."""
        return self._run(self._epoch)

    def steps(self) -> Iterator[Step]:
        """Train, and yield a record after each step; the last one of an epoch holds the record of the epoch."""
        return self._run(self._epoch_step)

    def blocks(self) -> Iterator[object]:
        """Train, and yield after each epoch, or after several if the engine takes them together."""
        return self._run(self._epoch, self.engine.take_epochs)

    def _run(self, advance: Callable[[], object], faster: Callable[[], object] | None = None) -> Iterator[Any]:
        """Call the function that advances the training again and again, or the faster one where that is possible."""
        history = self.state.history
        stays = self.resumed and self.state.current is None  # what was stopped within an epoch goes on
        history.stopped, history.engine = history.stopped if stays else None, self.engine_name
        self.resumed, self.model.uncertainty = False, None  # which was learned with other parameters
        with self.group.running(), listening(self.callbacks, self, history), self.reader or nullcontext():
            while self.state.epoch < self.options.epochs and not self.group.stopped(history):
                with self.group.uninterrupted() as self.interruption:
                    record = (faster is not None and faster()) or advance()
                if record is not None:
                    yield record

    def _epoch(self) -> Epoch | None:
        """Take the remaining steps of this epoch, and return its record; None if something ends it early."""
        with np.errstate(over="ignore", invalid="ignore"):  # `guard` looks at the results
            while self.begin_epoch().samples < len(self.train) and not self.ending():
                loss, _ = self.engine.take(wait((each.every_steps for each in self.callbacks), self.state.step))
                if not math.isfinite(loss):
                    guard.repeat(self)
                elif self.callbacks:
                    stepped(self.callbacks, self, self.state.history)
            self._check_ending()
        return self._end_epoch()

    def _epoch_step(self) -> Step | None:
        """Take the next step of this epoch, and return its record; None if it fails and is not to be skipped."""
        begin, before, rate = self.begin_epoch().samples, self.state.step, self.learning_rate()
        with np.errstate(over="ignore", invalid="ignore"):
            loss, penalty = self.engine.take(1)
        if not math.isfinite(loss):
            loss, penalty = guard.repeat(self, last=self.state.step)
        else:
            stepped(self.callbacks, self, self.state.history)
        self._check_ending()
        count, taken = self.begin_epoch().samples - begin, self.state.step > before
        return Step(self.state.step, count, loss, penalty, rate, self._end_epoch()) if taken else None

    def ending(self) -> bool:
        """Whether a callback stops training, or Ctrl-C was pressed."""
        return self.group.ending(self.state.history, interrupted=bool(self.interruption))

    def _check_ending(self) -> None:
        """If training ends within an epoch, see that it leaves finite numbers: the loss does not show what the last step did."""
        if self.ending() and not guard.sound(self):
            guard.repeat(self, last=self.state.step)

    def begin_epoch(self) -> EpochState:
        """Return the state of the current epoch; start a new epoch if there is none."""
        state, model = self.state, self.model
        if state.current is None:
            keep_freed_memory()
            before, rng_before = state.snapshot(), state.rng.bit_generator.state
            chain.adapt(model.layers, self.train.x, model.p, state.rng)
            if state.stepped is not None:  # between epochs, the model has the averaged parameters
                average = self.options.optimizer.average(state.optimizer)
                assert average is not None
                if np.array_equal(model.parameters, average):
                    model.set_unfrozen(state.stepped)
                else:  # the user has changed the model: continue from its new values
                    average[...] = model.parameters
                state.stepped = None
            order = self.train.order(state.rng)  # shuffle indices, not data
            state.current = EpochState(order, before, rng_before)
        return state.current

    def upcoming(self) -> Samples | Chunk:
        """Return the samples that the next step finds its batches in: all, or those that have been read from files."""
        return self.train if self.reader is None else self.reader.upcoming(self.begin_epoch())

    def _end_epoch(self) -> Epoch | None:
        """Complete the epoch, and return its record; None if it has steps left."""
        if self.begin_epoch().samples == len(self.train) and not guard.sound(self):
            guard.repeat(self)
        current, state, model, optimizer = self.begin_epoch(), self.state, self.model, self.options.optimizer
        if current.samples < len(self.train):
            return None
        begun, count = time.perf_counter(), current.samples - current.skipped
        values = {"loss": current.loss / count, "penalty": current.penalty / count}
        average = optimizer.average(state.optimizer)
        if average is not None and state.stepped is None:  # else this was interrupted, and is repeated
            state.stepped = model.parameters.copy()
            model.set_unfrozen(average)
            average[...] = model.parameters
        validation = self._measure(self.validation, self.group.predict) if self.validation else {}
        if not math.isfinite(validation.get("loss", 0.0)):
            guard.fail_validation(self, validation["loss"])
            return None
        values |= current.metrics(self.metrics, self.means)
        values |= {f"val_{name}": value for name, value in validation.items()}
        epoch = self.record(values, current.seconds + time.perf_counter() - begun)
        epoch_ended(self.callbacks, self, state.history, epoch)
        return epoch

    def record(self, values: dict[str, float], seconds: float) -> Epoch:
        """Count an epoch, whose steps have been taken, and add these values to the history."""
        state, rate = self.state, self.options.optimizer.learning_rate
        state.epoch, state.current = state.epoch + 1, None
        schedules.observe(rate, values, state.schedule)
        epoch = Epoch(state.epoch, seconds, values | {"learning_rate": self.learning_rate()})
        state.history.append(epoch)
        return epoch

    def rewind(self, before: TrainingState, rng: Mapping[str, Any], current: EpochState | None = None) -> None:
        """Return to a snapshot from before the current epoch, or within it, and to a state of the random generator."""
        model, state, before = self.model, self.state, before.snapshot()
        model.parameters, model.statistics = before.parameters, before.statistics
        state.optimizer, state.schedule, state.stepped = before.optimizer, before.schedule, before.stepped
        state.step, state.current, state.rng.bit_generator.state = before.step, current, rng

    # For callbacks, and for loops that users write.

    @property
    def epochs(self) -> int:
        """The number of epochs requested."""
        return self.options.epochs

    @property
    def epoch(self) -> int:
        """The number of completed epochs."""
        return self.state.epoch

    @property
    def step(self) -> int:
        """The number of completed steps."""
        return self.state.step

    @property
    def time(self) -> float:
        """The current time in epochs, with the part of the current one that is done."""
        current = self.state.current
        return self.state.epoch + (0.0 if current is None else current.samples / len(self.train))

    def learning_rate(self) -> float:
        """Return the current learning rate."""
        rate = self.options.optimizer.learning_rate
        return schedules.rate_at(rate, self.time, self.state.schedule) if callable(rate) else rate

    def columns(self) -> list[str]:
        """Return the names of the values recorded for each epoch."""
        measured = ["loss", "penalty", *self.metrics]
        validation = [f"val_{name}" for name in measured] if self.validation else []
        return [*measured, *validation, "learning_rate"]

    def measure(self) -> tuple[dict[str, float], dict[str, float] | None]:
        """Return loss, penalty and metrics of the current model, on the training and on the validation data.

        Before the first epoch they are those of the model at its first step, with layers such as `Standardize` fitted; the
        model remains as it is.
        """
        model, parameters, statistics = self.model, self.model.parameters.copy(), self.model.statistics.copy()
        chain.adapt(model.layers, self.train.x, model.p, copy.deepcopy(self.state.rng))
        try:
            return self._measure(self.train), self._measure(self.validation) if self.validation else None
        finally:
            model.parameters, model.statistics = parameters, statistics

    def _measure(self, data: Samples, predict: Predict = predict) -> dict[str, float]:
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that is not finite is an answer too
            return data.measure(self.model, self.options.loss, self.metrics, predict)

    def memory(self, callback: Callback) -> SimpleNamespace:
        """Return the namespace in the training state where a callback keeps its data."""
        return remembered(self.state.callbacks, self.callbacks, callback)
