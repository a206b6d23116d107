"""Read the samples of the coming steps, in the order of the epoch, some MB at a time.

There are two buffers: a thread reads into one of them while the steps use the other. There are two exceptions. If the steps use all cores, a
thread beside them would only slow them down: they wait for each other, and so for the one that it has pushed aside. Then the steps wait
while as many threads read; and inputs that need no conversion are only located: compiled steps copy them from the file, or from the blocks
that have been read, when they need them. And if reading waits for a disk, many threads read beside the steps, because a disk serves many
requests at once in less time than one after the other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from threading import Thread
from typing import Any, Protocol, Self

import numpy as np

from whorl._core.types import Array
from whorl.training.chunk import Chunk
from whorl.training.orders import BlockOrder, Order
from whorl.training.state import EpochState

AHEAD = 2**24
"""About how many bytes are read at once, in whole steps."""

MANY = 16
"""Threads that read if they wait for a disk."""

MEASURED = 32
"""Of so many readings, one is done while the steps wait, to see whether reading waits for a disk."""


class Readable(Protocol):
    """Samples of which some can be read into arrays."""

    @property
    def x(self) -> Any:
        """The inputs."""

    @property
    def target(self) -> Any:
        """The targets."""

    def __len__(self) -> int: ...

    @property
    def weighted(self) -> bool:
        """Whether the samples have weights."""

    def read(self, rows: Array, x: Array, target: Array, weight: Array | None, own: Array | None) -> None:
        """Read the samples at these indices into these arrays; if `own` is given, only the inputs for which it is true."""

    @property
    def file(self) -> int:
        """The descriptor of the file that single inputs can be read from, or -1."""

    def locate(self, rows: Array) -> tuple[Array, list[Array]] | None:
        """Return where the inputs of the samples at these indices are, and what must stay in memory while they are used; None if they must be read."""

    def begin(self, order: Order, start: int, stop: int) -> None:
        """Read the blocks of the samples from `start` up to `stop`, which several threads share."""

    def prepare(self, order: Order, place: int) -> None:
        """Read what the order needs some time after so many samples."""


def waits(seconds: float, worked: float) -> bool:
    """Whether threads that have worked for so many seconds in all have waited most of the time, and for more than 10 ms."""
    return seconds > 0.01 + 2 * worked


def check(rows: Array, data: Readable) -> None:
    """Raise IndexError if an index is out of range: compiled code reads memory at these places."""
    if rows.min() < 0 or rows.max() >= len(data):
        raise IndexError("the order of the samples was changed during training: an index is out of range")


@contextmanager
def helped(threads: int, work: Callable[[], None]) -> Iterator[None]:
    """Let so many threads share what is done here. Their errors do not matter: this thread meets them, too."""

    def help_out() -> None:
        with suppress(Exception):
            work()

    helpers = [Thread(target=help_out, name="whorl-read", daemon=True) for _ in range(threads)]
    for each in helpers:
        each.start()
    try:
        yield
    finally:
        for each in helpers:
            each.join()


class Reading:
    """Threads that read a chunk, each a part of it.

    Parameters
    ----------
    data : Readable
    chunk : Chunk
    threads : int
        At most so many. If there is one, it then prepares what follows the chunk.
    """

    data: Readable
    chunk: Chunk
    begun: float
    ended: list[tuple[float, float]]

    def __init__(self, data: Readable, chunk: Chunk, threads: int) -> None:
        self.data, self.chunk = data, chunk
        self.error: BaseException | None = None
        self.begun, self.ended = time.perf_counter(), list[tuple[float, float]]()
        threads = min(threads, len(chunk))
        self.rows: Array | None = chunk.order[chunk.start : chunk.stop] if threads > 1 else None  # once for all
        ends = [chunk.start + len(chunk) * k // threads for k in range(threads + 1)]
        self.threads: list[Thread] = [
            Thread(target=self._read, args=each, name="whorl-read", daemon=True) for each in pairwise(ends)
        ]
        for each in self.threads:
            each.start()

    def _read(self, start: int, stop: int) -> None:
        chunk = self.chunk
        try:
            self.data.begin(chunk.order, chunk.start, chunk.stop)
            here = slice(start - chunk.start, stop - chunk.start)
            rows = chunk.order[start:stop] if self.rows is None else self.rows[here]
            check(rows, self.data)
            self.data.read(rows, *chunk.part(here), None if chunk.own is None else chunk.own[here])
        except BaseException as error:  # noqa: BLE001  # it is raised in the step
            self.error = error
        self.ended.append((time.perf_counter(), time.thread_time()))
        if len(self.threads) == 1 and self.error is None and chunk.stop < len(chunk.order):
            with suppress(Exception):  # the chunk that needs it says so again
                self.data.prepare(chunk.order, chunk.stop)

    @property
    def idle(self) -> bool:
        """Whether the threads have waited: for a disk, if nothing else was going on."""
        ended, worked = max(end for end, _ in self.ended), sum(work for _, work in self.ended)
        return waits(ended - self.begun, worked)

    def join(self) -> None:
        """Wait for the end."""
        for each in self.threads:
            each.join()

    def result(self) -> Chunk:
        """Return the chunk, or raise the error if it could not be read."""
        self.join()
        if self.error is not None:
            raise self.error
        return self.chunk


class ReadAhead:
    """Samples in the order of the epoch, read by a thread before they are needed.

    Parameters
    ----------
    data : Readable
    step : int
        The number of samples of a step.

    Attributes
    ----------
    share : tuple of int and callable, or None
        The size of a batch, and what returns the first and the last row that is needed of a batch of so many rows, if another process
        takes the others.
    """

    idle: bool
    left: int

    def __init__(self, data: Readable, step: int) -> None:
        self.data = data
        self.share: tuple[int, Callable[[int], tuple[int, int]]] | None = None
        size = step * sum(each.dtype.itemsize * math.prod(each.shape[1:]) for each in (data.x, data.target))
        self.size: int = min(step * max(1, AHEAD // max(1, size)), len(data))
        self.chunk: Chunk | None = None
        self.reading: Reading | None = None
        self.arrays: Any = None
        self.busy = 0
        """If the steps use all cores, the number of their threads: as many read while the steps wait. Otherwise 0."""
        self.direct = False
        """Whether the steps can use the inputs of a chunk from its `places`."""
        self.idle, self.left = False, 0
        """Whether reading waits for a disk, and how many more readings there are until that is measured again."""

    def buffers(self) -> tuple[Array, Array, Array | None]:
        """Return the arrays for inputs, targets and weights: the samples of two chunks."""
        if self.arrays is None:
            x, target = self.data.x, self.data.target
            count = 2 * self.size
            self.arrays = (
                np.empty((count, *x.shape[1:]), x.dtype),
                np.empty((count, *target.shape[1:]), target.dtype),
                np.empty(count, x.dtype) if self.data.weighted else None,
            )
        return self.arrays  # type: ignore[no-any-return]

    def upcoming(self, current: EpochState) -> Chunk:
        """Return the chunk with the next samples of the epoch, and begin to read the one after it."""
        order, start, chunk = current.order, current.samples, self.chunk
        if chunk is not None and chunk.order is order and chunk.start <= start < chunk.stop:
            return chunk
        if chunk is not None:
            chunk.held.clear()  # the steps are done with it
        self.chunk, reading = None, self.reading
        ready = reading is not None and reading.chunk.order is order and reading.chunk.start == start
        if reading is None or not ready:
            self.close()  # the epoch begins, again perhaps
            self.chunk = self._located(order, start)
            if self.chunk is not None:
                return self.chunk
            reading = self.reading = self._read(order, start, self._end(order, start), 0, self.busy or 1)
        reading.join()  # if this is interrupted, the threads still use their buffer
        self.reading = None
        chunk = self.chunk = reading.result()
        if not ready:
            self.idle, self.left = reading.idle, MEASURED
        self.left -= 1
        if chunk.stop < len(order) and self.left > 0 and (self.idle or not self.busy):
            stop, place = self._end(order, chunk.stop), self.size - chunk.place
            self.reading = self._read(order, chunk.stop, stop, place, MANY if self.idle else 1)
        return chunk

    def used(self, chunk: Chunk, seconds: float, worked: float) -> None:
        """Note how long steps on a chunk took, and how long their threads worked: they may have waited for a disk."""
        self.idle = self.idle or (chunk.in_place and waits(seconds, worked))

    def _end(self, order: Order, start: int, buffers: int = 1) -> int:
        """Return where a chunk ends that fills so many buffers."""
        return min(start + buffers * self.size, len(order))

    def _read(self, order: Order, start: int, stop: int, place: int, threads: int) -> Reading:
        """Begin to read a chunk to this place of the arrays."""
        own = self._own(start, stop, len(order))
        return Reading(self.data, Chunk(order, start, stop, place, self.buffers(), own), threads)

    def _located(self, order: Order, start: int) -> Chunk | None:
        """Return a chunk whose inputs are used from where they are; None if they must be read."""
        if not self.direct or not self.busy or self.left == 0 or self.idle:
            return None
        blocks = isinstance(order, BlockOrder)
        # No thread reads ahead, so both buffers are free. Blocks of more samples would take memory.
        stop = self._end(order, start, 1 if blocks else 2)
        chunk, begun, worked = Chunk(order, start, stop, 0, self.buffers()), time.perf_counter(), time.process_time()
        with helped(self.busy - 1 if blocks else 0, partial(self.data.begin, order, start, stop)):
            rows = order[start:stop]
            check(rows, self.data)
            if (located := self.data.locate(rows)) is None:
                return None
            self.data.read(rows, *chunk.part(slice(0, len(rows))), np.zeros(len(rows), bool))
        self.idle = waits(time.perf_counter() - begun, time.process_time() - worked)
        self.left -= 1
        chunk.places, chunk.held = located
        chunk.in_place = True
        return chunk

    def _own(self, start: int, stop: int, count: int) -> Array | None:
        """Return which of the inputs from `start` up to `stop`, where steps begin and end, are needed; None if all are."""
        if self.share is None:
            return None
        size, share = self.share
        own = np.zeros(stop - start, bool)
        for batch in range(start, stop, size):
            first, last = share(min(size, count - batch))
            own[batch - start + first : batch - start + last] = True
        return own

    def again(self) -> None:
        """Read the current chunk again, after the share has changed."""
        self.close()
        if self.chunk is not None:
            chunk = self.chunk
            self.chunk = self._read(chunk.order, chunk.start, chunk.stop, chunk.place, self.busy or 1).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the threads, if there are any."""
        if self.reading is not None:
            self.reading.join()
            self.reading = None
