"""Arrays that are mapped into memory, such as `numpy.memmap`: read some of their rows."""

from __future__ import annotations

import mmap
import os
from math import prod
from typing import Any, ClassVar

import numpy as np

from whorl._core.memory import MemoryPool
from whorl._core.types import Array, Shape


def mapping_of(array: Array) -> np.memmap[Any, Any] | None:
    """Return the mapping beneath an array, if there is one."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        base: Any = owner.base
        if isinstance(owner, np.memmap) and not isinstance(base, np.memmap):
            return owner if isinstance(base, mmap.mmap) else None
        owner = base
    return None


class Mapped:
    """The rows of an array that is mapped into memory.

    They are read from the file, not from the mapping: pages of a mapping count as memory of the process, and a file that was cut short
    would end the process instead of raising an error. Where that is not possible, for example for columns of an array, they are
    read from the mapping.
    """

    boundaries: Array | None = None
    buffer = 1
    parallel = 4
    """Threads that may read blocks at the same time, which other arrays in files may not allow."""
    read_rows: ClassVar[Any] = None  # a function, which mypy would take for a method
    """A faster way to read many rows, which the compiled engine has: given the file, the array to fill, the offsets of the rows and their
    bytes, it returns how many were read before one was not whole."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.shape: Shape = array.shape
        self.dtype: np.dtype[Any] = array.dtype
        self.size: int = prod(self.shape[1:]) * self.dtype.itemsize
        self.pool = MemoryPool()
        self.file: int = -1
        self.replaced = False
        """Whether there is another file of this name now."""
        mapping = mapping_of(array)
        assert mapping is not None
        self.start: int = mapping.offset + _address(array) - _address(mapping)
        name, whole = mapping.filename, array[:1].flags.c_contiguous and len(array) > 0
        if not whole or name is None or mapping.mode == "c" or not hasattr(os, "preadv"):
            return
        try:
            self.file = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it was removed, for example
            return
        last = len(array) - 1
        if any(self.read(row, row + 1).tobytes() != array[row].tobytes() for row in (0, last) if self._there(row)):
            self.close()
            self.replaced = True

    def close(self) -> None:
        """Close the file."""
        file, self.file = self.file, -1
        if file >= 0:
            os.close(file)

    __del__ = close

    def __reduce__(self) -> tuple[Any, ...]:
        return _mapped_again, self.place()

    def place(self) -> tuple[Any, ...]:
        """Return where the array is, for `open_again` in another process.

        Raises
        ------
        TypeError
            If the mapping has changes of its own (mode "c"), or there is no file of this name with this content.
        """
        mapping = mapping_of(self.array)
        if mapping is None or mapping.mode == "c" or mapping.filename is None or self.replaced:
            raise TypeError(
                "an array cannot be sent to another process if it is mapped with changes of its own, or its file has no name or was replaced"
            )
        return os.path.abspath(str(mapping.filename)), self.start, self.shape, self.array.strides, self.dtype

    def __deepcopy__(self, _: Any) -> Mapped:
        return self

    def __getitem__(self, place: slice) -> Array:
        return self.read(*place.indices(len(self.array))[:2])

    def _there(self, row: int) -> bool:
        return self.start + row * self.array.strides[0] + self.size <= os.fstat(self.file).st_size

    def read(self, start: int, stop: int) -> Array:
        if self.file < 0 or self.array.strides[0] != self.size:
            return self.take(np.arange(start, stop))
        out = self.pool.empty((stop - start, *self.shape[1:]), self.dtype)
        self._fill(_bytes(out), [(0, self.start + start * self.size)], out.nbytes)
        return out

    def take(self, rows: Array, out: Array | None = None) -> Array:
        if out is None:
            out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        if self.file < 0:
            np.take(self.array, rows, axis=0, out=out)
            self._give_back()
        else:
            offsets = self.start + rows * self.array.strides[0]
            done = 0 if self.read_rows is None else self.read_rows(self.file, out, offsets, self.size)
            places = range(done * self.size, len(rows) * self.size, self.size or 1)
            self._fill(_bytes(out), zip(places, offsets[done:].tolist(), strict=True), self.size)
        return out

    def locate(self, rows: Array) -> tuple[Array, list[Array]] | None:
        return None if self.file < 0 else (~(self.start + rows * self.array.strides[0]), [])

    def _fill(self, memory: memoryview, places: Any, size: int) -> None:
        """Read `size` bytes to each place in memory from an offset in the file."""
        file, read = self.file, os.preadv
        for place, offset in places:
            done = read(file, [memory[place : place + size]], offset)
            while done < size:  # at most 2 GiB at once
                more = read(file, [memory[place + done : place + size]], offset + done)
                if not more:
                    name = getattr(mapping_of(self.array), "filename", "")
                    raise OSError(f"{name} was cut short: it ends before byte {offset + size}")
                done += more

    def _give_back(self) -> None:
        """Let the system forget the pages that were read from the mapping; they stay in its cache of the file."""
        mapping = mapping_of(self.array)
        if mapping is not None and mapping.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
            pages: Any = mapping.base
            pages.madvise(mmap.MADV_DONTNEED)


def open_again(name: str, start: int, shape: Shape, strides: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Map an array again, in another process."""
    return np.ndarray(shape, dtype, np.memmap(name, np.uint8, "r"), start, strides)


def _mapped_again(*place: Any) -> Mapped:
    return Mapped(open_again(*place))


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _bytes(array: Array) -> memoryview:
    flat: Any = array.reshape(-1).view(np.uint8)
    return memoryview(flat)
