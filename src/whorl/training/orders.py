"""The order of the samples in an epoch, and parts of the samples, for data that are read in blocks.

Letters: n samples in m blocks.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from whorl._core.types import Array

KEPT = 128
"""The number of blocks whose rows a `BlockPart` remembers."""


class BlockOrder:
    """A random order of samples in blocks: of the blocks, and of the samples of several blocks that are in a buffer together.

    It is computed where it is used, so it takes no more memory than the order of one buffer.

    Parameters
    ----------
    starts : ndarray of int, shape (m + 1,)
        Where the blocks begin, and n.
    blocks : ndarray of int, shape (m,)
        The order of the blocks.
    buffer : int
        The number of blocks in a buffer.
    seed : int
        Determines the order within each buffer.

    Examples
    --------
    >>> order = BlockOrder(np.array([0, 3, 6, 8]), np.array([2, 0, 1]), buffer=2, seed=0)
    >>> len(order), sorted(order[0:5].tolist()), sorted(order[5:8].tolist())
    (8, [0, 1, 2, 6, 7], [3, 4, 5])
    """

    starts: Array
    blocks: Array
    buffer: int
    seed: int

    def __init__(self, starts: Array, blocks: Array, buffer: int, seed: int) -> None:
        self.starts, self.blocks, self.buffer, self.seed = starts, blocks, buffer, seed
        sizes = np.diff(starts)[blocks]
        first = np.arange(0, len(blocks), buffer)
        self.ends: Array = np.cumsum(np.add.reduceat(sizes, first))  # of the buffers
        self._last: tuple[int, Array] = (-1, np.empty(0, np.int64))

    @classmethod
    def drawn(cls, starts: Array, buffer: int, rng: np.random.Generator) -> BlockOrder:
        """Draw an order."""
        return cls(starts, rng.permutation(len(starts) - 1), buffer, int(rng.integers(2**53)))

    @classmethod
    def restored(cls, memory: SimpleNamespace) -> BlockOrder:
        """Return the order that `content` was called for; raise ValueError if it is none."""
        try:
            starts, blocks, buffer, seed = (getattr(memory, name) for name in ("starts", "blocks", "buffer", "seed"))
            whole = all(isinstance(each, np.ndarray) and each.dtype == np.int64 for each in (starts, blocks))
            if not whole or not np.array_equal(np.sort(blocks), np.arange(len(starts) - 1)) or starts[0] != 0:
                raise ValueError
            if (np.diff(starts) < 0).any() or not (isinstance(buffer, int) and buffer > 0 and 0 <= seed < 2**53):
                raise ValueError
            return cls(starts, blocks, buffer, seed)
        except (AttributeError, TypeError, ValueError, IndexError):
            raise ValueError("the order of the blocks is none that whorl writes") from None

    def content(self) -> SimpleNamespace:
        """Return the order as data, for a file."""
        return SimpleNamespace(starts=self.starts, blocks=self.blocks, buffer=self.buffer, seed=self.seed)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __deepcopy__(self, _: Any) -> BlockOrder:
        return self

    def __getitem__(self, place: slice) -> Array:
        start, stop, _ = place.indices(len(self))
        parts, number = [np.empty(0, np.int64)], int(np.searchsorted(self.ends, start, side="right"))
        while start < stop:
            end = int(self.ends[number])
            rows = self._buffered(number)
            parts.append(rows[len(rows) - (end - start) :][: stop - start])
            start, number = min(end, stop), number + 1
        return np.concatenate(parts)

    def needed(self, start: int, stop: int) -> list[int]:
        """Return the blocks of the samples from `start` up to `stop`: those of whole buffers; none if they are more than two, which are not kept together."""
        first, last = np.searchsorted(self.ends, [start, stop - 1], side="right")
        if last - first > 1:
            return []
        return [int(each) for each in self.blocks[first * self.buffer : (last + 1) * self.buffer]]

    def coming(self, place: int) -> list[int]:
        """Return the blocks of the next buffer that should be there when so many samples are used: as great a share as that of the current buffer."""
        number = int(np.searchsorted(self.ends, place, side="right"))
        if number + 1 >= len(self.ends):
            return []
        begin = int(self.ends[number - 1]) if number else 0
        blocks = self.blocks[(number + 1) * self.buffer : (number + 2) * self.buffer]
        share = (place - begin) / (int(self.ends[number]) - begin)
        return [int(each) for each in blocks[: math.ceil(share * len(blocks))]]

    def _buffered(self, number: int) -> Array:
        """Return the samples of a buffer, in order."""
        kept, rows = self._last
        if kept != number:
            blocks = self.blocks[number * self.buffer : (number + 1) * self.buffer]
            rows = np.concatenate([np.arange(self.starts[each], self.starts[each + 1]) for each in blocks])
            np.random.default_rng([self.seed, number]).shuffle(rows)
            self._last = number, rows
        return rows


class BlockPart:
    """The rows of a part of the samples: some of each block, which a generator with a seed draws.

    Like an array of their indices, but computed where it is used.

    Parameters
    ----------
    boundaries : ndarray of int, shape (m + 1,)
        Where the blocks begin, and the number of all rows.
    aside : int
        How many rows to set aside, in proportion to the sizes of the blocks.
    seed : int
    chosen : bool
        Whether this is the part that was set aside, or the other one.
    """

    boundaries: Array
    seed: int
    chosen: bool

    def __init__(self, boundaries: Array, aside: int, seed: int, *, chosen: bool) -> None:
        self.boundaries, self.seed, self.chosen = boundaries, seed, chosen
        self.aside: Array = np.diff(boundaries * aside // int(boundaries[-1]))
        counts = self.aside if chosen else np.diff(boundaries) - self.aside
        self.starts: Array = np.concatenate([[0], np.cumsum(counts)])
        self._kept: dict[int, Array] = {}

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __deepcopy__(self, _: Any) -> BlockPart:
        return self

    def __getitem__(self, place: slice | Array) -> Array:
        return self.take(np.arange(*place.indices(len(self))) if isinstance(place, slice) else place)

    def take(self, places: Any) -> Array:
        """Return the rows at these places, as ``ndarray.take`` does."""
        places = np.asarray(places)
        rows, numbers = np.empty(len(places), np.int64), np.searchsorted(self.starts, places, side="right") - 1
        for number in np.unique(numbers):
            own = numbers == number
            rows[own] = self._rows(int(number))[places[own] - self.starts[number]]
        return rows

    def _rows(self, number: int) -> Array:
        """Return the rows of this part in a block, ascending."""
        if number not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept = {}
            start, stop = self.boundaries[number : number + 2]
            order, aside = np.random.default_rng([self.seed, number]).permutation(stop - start), self.aside[number]
            self._kept[number] = start + np.sort(order[:aside] if self.chosen else order[aside:])
        return self._kept[number]


def starts_of(rows: Array | BlockPart | None, boundaries: Array) -> Array:
    """Return where the blocks begin among some rows, in ascending order, and their number."""
    if rows is None:
        return boundaries
    starts: Array = rows.starts if isinstance(rows, BlockPart) else np.searchsorted(rows, boundaries)
    return starts


Order: TypeAlias = "Array | BlockOrder"
"""The indices of the samples, in the order of an epoch."""
