"""Training in several processes: each computes the gradient for its share of a batch, and all make the same step with the sum."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import prod
from typing import Any

import numpy as np
from numpy.random import Generator

from whorl._core import randomness
from whorl._core.interrupts import Uninterrupted
from whorl._core.randomness import RowsGenerator
from whorl._core.types import Array
from whorl.distributed.checks import Watch, check_equal, contents, state_hash
from whorl.distributed.processes import Processes
from whorl.distributed.shares import Share, SharedBatch
from whorl.parameters import Batch
from whorl.passes import predict
from whorl.stack import Stack
from whorl.training import DivergenceError, History, Training, callbacks
from whorl.training.group import Evaluate, Outcome

SUMS = 4
"""What a step adds up beside the gradients: loss, penalty, and how many processes were interrupted or stopped."""

log: logging.Logger = logging.getLogger("whorl.distributed")


class ProcessGroup:
    """The processes that take part in one training; see `whorl.training.Group`.

    Parameters
    ----------
    processes : Processes
    """

    interrupted: bool
    told: bool
    pressed: Sequence[BaseException]
    stepwise: bool
    called: bool

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.processes.failed = True  # until `begin` returns: an error in this process only leaves the others waiting
        self.interrupted = self.told = False

    @property
    def rank(self) -> int:
        """The number of this process."""
        return self.processes.rank

    # Before training.

    def generator(self, rng: Any) -> Generator:
        """Return the generator of a training; fresh entropy is that of the first process."""
        if rng is not None:
            return randomness.generator(rng)

        def fill(vector: Array) -> None:
            vector[:] = np.random.SeedSequence().generate_state(4) if self.rank == 0 else 0

        return np.random.default_rng([int(each) for each in self.processes.together(4, np.float64, fill)])

    def begin(self, training: Training) -> None:
        """Check that all processes have equal arguments and data, and give them the parameters of the first."""
        self.training = training
        self.watch: Watch = Watch()
        model, options = training.model, training.options
        new = options.state is None and options.resume is None
        check_equal(self.processes, contents(training, with_state=not new))

        def fill(vector: Array) -> None:
            stepwise = options.on_divergence == "stop" or any(each.every_steps for each in training.callbacks)
            vector[:] = stepwise, len(training.callbacks)  # the first process may have more

        self.stepwise, self.called = map(bool, self.processes.together(2, np.float64, fill))
        if new:
            model.parameters = self._of_first(model.parameters)
            model.statistics = self._of_first(model.statistics)
        self.processes.failed = False

    def _of_first(self, values: Array) -> Array:
        """Return the vector of the first process."""

        def fill(vector: Array) -> None:
            vector[:] = values if self.rank == 0 else 0

        return self.processes.together(len(values), values.dtype, fill)

    # The work of a batch.

    def evaluate(self, evaluate: Evaluate, rows: Array, training: Training) -> Outcome:
        """Evaluate a batch: each process its share. The gradients are added up, then the losses and what else all must know.

        Whoever has the second sum has the first, so only the second needs to be sent if a process is lost between them.
        """
        model, state, rng = training.model, training.state, training.state.rng
        slots, outputs = self.processes.slots, len(rows) * prod(model.outputs) if training.metrics else 0
        before = model.statistics.copy(), rng.bit_generator.state
        hashed = self.watch.hashes(state.step)
        share: Share | None = None
        own = np.zeros(0)

        def fill(vector: Array) -> None:
            nonlocal share, own
            if share is not None:  # a process was lost, and this repeats the step
                model.statistics, rng.bit_generator.state = before
            share = Share.of(len(rows), self.rank, self.processes.size)
            begun = time.perf_counter() - self.processes.waited
            loss, penalty, own = self._own(evaluate, rows, share, training)
            seconds = time.perf_counter() - self.processes.waited - begun
            if not share.counts:
                model.gradients[:] = 0  # which may be NaN
            self.processes.add(model.gradients, share.part)
            vector[:] = 0
            sums, times, hashes, predictions = _parts(vector, slots)
            if share.counts:
                sums[:2] = loss * share.part, penalty * share.part
                if outputs:
                    predictions.reshape(len(rows), *model.outputs)[share.begin : share.stop] = own
            sums[2:] = bool(training.interruption), state.history.stopped is not None
            times[self.processes.number] = seconds
            hashes[self.processes.number] = state_hash(state) if hashed else 0

        total = self.processes.together(SUMS + 2 * slots + outputs, np.float64, fill)
        sums, times, hashes, predictions = _parts(total, slots)
        loss, penalty, interrupted, stopped = sums.tolist()
        self.interrupted, self.told = interrupted > 0, interrupted + stopped > 0
        self.watch.step(state.step, times, hashes, self.processes.numbers, report=self.rank == 0)
        if outputs:
            own = predictions.reshape(len(rows), *model.outputs).astype(model.dtype)
        return loss, penalty, own

    def _own(self, evaluate: Evaluate, rows: Array, share: Share, training: Training) -> Outcome:
        """Evaluate the share of this process."""
        training.model.set_batch(SharedBatch(share, self.processes) if share.parted else Batch())
        try:
            rng: Any = RowsGenerator(training.state.rng, *share[:3])
            return evaluate(rows[share.begin : share.stop], rng)
        finally:
            training.model.set_batch(Batch())

    def predict(self, network: Stack, x: Any, *, last: int | None = None) -> Array:
        """Return the output of the network for x, or the output of its layers before index `last`: each process computes its share."""
        shape = len(x), *network.places[:last][-1].outputs

        def fill(vector: Array) -> None:
            share = Share.of(len(x), self.rank, self.processes.size)
            vector[:] = 0
            if share.counts:
                part = slice(share.begin, share.stop)
                vector.reshape(shape)[part] = predict(network, x[part], last=last)

        return self.processes.together(prod(shape), network.dtype, fill).reshape(shape).copy()

    # The end, which all must reach together.

    def ending(self, history: History, *, interrupted: bool) -> bool:
        """Return whether training ends within the epoch, because of a callback or Ctrl-C in any process.

        What a callback decides after a step is asked for here. Ctrl-C is told with the gradients of the next step.
        """
        if self.stepwise:

            def fill(vector: Array) -> None:
                vector[:] = interrupted, history.stopped is not None

            told = self.processes.together(2, np.float64, fill)
            self.interrupted, self.told = bool(told[0]), bool(told.any())
        if self.interrupted and not interrupted:
            signal.raise_signal(signal.SIGINT)  # so that all processes end in the same way
        return self.told

    def stopped(self, history: History) -> bool:
        """Return whether training was stopped in any process; all then have the reason that the first of them gives."""
        if self.interrupted or not self.called:
            return self.interrupted or history.stopped is not None
        slots = self.processes.slots

        def fill(vector: Array) -> None:
            vector[:] = 0
            vector[self.processes.number] = history.stopped is not None

        flags = self.processes.together(slots, np.float64, fill).copy()
        if not flags.any():
            return False
        if history.stopped is None or flags.sum() < self.processes.size:
            history.stopped = self._text_of(int(flags.argmax()), history.stopped or "")
        return True

    def _text_of(self, number: int, text: str) -> str:
        """Return the text of one process."""

        def fill(vector: Array) -> None:
            vector[:] = 0
            if self.processes.number == number:
                data = text.encode()[: len(vector)]
                vector[: len(data)] = list(data)

        found = self.processes.together(1024, np.float64, fill)
        return bytes(found.astype(np.uint8)).rstrip(b"\0").decode(errors="ignore") or "another process stopped it"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Report processes that are lost; at the end wait for the others, after an error of this process only end them.

        Ctrl-C waits in all of this block, also between epochs: an exception in this process only would leave the others waiting.
        """
        self.interrupted = self.told = False
        self.processes.on_loss = self._lost
        if self.training.reader is not None:
            self.training.reader.share = self.training.batch_size, self._rows
        self._describe()
        with Uninterrupted() as self.pressed:
            try:
                yield
            except (GeneratorExit, DivergenceError):  # all processes end in this way
                raise
            except BaseException:
                self.processes.failed = True
                raise
            else:
                self.processes.close()
            finally:
                self.processes.on_loss = None

    def uninterrupted(self) -> AbstractContextManager[Sequence[BaseException]]:
        """Return a ``with`` block for an epoch that gives the list in which the exception of Ctrl-C waits, until all have been told."""
        return nullcontext(self.pressed)

    def _rows(self, count: int) -> tuple[int, int]:
        """Return which rows of a batch of so many this process takes."""
        return Share.of(count, self.rank, self.processes.size)[:2]

    def _lost(self, lost: list[int]) -> None:
        """Say which processes were lost; if the first was one of them, the new first begins to print and write."""
        training, left = self.training, self.processes.numbers
        if self.rank == 0:
            names = ", ".join(map(str, lost))
            log.warning(
                "lost process %s of %d in step %d: the other %d repeat that step and go on",
                names,
                self.processes.slots,
                training.state.step + 1,
                len(left),
            )
        if training.reader is not None:
            training.reader.again()
        self._describe()
        if left[0] == self.processes.number and min(lost) < left[0]:
            for each in training.callbacks:
                if each.main_process_only:
                    callbacks.stopping(training.state.history, each.on_train_begin, training)

    def _describe(self) -> None:
        """Say in the history how many processes take the steps."""
        size, slots = self.processes.size, self.processes.slots
        left = "" if size == slots else f" of {slots}"
        self.training.state.history.engine = f"{self.training.engine_name}; {size}{left} process{'es' * (slots > 1)}"


def _parts(vector: Array, slots: int) -> tuple[Array, Array, Array, Array]:
    """Return the parts of what a step adds up beside the gradients: `SUMS` numbers, seconds and hashes by process, predictions."""
    ends = [SUMS, SUMS + slots, SUMS + 2 * slots]
    return vector[: ends[0]], vector[ends[0] : ends[1]], vector[ends[1] : ends[2]], vector[ends[2] :]
