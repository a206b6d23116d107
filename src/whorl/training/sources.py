"""Arrays that are larger than memory: which objects they are, and how some of their rows are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from threading import Lock, Semaphore
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from whorl._core.types import Array, Shape
from whorl._core.validation import integer, show
from whorl.training.mapped import Mapped, mapping_of, open_again

IN_MEMORY = 2**26
"""Arrays in files of at most so many bytes are read into memory at once."""

BLOCK, BUFFER = 2**20, 32
"""About how many bytes a block has, and how many blocks are shuffled together."""

FOREIGN = ("__dlpack__", "__array_interface__", "__array_ufunc__", "__array_priority__")
"""Attributes of arrays in memory, such as those of PyTorch and pandas. Arrays in files do not have them."""


class Source(Protocol):
    """Rows in a file.

    Attributes
    ----------
    shape : tuple of int
        That of the whole array, (n, …).
    dtype : dtype
    boundaries : ndarray of int, or None
        Where the blocks begin that are read at once, and n at the end; None if each row can be read alone.
    buffer : int
        The number of blocks that are shuffled together.
    file : int
        The descriptor of the file that single rows are read from, or -1.
    """

    shape: Shape
    dtype: np.dtype[Any]
    boundaries: Array | None
    buffer: int
    file: int

    def read(self, start: int, stop: int) -> Array:
        """Return a copy of these rows."""

    def take(self, rows: Array, out: Array | None = None) -> Array:
        """Return copies of the rows at these indices, in `out` if it is given."""

    def locate(self, rows: Array) -> tuple[Array, list[Array]] | None:
        """Return where the rows at these indices are, and the arrays that must stay in memory while they are used; None if that is not known.

        A place is an address in memory or, below 0, the complement ~offset of an offset in `file`.
        """


class Stored:
    """An array in a file, to be read in parts during training, however small it is.

    Methods such as `Model.fit` read arrays in files of more than 64 MiB in parts, without this class. It serves to choose how such
    data are shuffled: the order of the blocks is random, and so is that of the rows of several blocks, which are in memory
    together.

    Parameters
    ----------
    array : array
        An array with ``shape``, ``dtype`` and slices of rows, such as `numpy.memmap` or a data set of h5py or Zarr.
    block : int, optional
        Rows of a block. By default, those of about 1 MiB, in whole chunks of the file. Without it, an array that is mapped into memory
        has no blocks: the order of its rows is an exact permutation.
    buffer : int, optional
        The number of blocks that are shuffled, and in memory, together; by default 32. As many again are read ahead.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.npy")
    >>> np.save(path, np.arange(6.0).reshape(3, 2))
    >>> Stored(np.load(path, mmap_mode="r"), block=2, buffer=8)
    <Stored array of shape (3, 2) and type float64, blocks of 2 rows, 8 in a buffer>
    """

    def __init__(self, array: Any, *, block: int | None = None, buffer: int | None = None) -> None:
        if isinstance(array, Stored) or not _in_file(array):
            raise TypeError(
                f"array must be in a file, such as np.load(path, mmap_mode='r') or a data set of h5py or Zarr, got {show(array)}"
            )
        self.array = array
        self.block: int | None = None if block is None else integer("block", block)
        usual: int = getattr(array, "buffer", BUFFER)
        self.buffer: int = usual if buffer is None else integer("buffer", buffer)
        self.shape: Shape = tuple(array.shape)
        self.dtype: np.dtype[Any] = array.dtype

    def __reduce__(self) -> tuple[Any, ...]:  # NumPy would send all that a mapped array holds
        mapped = isinstance(self.array, np.ndarray)
        place = Mapped(self.array).place() if mapped else (self.array,)
        return _stored_again, (mapped, place, self.block, self.buffer)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: Any) -> Any:
        return self.array[place]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __repr__(self) -> str:
        blocks = f", blocks of {self.block} rows, {self.buffer} in a buffer" if self.block else ""
        return f"<Stored array of shape {self.shape} and type {self.dtype}{blocks}>"


def _stored_again(mapped: bool, place: tuple[Any, ...], block: int | None, buffer: int) -> Stored:  # noqa: FBT001
    array = open_again(*place) if mapped else place[0]
    return Stored(array, block=block, buffer=buffer)


def is_stored(values: object) -> bool:
    """Whether values are to be read in parts: a `Stored` array, or one in a file that is larger than `IN_MEMORY`."""
    if isinstance(values, Stored):
        return True
    if not _in_file(values):
        return False
    given: Any = values
    return prod(map(int, given.shape)) * int(given.dtype.itemsize) > IN_MEMORY


def _in_file(values: object) -> bool:
    if isinstance(values, np.ndarray):
        return values.ndim > 0 and mapping_of(values) is not None
    kind = type(values)
    if any(hasattr(kind, name) for name in FOREIGN) or not hasattr(kind, "__getitem__"):
        return False
    shape, dtype = getattr(values, "shape", None), getattr(values, "dtype", None)
    return isinstance(shape, tuple) and len(shape) > 0 and isinstance(dtype, np.dtype)


def source(values: Any, boundaries: Array | None = None) -> Source:
    """Return how to read an array for which `is_stored` is true, in these blocks if they are given."""
    given = values if isinstance(values, Stored) else Stored(values)
    rows: Any = Mapped(given.array) if isinstance(given.array, np.ndarray) else given.array
    if isinstance(rows, Mapped) and given.block is None:
        return rows
    if given.block is None:
        boundaries = getattr(rows, "boundaries", boundaries)
    if boundaries is None or given.block is not None:
        count = rows.shape[0]
        boundaries = np.append(np.arange(0, count, given.block or _block(rows)), count)
    return Sliced(rows, boundaries, given.buffer)


def _block(array: Any) -> int:
    """Return the rows of about `BLOCK` bytes, in whole chunks."""
    size = prod(map(int, array.shape[1:])) * int(array.dtype.itemsize)
    chunk = int((getattr(array, "chunks", None) or (1,))[0])
    return max(1, round(BLOCK / max(1, size * chunk))) * chunk


def _unique(numbers: Array, count: int) -> tuple[Array, Array]:
    """Return the different ones of many numbers below `count`, and the place of each number among them, as ``np.unique`` does."""
    found = np.zeros(count, bool)
    found[numbers] = True
    places = np.cumsum(found) - 1
    return np.flatnonzero(found), places[numbers]


class Block:
    """Rows that one of several threads reads."""

    def __init__(self) -> None:
        self.lock: Any = Lock()
        self.rows: Array | None = None

    def fill(self, read: Callable[[], Array], *, wait: bool) -> None:
        """Read the rows, unless they are there, or another thread reads them; then wait for it, or not."""
        if self.rows is None and self.lock.acquire(wait):
            try:
                if self.rows is None:
                    self.rows = read()
            finally:
                self.lock.release()


class Sliced:
    """The rows of an array that is read in blocks; the last ones that were read are kept.

    Parameters
    ----------
    array : array
        With slices of rows.
    boundaries : ndarray of int
        Where the blocks begin, and the number of rows.
    buffer : int
        The number of blocks that are shuffled together; twice as many are kept.
    """

    array: Any
    buffer: int
    file = -1

    copy_rows: ClassVar[Any] = None  # a function, which mypy would take for a method
    """A faster way to copy many rows, which the compiled engine has: given the array to fill, the addresses of the rows and their bytes."""

    def __init__(self, array: Any, boundaries: Array, buffer: int) -> None:
        self.array, self.buffer = array, buffer
        self.boundaries: Array | None = boundaries
        self.starts: Array = boundaries
        self.step = int(np.diff(boundaries).max(initial=1))
        self.first: Array = self._search(np.arange(0, int(boundaries[-1]), self.step))
        self.shape: Shape = tuple(array.shape)
        self.dtype: np.dtype[Any] = array.dtype
        self.size: int = prod(self.shape[1:]) * self.dtype.itemsize
        self.kept: dict[int, Block] = {}
        self.lock: Any = Lock()
        # It is not known of every array whether several threads can read it.
        self.readers: Semaphore = Semaphore(getattr(array, "parallel", 1))

    def __reduce__(self) -> tuple[Any, ...]:
        return Sliced, (self.array, self.starts, self.buffer)

    def __deepcopy__(self, _: Any) -> Sliced:
        return self

    def read(self, start: int, stop: int) -> Array:
        rows = np.ascontiguousarray(self.array[start:stop], self.dtype)
        if rows.shape != (expected := (stop - start, *self.shape[1:])):
            raise OSError(
                f"{show(self.array)} has changed: rows {start} to {stop} have shape {rows.shape}, not {expected}"
            )
        return rows

    def take(self, rows: Array, out: Array | None = None) -> Array:
        if out is None:
            out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        if self.copy_rows is not None and out.flags.c_contiguous and (located := self.locate(rows)) is not None:
            addresses, _blocks = located
            self.copy_rows(out, addresses, self.size)
            return out
        different, places = _unique(self._numbers(rows), len(self.starts))
        one_by_one = (self.load([number])[0] for number in different.tolist())
        blocks = self.load(different.tolist()) if self._few(different) else one_by_one
        for number, block in enumerate(blocks):
            part = places == number
            out[part] = block.take(rows[part] - self.starts[different[number]], axis=0)
        return out

    def locate(self, rows: Array) -> tuple[Array, list[Array]] | None:
        different, places = _unique(self._numbers(rows), len(self.starts))
        if not self._few(different):
            return None
        blocks = self.load(different.tolist())
        begins = np.array([each.ctypes.data for each in blocks], np.int64) - self.starts[different] * self.size
        return begins[places] + rows * self.size, blocks

    def _few(self, blocks: Array) -> bool:
        """Whether so many blocks are all kept."""
        return len(blocks) <= 2 * self.buffer

    def _numbers(self, rows: Array) -> Array:
        """Return the blocks that rows are in. Blocks of equal sizes are found by a division, ten times as fast as by a search."""
        numbers: Array = self.first[rows // self.step]
        later = np.flatnonzero(rows >= self.starts[numbers + 1])
        numbers[later] = self._search(rows[later])
        return numbers

    def _search(self, rows: Array) -> Array:
        blocks: Array = np.searchsorted(self.starts, rows, side="right") - 1
        return blocks

    def load(self, numbers: list[int], *, renew: bool = False) -> list[Array]:
        """Return these blocks; those that are not kept are read, by several threads if as many want them.

        The blocks that were read first are forgotten first; `renew` lets these count as read now.
        """
        with self.lock:
            get: Callable[..., Block | None] = self.kept.pop if renew else self.kept.get
            blocks = [get(number, None) or Block() for number in numbers]
            self.kept.update(zip(numbers, blocks, strict=True))
            for number in [*self.kept][: max(0, len(self.kept) - 2 * self.buffer)]:
                del self.kept[number]
        for wait in (False, True):
            for number, block in zip(numbers, blocks, strict=True):
                block.fill(partial(self._read_block, number), wait=wait)
        return [cast("Array", each.rows) for each in blocks]

    def _read_block(self, number: int) -> Array:
        with self.readers:
            return self.read(*self.starts[number : number + 2].tolist())
