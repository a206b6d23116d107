"""Take the steps of a training run with compiled kernels."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from whorl import schedules
from whorl._core.interrupts import Uninterrupted
from whorl._core.types import Array
from whorl._core.validation import all_finite
from whorl.engine.assembly import Data, Update, assemble
from whorl.engine.kernels.dropout import STATE, generator_words, skip, words
from whorl.engine.program import address
from whorl.engine.rules import UpcomingSteps, count_steps, rule, timed, unwrap
from whorl.engine.stepping import BATCH, BEGIN, COUNT, LENGTH, OPERATIONS, STEPS, TABLES
from whorl.engine.threads import Crew
from whorl.layers import chain
from whorl.training import Epoch, EpochState, RowView, Training, TrainingState, callbacks

CALL = 0.2
"""About how many seconds a call of compiled code may take: Ctrl-C waits for its end."""

SAMPLES = 2**16
"""Room for the order of so many samples: that many epochs of few samples are taken in one call."""


class CompiledSteps:
    """The steps of a training run, compiled.

    Parameters
    ----------
    training : Training
    workers : int
        Number of threads.
    work : float
        Floating-point operations of a step.
    """

    def __init__(self, training: Training, workers: int, work: float) -> None:
        self.training = training
        self.crew = Crew(workers)
        self.longest = max(1, int(CALL / (1e-5 + work / 2e11)))
        self.together = self._together()
        self.key: tuple[Any, ...] = ()
        self.copied: Array | None = None
        self.tabulated = -1
        self.name = f"compiled by Numba {numba.__version__}, {workers} thread{'s' * (workers > 1)}"

    def _together(self) -> int:
        """Return how many epochs one call may take at most: only one if something happens after each step or epoch."""
        training, options = self.training, self.training.options
        averages = unwrap(options.optimizer, training.state.optimizer)[3]
        monitored = schedules.monitored(options.optimizer.learning_rate)
        stepwise = any(each.every_steps for each in training.callbacks)
        if training.validation or training.metrics or stepwise or averages or monitored:
            return 1
        return max(1, min(self.longest // self.steps, SAMPLES // len(training.train)))

    @property
    def batch(self) -> int:
        """Samples of the largest batch."""
        return min(self.training.batch_size, len(self.training.train))

    @property
    def steps(self) -> int:
        """The number of steps of an epoch."""
        return -(-len(self.training.train) // self.training.batch_size)

    def take(self, steps: int | None = None) -> tuple[float, float]:
        """Take the remaining steps of the current epoch, at most so many, and at most those that take `CALL` seconds.

        Returns the mean loss and penalty of their samples. The state is as if `NumPySteps` had taken them.
        """
        training, state = self.training, self.training.state
        current = state.current
        assert current is not None
        begun = time.perf_counter()
        self.prepare()
        begin, end = self.upcoming(current)
        left = -(-(end - begin) // training.batch_size)
        before = np.array([current.loss, current.penalty, current.samples])
        self.totals[0] = before[:2]
        if self.drawn:
            self.generators[0] = generator_words(state.rng.bit_generator.state)
        self.call(
            min(left, self.longest, left if steps is None else steps),
            begin,
            end,
            lambda done: self.count(state, done),
        )
        current.seconds += time.perf_counter() - begun
        loss, penalty, samples = np.array([current.loss, current.penalty, current.samples]) - before
        return float(loss / samples), float(penalty / samples)

    def upcoming(self, current: EpochState) -> tuple[int, int]:
        """Write the order of the epoch, unless it is there; return where in it the coming steps begin, and its end."""
        if self.copied is not current.order:
            assert isinstance(current.order, np.ndarray)
            self.place(0, current.order)
            self.copied = current.order  # last, so that an interruption before this repeats it
        return current.samples, len(self.training.train)

    def take_epochs(self) -> Epoch | None:
        """Take several whole epochs in one call, record them, and return the record of the last; None if that was not possible.

        After an epoch, the state is checked: infinite or NaN, and training ends as it was before. Here, that is done after all
        of them. Then the state is as before the first, and `take` can take them one by one to find the one that diverges.
        """
        training, state = self.training, self.training.state
        wait = callbacks.wait((each.every_epochs for each in training.callbacks), state.epoch) or self.together
        epochs, count = min(self.together, training.epochs - state.epoch, wait), len(training.train)
        if epochs < 2 or not self.key or state.current is not None:  # the first epoch of all is prepared by `take`
            return None
        begun, steps = time.perf_counter(), epochs * self.steps
        self.prepare()
        self.copied = None
        before, rng = state.snapshot(), copy.deepcopy(state.rng)
        for i in range(epochs):
            self.place(i, rng.permutation(count))
            if self.drawn:
                self.generators[i] = generator_words(rng.bit_generator.state)
                skip(rng.bit_generator, self.words)
        self.totals[:] = 0
        epoch: Epoch | None = None

        def record(done: int) -> None:
            nonlocal epoch
            totals = self.totals[:epochs]
            if done < steps or not all(map(all_finite, (totals, *state.arrays()))):
                training.rewind(before, state.rng.bit_generator.state)
                self.together = 1
                return
            self.advance(state, steps)
            state.rng.bit_generator.state = rng.bit_generator.state
            seconds = (time.perf_counter() - begun) / epochs
            for loss, penalty in totals / count:
                epoch = training.record({"loss": float(loss), "penalty": float(penalty)}, seconds)

        try:
            self.call(steps, 0, count, record)
        except ValueError:  # from a schedule, which says so again in the step that it belongs to
            self.together = 1
        if epoch is not None:
            callbacks.epoch_ended(training.callbacks, training, state.history, epoch)
        return epoch

    def prepare(self) -> None:
        """Write the program, unless that for the current arrays and settings is there."""
        training, state, model = self.training, self.training.state, self.training.model
        optimizer, own, norms, averages = unwrap(training.options.optimizer, state.optimizer)
        for _, each in averages:
            if each.average is None:
                each.average = model.parameters.copy()
        update_rule = rule(optimizer)
        assert update_rule is not None
        memory = [getattr(own, name) for name in update_rule.memory]
        averaged = [each.average for _, each in averages]
        vectors = [*memory, *averaged, model.parameters, model.statistics]
        if self.key and self.key[0] == model.frozen and all(a is b for a, b in zip(self.key[1], vectors, strict=True)):
            return
        self.key, self.copied, self.tabulated = (), None, -1  # an interruption before the end repeats all of this
        data, samples = self.data()
        update = Update(update_rule, memory, norms, averaged)
        what = (model, training.options.loss, data, update, samples, self.together)
        program, exchange, self.drawn, self.arena = assemble(model.dtype, self.batch, self.crew.workers, *what)
        self.operations, self.arguments = program.assembled()
        self.rows_of_tables = program.tables
        self.crew.job[OPERATIONS], self.crew.job[LENGTH] = address(self.operations), len(self.operations)
        start = address(self.arena)

        def view(at: int, dtype: Any, *shape: int) -> Array:
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            part: Array = self.arena[at - start : at - start + size].view(dtype).reshape(shape)
            return part

        shape = self.together, samples
        self.order, self.rows = (view(at, np.int64, *shape) for at in (exchange.order, exchange.rows))
        self.generators = view(exchange.generators, np.uint64, self.together, self.crew.workers, STATE)
        self.totals = view(exchange.totals, np.float64, self.together, 2)
        outputs = int(np.prod(model.outputs))
        self.predictions = (
            view(exchange.predictions, model.dtype, samples, outputs).reshape(samples, *model.outputs)
            if training.metrics
            else None
        )
        whole, rest = divmod(len(training.train), training.batch_size)
        self.words = whole * words(training.batch_size, self.drawn) + words(rest, self.drawn)
        self.key = (model.frozen, vectors)

    def data(self) -> tuple[Data, int]:
        """Return the arrays that the steps read, and the number of samples whose order and predictions need room."""
        data = self.training.train
        x = data.x.array if isinstance(data.x, RowView) else data.x
        return Data(x, data.target, data.weight, bool(self.training.metrics)), len(data)

    def place(self, epoch: int, order: Array) -> None:
        """Write the order of the samples in an epoch of the coming call."""
        x, count = self.training.train.x, len(self.training.train)
        if order.min() < 0 or order.max() >= count:  # kernels read memory at these places
            raise IndexError("the order of the samples was changed during training: an index is out of range")
        self.order[epoch] = order
        self.rows[epoch] = x.rows.take(order) if isinstance(x, RowView) else order

    def call(self, steps: int, begin: int, end: int, after: Callable[[int], None]) -> None:
        """Take some steps in one call of the compiled loop, with the samples from `begin` to `end` of the order, and bring the state up to date with `after`."""
        job = self.crew.job
        self.tabulate(steps)
        job[STEPS], job[BATCH], job[BEGIN], job[COUNT] = steps, self.training.batch_size, begin, end
        self.crew.clear()
        with Uninterrupted(strictly=True):  # a call is short, and its steps must be counted
            try:
                self.crew.run()
            except IndexError:
                self.explain()
                raise
            finally:
                after(self.crew.done)

    def explain(self) -> None:
        """Raise an error that names what was wrong in a call: a category, for example."""
        chain.predict(self.training.model.layers, self.training.train.x, self.training.model.p)

    def count(self, state: TrainingState, steps: int) -> None:
        """Bring the state to after these steps of the current epoch, whose arrays are there already."""
        training, current = self.training, state.current
        assert current is not None
        if self.drawn and steps:
            generator: Any = state.rng.bit_generator.state
            high, low = map(int, self.generators[0, 0, :2])
            generator["state"]["state"] = high << 64 | low
            state.rng.bit_generator.state = generator
        self.advance(state, steps)
        begin = current.samples
        current.loss, current.penalty = map(float, self.totals[0])
        current.samples = min(begin + steps * training.batch_size, len(training.train))
        if self.predictions is not None and steps:
            self.measure(current, begin, self.predictions)

    def measure(self, current: EpochState, begin: int, predictions: Array) -> None:
        """Record the predictions of the samples that the last steps used."""
        done = slice(begin, current.samples)
        target = self.training.train.target.take(current.order[done], axis=0)
        current.measure(target, predictions[done].copy(), self.training.metrics, self.training.means)

    def advance(self, state: TrainingState, steps: int) -> None:
        """Count steps."""
        count_steps(self.training.options.optimizer, state.optimizer, steps)
        state.step += steps

    def tabulate(self, steps: int) -> None:
        """Write the tables with the numbers of the coming steps, unless they are those of the last call again."""
        training, state = self.training, self.training.state
        optimizer, dtype = training.options.optimizer, training.model.dtype
        inner, own, _, averages = unwrap(optimizer, state.optimizer)
        changing = timed(inner) or training.model.timed
        constant = not changing and not averages and not hasattr(own, "t")
        if constant and self.tabulated == steps:
            return
        self.tabulated = -1  # an interruption before the end repeats all of this
        times = self.times(steps) if changing else np.zeros(steps)
        upcoming = UpcomingSteps(inner, own, averages, times, self.rates(times))
        self.tables = [rows(upcoming).astype(dtype) for rows in self.rows_of_tables]
        self.places = np.array([[each.ctypes.data, each.strides[0]] for each in self.tables], np.int64)
        self.crew.job[TABLES] = self.places.ctypes.data
        self.tabulated = steps if constant else -1

    def times(self, steps: int) -> Array:
        """Return the times of the coming steps in epochs."""
        state, count, times = self.training.state, len(self.training.train), []
        epoch, samples = state.epoch, 0 if state.current is None else state.current.samples
        for _ in range(steps):
            times.append(epoch + samples / count)
            samples += self.training.batch_size
            if samples >= count:
                epoch, samples = epoch + 1, 0
        return np.array(times)

    def rates(self, times: Array) -> Array:
        """Return the learning rates at these times."""
        rate, memory = self.training.options.optimizer.learning_rate, self.training.state.schedule
        if not callable(rate):
            return np.full(len(times), rate)
        return np.array([schedules.rate_at(rate, epoch, memory) for epoch in times.tolist()])
