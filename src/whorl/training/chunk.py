"""The samples of some steps, which have been read from files."""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array
from whorl.training.orders import Order
from whorl.training.state import EpochState


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
    own : ndarray of bool, or None
        Which of their inputs are needed; None for all.

    Attributes
    ----------
    places : ndarray of int
        Where the inputs are: their addresses in the arrays, or what `Readable.locate` returned.
    held : list of ndarray
        What else must stay in memory.
    in_place : bool
        Whether inputs are used from where they were located.
    """

    order: Order
    start: int
    stop: int
    place: int
    arrays: tuple[Array, Array, Array | None]
    own: Array | None

    def __init__(
        self,
        order: Order,
        start: int,
        stop: int,
        place: int,
        arrays: tuple[Array, Array, Array | None],
        own: Array | None = None,
    ) -> None:
        self.order, self.start, self.stop, self.place, self.arrays, self.own = order, start, stop, place, arrays, own
        x = arrays[0]
        self.places: Array = x.ctypes.data + np.arange(place, place + stop - start) * x[:1].nbytes
        self.held: list[Array] = []
        self.in_place = False

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

    def part(self, here: slice) -> tuple[Array, Array, Array | None]:
        """Return x, target and weight of a part of the samples of the chunk."""
        return self.batch(range(self.place + here.start, self.place + here.stop))

    def targets(self, places: range) -> Array:
        """Return copies of the targets at these places."""
        return self.arrays[1][places.start : places.stop].copy()
