"""Write the program of a training run: the whole step, from the batch to the updated parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, prod
from typing import Any

import numpy as np

from whorl._core.memory import aligned_zeros
from whorl._core.types import Array
from whorl.engine.compiling import Kernel
from whorl.engine.kernels import batches, losses, updates
from whorl.engine.kernels.batches import TOTALS
from whorl.engine.kernels.dropout import STATE
from whorl.engine.kernels.losses import SLOT
from whorl.engine.layers import Writer
from whorl.engine.native import pread_address
from whorl.engine.parameters import Trained
from whorl.engine.program import LINE, Program, address
from whorl.engine.rules import Rule, UpcomingSteps, average_numbers
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError
from whorl.passes import is_fused
from whorl.stack import Stack

LOSSES: dict[type[Loss], Kernel] = {
    CrossEntropy: losses.cross_entropy,
    BinaryCrossEntropy: losses.binary_cross_entropy,
    MeanSquaredError: losses.squared_error,
    MeanAbsoluteError: losses.absolute_error,
    Huber: losses.huber,
}


@dataclass(frozen=True)
class Data:
    """The arrays that the steps read: inputs (rows, …), targets and weights, and whether predictions are wanted.

    If a file is given, which may be -1, inputs are found by their places as `Source.locate` returns them, not by their indices.
    """

    x: Array
    target: Array
    weight: Array | None
    predictions: bool
    file: int | None = None


@dataclass(frozen=True)
class Update:
    """How the parameters are updated.

    Parameters
    ----------
    rule : Rule
    memory : sequence of ndarray
        The vectors that the optimizer remembers, in the rule's order.
    norms : sequence of float
        Largest norms of the gradients.
    averages : sequence of ndarray
        Running averages of the parameters.
    """

    rule: Rule
    memory: Sequence[Array]
    norms: Sequence[float]
    averages: Sequence[Array]


@dataclass(frozen=True)
class Memory:
    """The addresses of what is exchanged with Python: the order of the samples, their rows of the data, generators, totals, predictions."""

    order: int
    rows: int
    generators: int
    totals: int
    predictions: int


def write(
    program: Program, model: Stack, loss: Loss, data: Data, update: Update | None, samples: int, epochs: int
) -> tuple[Memory, list[int]]:
    """Write the operations of a step; return where to exchange data with them, and how many numbers each sample draws.

    The memory has room for so many epochs of so many samples. Without an update, a step ends with the gradients.
    """
    workers, outputs = program.workers, prod(model.outputs)
    memory = Memory(
        program.room(8 * samples * epochs),
        program.room(8 * samples * epochs),
        program.room(8 * STATE * workers * epochs),
        program.room(TOTALS * epochs),
        program.array(samples, outputs) if data.predictions else 0,
    )
    lost, penalized, squares = (program.room(8 * SLOT * workers) for _ in range(3))
    writer = Writer(program, memory.generators)
    # Forward.
    size = prod(model.inputs)
    x = program.batch_array(size)
    if data.file is None:
        program.add(batches.gather, [address(data.x), x], [size, memory.rows, len(data.x)])
    else:
        row, read = size * program.dtype.itemsize, pread_address() if data.file >= 0 else 0
        program.add(batches.fetch, [x], [size, memory.rows, x, row, read, data.file], [inf])
    count = len(model.places) - is_fused(model, loss)
    places, p, g = model.places[:count], model.p[:count], model.g[:count]
    z, back = writer.chain(places, p, g, x, model.first, frozen=False)
    # Loss, and backward.
    dz = program.batch_array(outputs)
    smoothing = getattr(loss, "label_smoothing", getattr(loss, "delta", 0.0))
    labels = address(data.target) if isinstance(loss, CrossEntropy) else 0
    targets = 0 if labels else address(data.target)
    weights = 0 if data.weight is None else address(data.weight)
    program.add(
        LOSSES[type(loss)],
        [z, dz, weights, memory.predictions, targets],
        [outputs, memory.order, labels, weights != 0, memory.predictions != 0, lost],
        [smoothing, 1.0, 0.5],
    )
    back(dz, False)
    program.barrier()
    # Update.
    program.add(batches.account, [], [lost, memory.totals, 0])
    program.add(batches.reset, [], [penalized, squares])
    if update is None:
        for each in writer.trained:
            _gradient(program, each, penalized)
    else:
        _update(program, model, update, writer.trained, penalized, squares)
    program.barrier()
    if model.penalties:
        program.add(batches.account, [], [penalized, memory.totals, 1])
    return memory, writer.drawn


def _update(
    program: Program, model: Stack, update: Update, trained: Sequence[Trained], penalized: int, squares: int
) -> None:
    """Write the gradients of the parameters, their penalties, and the steps of the optimizer."""
    gradients, parameters = address(model.gradients), address(model.parameters)
    norm = min(update.norms, default=None)
    kinds = sorted({(each.frozen, each.decay) for each in trained})
    tables = {kind: program.table(partial(_numbers, update.rule, *kind)) for kind in kinds}
    for each in trained:
        _gradient(program, each, penalized)
        if norm is None:  # the gradient is in the cache now
            _step(program, update, tables, each, each.p - parameters, each.g)
    if norm is not None:
        clipped = program.array(len(model.gradients))
        for each in trained:
            program.add(updates.add_square, [each.g], [each.rows, each.columns, squares])
        program.barrier()
        for each in trained:
            own = clipped + each.g - gradients
            program.add(updates.clip, [each.g, own], [each.rows, each.columns, squares], [norm, 1.0])
            _step(program, update, tables, each, each.p - parameters, own)
    _constrain(program, trained)
    for number, average in enumerate(update.averages):
        table = program.table(partial(_average_numbers, number))
        for each in trained:
            own = address(average) + each.p - parameters
            program.add(updates.average, [each.p, own], [each.rows, each.columns], table=table)


def _gradient(program: Program, trained: Trained, penalized: int) -> None:
    """Write the gradient of an array, with its penalty."""
    program.operations += trained.operations
    rows, columns = trained.rows, trained.columns
    if trained.l1 or trained.l2:
        program.add(updates.penalty, [trained.p, trained.g], [rows, columns, penalized], [trained.l1, trained.l2])
    if trained.frozen:
        program.add(updates.clear, [trained.g], [rows, columns], [0.0])


def _constrain(program: Program, trained: Sequence[Trained]) -> None:
    """Write the limits of the weights' norms: over columns, so all threads must have updated their rows."""
    limited = [(each, each.max_norm) for each in trained if each.max_norm is not None]
    if limited:
        program.barrier()
        for each, limit in limited:
            program.add(updates.max_norm, [each.p, program.array(each.columns)], [each.rows, each.columns], [limit])
        program.barrier()


def _step(
    program: Program, update: Update, tables: Mapping[tuple[bool, float], int], trained: Trained, offset: int, g: int
) -> None:
    """Write the update of an array, `offset` bytes from the start of the vectors; its numbers depend on whether it is frozen, and on its decay."""
    memory = [address(vector) + offset for vector in update.memory]
    table = tables[trained.frozen, trained.decay]
    program.add(update.rule.kernel, [trained.p, g, *memory], [trained.rows, trained.columns], table=table)


def _numbers(rule: Rule, frozen: bool, factor: float, upcoming: UpcomingSteps) -> Array:
    """Return the numbers of the optimizer, at a learning rate of 0 for frozen parameters."""
    rates = upcoming.rates * (not frozen)
    return rule.numbers(upcoming.optimizer, upcoming.state, rates, factor * upcoming.decays())


def _average_numbers(number: int, upcoming: UpcomingSteps) -> Array:
    """Return the numbers of an average of the parameters."""
    return average_numbers(*upcoming.averages[number], len(upcoming.times))


def assemble(dtype: np.dtype[Any], batch: int, workers: int, *what: Any) -> tuple[Program, Memory, list[int], Array]:
    """Return the program of a run, its exchange, the numbers that a sample draws, and its memory, which is one block."""
    measured = Program(0, dtype, batch, workers)
    write(measured, *what)
    end = -(-measured.size // LINE) * LINE
    arena = aligned_zeros(end + workers * measured.workspace, np.uint8, 0)
    program = Program(address(arena), dtype, batch, workers, end, measured.workspace)
    memory, drawn = write(program, *what)
    return program, memory, drawn, arena
