"""Where arrays live: the temporary ones of a step in memory that the process keeps, the long ones where the processor likes them."""

import numpy as np
import numpy.typing as npt

from whorl._core.types import Array

BLOCK = 2**25 - 2**16
"""Bytes of the largest block, 32 MiB and a little less, that changes what the C library of Linux keeps."""

PAGE, APART = 4096, 512
"""Bytes of a page, and how far from each other, within one, vectors begin; a multiple of a cache line's 64."""


def keep_freed_memory() -> None:
    """Let the process keep the memory that a step frees, for the next step.

    Each step makes fresh arrays, and drops them all at its end. The C library of Linux (glibc) then gives memory back to the
    system whenever what lies free at the end of the heap is more than twice the largest block that was ever freed; the next
    step asks for it again, and pays for each page of 4 KiB, since the system must clear it: at the reference network "nnfs" of
    the benchmarks that was more than half of the step. Asking for one large block and dropping it raises the limit, to 64 MiB.
    It costs microseconds, as nobody writes to the block; other C libraries do not mind.

    References
    ----------
    mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD: the dynamic threshold.
    """
    np.empty(BLOCK, np.uint8)


def aligned_zeros(size: int, dtype: npt.DTypeLike, place: int) -> Array:
    """Return a vector of zeros that begins with a cache line: in the given place of a page, of which there are eight.

    An optimizer reads four vectors and writes three at once. The C library has them begin 16 bytes after a page does: then every
    other write of 32 bytes touches two cache lines, and loads wait for stores whose addresses end in the same 12 bits. Adam's
    compiled loop over 235,146 parameters took 227 µs so, and takes 67 µs over vectors that begin here (AMD Zen 4, one core).
    Place 0 is for the parameters, 1 for their gradients, and the others are for what an optimizer remembers.

    Examples
    --------
    >>> vectors = [aligned_zeros(1000, np.float32, place) for place in range(4)]
    >>> [vector.ctypes.data % 4096 for vector in vectors]
    [0, 512, 1024, 1536]
    """
    wanted = np.dtype(dtype)
    room = np.zeros(size * wanted.itemsize + 2 * PAGE, np.uint8)
    start = -room.ctypes.data % PAGE + place * APART % PAGE
    return room[start : start + size * wanted.itemsize].view(wanted)


def aligned_zeros_like(vector: Array, place: int) -> Array:
    """Return `aligned_zeros` of the same length and type."""
    return aligned_zeros(len(vector), vector.dtype, place)
