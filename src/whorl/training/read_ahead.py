"""Read the samples of the coming steps while the current ones are taken.

A thread reads a few MB of samples, in the order of the epoch, into one of two buffers, while the steps use the other one.
"""

from __future__ import annotations

import math
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Protocol, Self

import numpy as np

from whorl._core.types import Array
from whorl.training.orders import Order
from whorl.training.state import EpochState

AHEAD = 2**22
"""About how many bytes are read ahead, in whole steps."""


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

    def read(self, rows: Array, x: Array, target: Array, weight: Array | None) -> None:
        """Read the samples at these indices into these arrays."""

    def prepare(self, order: Order, place: int) -> None:
        """Read what the order needs some time after so many samples."""


class Chunk:
    """The samples of some steps, in the order of the epoch: those from `start` up to `stop`.

    Parameters
    ----------
    order : ndarray or BlockOrder
        The order of the epoch.
    start, stop : int
    place : int
        Where they begin in the arrays.
    arrays : tuple
        Inputs, targets and weights, or None for the latter.
    """

    def __init__(
        self, order: Order, start: int, stop: int, place: int, arrays: tuple[Array, Array, Array | None]
    ) -> None:
        self.order, self.start, self.stop, self.place, self.arrays = order, start, stop, place, arrays

    def __len__(self) -> int:
        return self.stop - self.start

    def batches(self, current: EpochState, size: int, count: int) -> list[range]:
        """Return the places of the next batches of the epoch, at most `count` of this size."""
        begin = self.place + current.samples - self.start
        places = range(begin, min(begin + size * count, self.place + len(self)))
        return [places[k : k + size] for k in range(0, len(places), size)]

    def batch(self, places: range) -> tuple[Array, Array, Array | None]:
        """Return x, target and weight at these places."""
        x, target, weight = self.arrays
        part = slice(places.start, places.stop)
        return x[part], target[part], None if weight is None else weight[part]

    def targets(self, places: range) -> Array:
        """Return copies of the targets at these places."""
        return self.arrays[1][places.start : places.stop].copy()


class Reading(Thread):
    """Reads a chunk, and then prepares what follows; `result` waits for the former, and raises the error if it fails.

    Parameters
    ----------
    data : Readable
    chunk : Chunk
    before : Reading or None
        Its end comes first.
    """

    def __init__(self, data: Readable, chunk: Chunk, before: Reading | None) -> None:
        super().__init__(name="whorl-read", daemon=True)
        self.data, self.chunk, self.before = data, chunk, before
        self.done = Event()
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        chunk = self.chunk
        if self.before is not None:
            self.before.join()
            self.before = None
        try:
            rows = chunk.order[chunk.start : chunk.stop]
            if rows.min() < 0 or rows.max() >= len(self.data):
                raise IndexError("the order of the samples was changed during training: an index is out of range")
            part = slice(chunk.place, chunk.place + len(chunk))
            x, target, weight = chunk.arrays
            self.data.read(rows, x[part], target[part], None if weight is None else weight[part])
        except BaseException as error:  # noqa: BLE001  # it is raised in the step
            self.error = error
        self.done.set()
        if self.error is None and chunk.stop < len(chunk.order):
            with suppress(Exception):  # the chunk that needs it says so again
                self.data.prepare(chunk.order, chunk.stop)

    def result(self) -> Chunk:
        """Return the chunk."""
        self.done.wait()
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
    """

    def __init__(self, data: Readable, step: int) -> None:
        self.data = data
        size = step * sum(each.dtype.itemsize * math.prod(each.shape[1:]) for each in (data.x, data.target))
        self.size = min(step * max(1, AHEAD // max(1, size)), len(data))
        self.chunk: Chunk | None = None
        self.reading: Reading | None = None
        self.arrays: Any = None

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
        reading = self.reading
        if reading is None or reading.chunk.order is not order or reading.chunk.start != start:
            self.close()  # the epoch begins, again perhaps
            reading = self.reading = self._read(order, start, self._other(chunk))
        reading.done.wait()  # if this is interrupted, the thread still uses its buffer
        self.reading = None
        chunk = self.chunk = reading.result()
        if chunk.stop < len(order):
            self.reading = self._read(order, chunk.stop, self._other(chunk), reading)
        return chunk

    def _other(self, chunk: Chunk | None) -> int:
        """Return the place of the buffer that a chunk does not use."""
        return 0 if chunk is None else self.size - chunk.place

    def _read(self, order: Order, start: int, place: int, before: Reading | None = None) -> Reading:
        stop = min(start + self.size, len(order))
        return Reading(self.data, Chunk(order, start, stop, place, self.buffers()), before)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the end of the thread, if there is one."""
        if self.reading is not None:
            self.reading.join()
