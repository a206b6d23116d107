"""Take the steps of a training run with compiled kernels."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from whorl import schedules
from whorl._core.types import Array
from whorl.engine.assembly import Data, Update, assemble
from whorl.engine.blas import single_threaded
from whorl.engine.kernels.dropout import STATE, generator_words
from whorl.engine.program import address
from whorl.engine.rules import average_numbers, count_steps, rule, table, unwrap
from whorl.engine.stepping import BATCH, BEGIN, COUNT, END, OPERATIONS, STEPS, TABLES
from whorl.engine.threads import Crew, uninterrupted
from whorl.training import RowView, Training, TrainingState

CALL = 0.2
"""About how many seconds a call of compiled code may take: Ctrl-C waits for its end."""


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
        self.key: tuple[Any, ...] = ()
        self.copied: Array | None = None
        self.tabulated = -1
        self.name = f"compiled by Numba {numba.__version__}, {workers} thread{'s' * (workers > 1)}"

    def take(self, steps: int | None = None) -> tuple[float, float]:
        """Take the remaining steps of the current epoch, or at most so many; return the loss and the penalty, summed over their samples.

        The state is as if `take_step` had taken them.
        """
        training, state = self.training, self.training.state
        current, batch = state.current, training.batch_size
        assert current is not None
        self.prepare()
        if self.copied is not current.order:
            order, x = current.order, training.train.x
            if order.min() < 0 or order.max() >= len(training.train):  # kernels read memory at these places
                raise IndexError("the order of the samples was changed during training: an index is out of range")
            self.order[:] = order
            self.rows[:] = x.rows.take(order) if isinstance(x, RowView) else order
            self.copied = order  # last, so that an interruption before this repeats it
        left = -(-(len(training.train) - current.samples) // batch)
        left = left if steps is None else min(left, steps)
        before = current.loss, current.penalty
        while left > 0:
            now = min(left, self.longest)
            self.call(state, now)
            left -= now
        return current.loss - before[0], current.penalty - before[1]

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
        data = training.train
        x = data.x.array if isinstance(data.x, RowView) else data.x
        what = (
            model,
            training.options.loss,
            Data(x, data.target, data.weight, bool(training.metrics)),
            Update(update_rule, memory, norms, averaged),
            len(data),
        )
        program, exchange, self.random, self.arena = assemble(model.dtype, self.batch, self.crew.workers, *what)
        self.operations, self.arguments = program.assembled()
        self.crew.job[OPERATIONS], self.crew.job[COUNT] = address(self.operations), len(self.operations)
        start = address(self.arena)

        def view(at: int, dtype: Any, *shape: int) -> Array:
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            part: Array = self.arena[at - start : at - start + size].view(dtype).reshape(shape)
            return part

        self.order, self.rows = (view(at, np.int64, len(data)) for at in (exchange.order, exchange.rows))
        self.generators = view(exchange.generators, np.uint64, self.crew.workers, STATE)
        self.totals = view(exchange.totals, np.float64, 2)
        outputs = int(np.prod(model.outputs))
        self.predictions = (
            view(exchange.predictions, model.dtype, len(data), outputs).reshape(len(data), *model.outputs)
            if training.metrics
            else None
        )
        self.key = (model.frozen, vectors)

    @property
    def batch(self) -> int:
        """Samples of the largest batch."""
        return min(self.training.batch_size, len(self.training.train))

    def call(self, state: TrainingState, steps: int) -> None:
        """Take some steps in one call of the compiled loop, and bring the state up to date."""
        training, job, current = self.training, self.crew.job, state.current
        assert current is not None
        count, batch, begin = len(training.train), training.batch_size, current.samples
        self.tabulate(state, steps)
        job[STEPS], job[BATCH], job[BEGIN], job[END] = steps, batch, begin, count
        self.totals[:] = current.loss, current.penalty
        if self.random:
            self.generators[:] = generator_words(state.rng.bit_generator.state)
        self.crew.clear()
        with uninterrupted():  # Ctrl-C takes effect when the steps are done and counted
            try:
                with single_threaded():
                    self.crew.run()
            finally:
                self.count(state, self.crew.done)

    def count(self, state: TrainingState, steps: int) -> None:
        """Bring the state to after these steps, whose arrays are there already."""
        training, current = self.training, state.current
        assert current is not None
        if self.random and steps:
            generator = state.rng.bit_generator.state
            high, low = map(int, self.generators[0, :2])
            generator["state"]["state"] = high << 64 | low
            state.rng.bit_generator.state = generator
        begin, count = current.samples, len(training.train)
        count_steps(training.options.optimizer, state.optimizer, steps)
        current.loss, current.penalty = map(float, self.totals)
        current.samples = min(begin + steps * training.batch_size, count)
        state.step += steps
        if self.predictions is not None:
            done = slice(begin, current.samples)
            target = training.train.target.take(current.order[done], axis=0)
            current.predictions.append((target, self.predictions[done].copy()))

    def tabulate(self, state: TrainingState, steps: int) -> None:
        """Write the tables with the numbers of the coming steps, unless they are those of the last call again."""
        optimizer, dtype = self.training.options.optimizer, self.training.model.dtype
        inner, own, _, averages = unwrap(optimizer, state.optimizer)
        constant = not callable(optimizer.learning_rate) and not averages and not hasattr(own, "t")
        if constant and self.tabulated == steps:
            return
        self.tabulated = -1  # an interruption before the end repeats all of this
        update_rule, rates = rule(inner), self.rates(state, steps)
        assert update_rule is not None
        frozen = [0.0] * steps if self.training.model.frozen else rates[:1]  # not read if there are none
        self.tables = [table(update_rule.numbers(inner, own, given), dtype) for given in (rates, frozen)]
        self.tables += [table(average_numbers(*each, steps), dtype) for each in averages]
        self.places = np.array([[each.ctypes.data, each.strides[0]] for each in self.tables], np.int64)
        self.crew.job[TABLES] = self.places.ctypes.data
        self.tabulated = steps if constant else -1

    def rates(self, state: TrainingState, steps: int) -> list[float]:
        """Return the learning rates of the coming steps."""
        rate, current = self.training.options.optimizer.learning_rate, state.current
        assert current is not None
        if not callable(rate):
            return [rate] * steps
        count, batch = len(self.training.train), self.training.batch_size
        return [
            schedules.rate_at(rate, state.epoch + (current.samples + k * batch) / count, state.schedule)
            for k in range(steps)
        ]
