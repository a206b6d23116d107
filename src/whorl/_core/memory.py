"""Memory for arrays: keep or return what is freed, and align the vectors of a model."""

import ctypes
import mmap
import sys
import weakref
from contextlib import suppress
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from whorl._core.types import Array, Shape

BLOCK = 2**25 - 2**16
"""Size in bytes of the block to allocate and free: just under 32 MiB, the largest for which glibc raises its limits."""

PAGE, OFFSET = 4096, 512
"""Size of a memory page, and distance between the starts of vectors within a page, in bytes: eight cache lines."""

KEPT = 2**27
"""A pool keeps at most so many bytes that are not used."""

LARGE_PAGE = 2**21
"""Size of a large memory page in bytes, on the processors that have them."""


def keep_freed_memory() -> None:
    """Let the process keep the memory that a training step frees, for the next step.

    A step allocates arrays and frees them all at its end. glibc, the C library of Linux, returns memory to the system
    whenever the free memory at the end of the heap is more than twice the largest block that was ever freed. The next step
    then asks for it again, and the system must clear every page of 4 KiB: for the benchmarks' reference network "nnfs",
    this took more than half of the step. Allocating and freeing one large block raises the limit to 64 MiB. It takes
    microseconds, because nothing is written to the block, and has no effect with other C libraries.

    References
    ----------
    mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD: the dynamic threshold.
    """
    np.empty(BLOCK, np.uint8)


def return_freed_memory() -> None:
    """Return freed memory to the system, after work that needed much of it once. This has no effect with C libraries other than glibc.

    References
    ----------
    malloc_trim(3).
    """
    with suppress(OSError, AttributeError, TypeError):  # no such function; TypeError on Windows
        ctypes.CDLL(None).malloc_trim(0)


class MemoryPool:
    """Memory for arrays that come and go in several threads: what one array no longer uses, the next one gets.

    The system clears the pages of new memory when they are first written. For 1 MiB that takes 0.5 ms, more than twice as long
    as to read 1 MiB from a file in the system's cache (AMD EPYC, one core). The C library keeps what is freed too, see
    `keep_freed_memory`, but for each thread, which adds up to tens of MB, and returns large blocks to the system.

    Examples
    --------
    >>> pool = MemoryPool()
    >>> first = pool.empty((3, 2), np.float32)
    >>> place = first.ctypes.data
    >>> del first
    >>> pool.empty((3, 2), np.float32).ctypes.data == place
    True
    """

    def __init__(self) -> None:
        self.unused: list[mmap.mmap] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return MemoryPool, ()

    def empty(self, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """Return an array of any contents. The pool gets its memory back when neither it nor a view of it is used any more."""
        size = max(1, prod(shape) * np.dtype(dtype).itemsize)
        memory = None
        with suppress(IndexError):
            memory = self.unused.pop()
        if memory is None or len(memory) < size:
            memory = _mapped(size)
        array = np.ndarray(shape, dtype, memory)
        weakref.finalize(array, self._keep, memory).atexit = False
        return array

    def _keep(self, memory: mmap.mmap) -> None:
        """Keep memory that is no longer used, unless that is too much."""
        if len(memory) + sum(map(len, self.unused)) <= KEPT:
            self.unused.append(memory)


def _mapped(size: int) -> mmap.mmap:
    """Return memory from the system."""
    large = size >= 2 * LARGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE")
    if large:  # Linux aligns what consists of whole large pages, and then clears 2 MiB at once, not 4 KiB
        size = -(-size // LARGE_PAGE) * LARGE_PAGE
    private: Any = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    memory = mmap.mmap(-1, size, **private)
    if large:
        with suppress(OSError):  # a system without large pages
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def aligned_zeros(size: int, dtype: npt.DTypeLike, place: int) -> Array:
    """Return a vector of zeros that starts at a cache line, ``512 * place`` bytes after the start of a page.

    An optimizer reads four vectors and writes three in one loop. The C library lets them all start 16 bytes after the start
    of a page: every other write of 32 bytes then touches two cache lines, and loads wait for stores whose addresses have
    the same last 12 bits. Adam's compiled loop over 235,146 parameters took 227 µs that way; with vectors that start at
    different places of a page, each at a cache line, it takes 67 µs (AMD Zen 4, one core).

    Parameters
    ----------
    size : int
        Number of elements.
    dtype : dtype_like
    place : int
        From 0 to 7: 0 for the parameters, 1 for their gradients, and the others for the state of the optimizer. Larger
        numbers start again from 0.

    Examples
    --------
    >>> vectors = [aligned_zeros(1000, np.float32, place) for place in range(4)]
    >>> [vector.ctypes.data % 4096 for vector in vectors]
    [0, 512, 1024, 1536]
    """
    wanted = np.dtype(dtype)
    room = np.zeros(size * wanted.itemsize + 2 * PAGE, np.uint8)
    start = -room.ctypes.data % PAGE + place * OFFSET % PAGE
    return room[start : start + size * wanted.itemsize].view(wanted)


def aligned_zeros_like(vector: Array, place: int) -> Array:
    """Return `aligned_zeros` with the length and type of `vector`."""
    return aligned_zeros(len(vector), vector.dtype, place)
