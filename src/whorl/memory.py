"""Where the arrays of a step live: in memory that the process keeps from step to step."""

import numpy as np

BLOCK = 2**25 - 2**16
"""Bytes of the largest block, 32 MiB and a little less, that changes what the C library of Linux keeps."""


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
