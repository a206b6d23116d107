"""Compute the loss and the gradients of a batch with compiled kernels, for processes that add up their gradients before a step."""

from __future__ import annotations

from math import prod
from typing import Any

import numba
import numpy as np

from whorl._core.interrupts import Uninterrupted
from whorl._core.randomness import RowsGenerator
from whorl._core.types import Array
from whorl.engine.assembly import Data, assemble
from whorl.engine.compiling import AFTER, BEFORE
from whorl.engine.kernels.dropout import STATE, generator_words
from whorl.engine.program import address
from whorl.engine.rules import UpcomingSteps, unwrap
from whorl.engine.stepping import BATCH, BEGIN, COUNT, LENGTH, OPERATIONS, STEPS, TABLES
from whorl.engine.threads import Crew
from whorl.layers import chain
from whorl.training import RowView, Training


class CompiledGradients:
    """The forward and the backward pass of a training, compiled.

    Parameters
    ----------
    training : Training
    workers : int
        Number of threads.
    """

    def __init__(self, training: Training, workers: int) -> None:
        self.training = training
        self.crew = Crew(workers)
        self.frozen: frozenset[int] | None = None
        self.name = f"compiled by Numba {numba.__version__}, {workers} thread{'s' * (workers > 1)}"

    def evaluate(self, rows: Array, rng: np.random.Generator | RowsGenerator) -> tuple[float, float, Array]:
        """Return the loss of these samples, its penalty part, and their predictions; the model has the gradients."""
        training, job, count = self.training, self.crew.job, len(rows)
        self._prepare()
        x = training.train.x
        self.order[:count], self.rows[:count] = rows, x.rows.take(rows) if isinstance(x, RowView) else rows
        shared = rng if isinstance(rng, RowsGenerator) else RowsGenerator(rng, 0, count, count)
        self.crew.runs[:, BEFORE], self.crew.runs[:, AFTER] = shared.begin, shared.rows - shared.stop
        generator: Any = shared.rng.bit_generator
        if self.drawn:
            self.generators[:] = generator_words(generator.state)
        self.totals[:] = 0
        self._tabulate()
        job[STEPS], job[BATCH], job[BEGIN], job[COUNT] = 1, count, 0, count
        self.crew.clear()
        with Uninterrupted(strictly=True):  # a pass is short
            try:
                self.crew.run()
            except IndexError:
                chain.predict(training.model.layers, x, training.model.p)  # raises an error that names a wrong category
                raise
        if self.drawn:
            state = generator.state
            high, low = map(int, self.generators[0, :2])
            state["state"]["state"] = high << 64 | low
            generator.state = state
        loss, penalty = (self.totals / count).tolist()
        return loss, penalty, self.predictions[:count].copy()

    def _prepare(self) -> None:
        """Write the program, unless it is there."""
        training, model = self.training, self.training.model
        if self.frozen == model.frozen:
            return
        self.frozen = None  # an interruption before the end repeats all of this
        data, samples = training.train, min(training.batch_size, len(training.train))
        x = data.x.array if isinstance(data.x, RowView) else data.x
        read = Data(x, data.target, data.weight, bool(training.metrics))
        what = model, training.options.loss, read, None, samples, 1
        program, exchange, self.drawn, self.arena = assemble(model.dtype, samples, self.crew.workers, *what)
        self.operations, self.arguments = program.assembled()
        self.rows_of_tables = program.tables
        self.crew.job[OPERATIONS], self.crew.job[LENGTH] = address(self.operations), len(self.operations)
        start = address(self.arena)

        def view(at: int, dtype: Any, *shape: int) -> Array:
            size = prod(shape) * np.dtype(dtype).itemsize
            part: Array = self.arena[at - start : at - start + size].view(dtype).reshape(shape)
            return part

        self.order, self.rows = (view(at, np.int64, samples) for at in (exchange.order, exchange.rows))
        self.generators = view(exchange.generators, np.uint64, self.crew.workers, STATE)
        self.totals = view(exchange.totals, np.float64, 2)
        shape = samples, *model.outputs
        self.predictions = (
            view(exchange.predictions, model.dtype, *shape) if training.metrics else np.empty(shape, model.dtype)
        )
        self.frozen = model.frozen

    def _tabulate(self) -> None:
        """Write the tables of settings that change with time, for this step."""
        if not self.rows_of_tables:
            return
        training, state = self.training, self.training.state
        inner, own, _, averages = unwrap(training.options.optimizer, state.optimizer)
        upcoming = UpcomingSteps(inner, own, averages, np.array([training.time]), np.zeros(1))
        self.tables = [rows(upcoming).astype(training.model.dtype) for rows in self.rows_of_tables]
        self.places = np.array([[each.ctypes.data, each.strides[0]] for each in self.tables], np.int64)
        self.crew.job[TABLES] = self.places.ctypes.data
