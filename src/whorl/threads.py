"""How many threads the matrix products take.

NumPy leaves its products to BLAS (OpenBLAS, as a rule), which shares a large one out among the cores. On a small one the threads
take longer to meet than to multiply, and between two of them they wait by spinning, which keeps cores busy that others could
use. Where the package threadpoolctl is installed (the extra ``whorl[fast]`` brings it), a training whose products are all small
therefore has BLAS use one thread. Without it, the environment variable ``OPENBLAS_NUM_THREADS=1`` does the same for a process.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from threading import Lock
from typing import Any

SMALL = 2**20
"""Multiplications, of the largest product of a step, below which one thread is as fast as two. `benchmarks/threads.md`."""


class OneThread:
    """A ``with`` block in which BLAS uses one thread, if threadpoolctl is there to tell it so.

    The setting is the process's. So the first block that is entered makes it, in whatever thread of Python, and the last one
    that is left takes it back.

    Examples
    --------
    >>> with OneThread():
    ...     pass
    """

    _lock = Lock()
    _inside = 0
    _limit: Any = None

    def __enter__(self) -> None:
        controller = _controller()
        with OneThread._lock:
            OneThread._inside += 1
            if OneThread._inside == 1 and controller:
                OneThread._limit = controller.limit(limits=1, user_api="blas")

    def __exit__(self, *error: object) -> None:
        with OneThread._lock:
            OneThread._inside -= 1
            if OneThread._inside == 0 and OneThread._limit:
                _release()
                OneThread._limit.restore_original_limits()
                OneThread._limit = None
                _release()


@cache
def _controller() -> Any:
    """Return what threadpoolctl knows of this process; None without it."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return None
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _release() -> None:
    """Let any thread of Python set the number: threadpoolctl lets only the one that did so last, as long as it lives."""
    for library in _controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):  # OpenBLAS
            library.clear_controlling_thread(force=True)


class AsIs:
    """A ``with`` block that changes nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


def for_products(largest: int) -> OneThread | AsIs:
    """Return the block for a training whose largest product has so many multiplications."""
    return OneThread() if largest < SMALL else AsIs()
