"""Compile kernels when they are first used, and keep the machine code on disk.

A kernel is one operation on flat arrays. All kernels have the same four arguments, so that a program can call any of them:

p  pointers to arrays of the network's float type
s  integers: sizes, and addresses of other arrays
c  numbers of the network's float type
r  the run: which rows of the batch, and which thread; see `RUN`
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias

import numba
import numpy as np
from numba import types

from whorl.engine.store import StoredFunction

Pointers: TypeAlias = Any
Integers: TypeAlias = Any
Numbers: TypeAlias = Any
Run: TypeAlias = Any

FIRST, LAST, ROWS, START, EPOCH, WORKER, WORKERS, WRONG, DONE, ADDRESS, BEFORE, AFTER = range(12)
RUN = 16
"""Elements of r, of which some are unused: this thread's rows of the batch are FIRST to LAST, of ROWS; the batch begins at START
of the order, in epoch number EPOCH of this run; the thread is WORKER of WORKERS; WRONG is set to 1 if an index is out of range; DONE counts the completed
steps; ADDRESS is that of r itself; other processes have BEFORE and AFTER rows of the same batch, in front of these and behind."""

FLAGS = {"contract", "nsz", "reassoc"}
"""Freedoms of the compiler: fused multiply-adds, the sign of zero, and the order of sums. NaN and infinity stay what they are."""

_lock = RLock()


class Kernel:
    """A function that is compiled, for float32 or float64, when its address is first asked for."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function
        self.compiled: dict[type, Any] = {}
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def address(self, dtype: np.dtype[Any]) -> int:
        """Return the address of the machine code for this float type."""
        with _lock:
            if dtype.type not in self.compiled:
                announce()
                number = types.float32 if dtype == np.float32 else types.float64
                integers = types.CPointer(types.int64)
                arrays = types.CPointer(types.CPointer(number))
                signature = types.void(arrays, integers, types.CPointer(number), integers)
                self.compiled[dtype.type] = compiled(self.function, signature, fastmath=FLAGS)
            address: int = self.compiled[dtype.type].address
            return address


@functools.cache
def announce() -> None:
    """Say that kernels are about to be compiled, if none of this version have been compiled on this machine."""
    if not os.path.isdir(cache_directory()):
        sys.stderr.write("whorl: compiling kernels, once on this machine; later runs load them within half a second\n")
        sys.stderr.flush()


def kernel(function: Callable[..., None]) -> Kernel:
    """Mark a function as a kernel."""
    return Kernel(function)


def compiled(function: Callable[..., Any], signature: Any, **options: Any) -> Any:
    """Return a compiled C function, from the files on disk if it is there.

    The directory of the files is named after all that the machine code depends on.
    """
    with _lock:
        result = StoredFunction(cache_directory(), function, signature, error_model="numpy", **options)
        result.compile()
    if result.store.error is not None:
        warn_once(str(result.store.error.strerror))
    return result


@functools.cache
def warn_once(error: str) -> None:
    """Warn that kernels cannot be kept."""
    warnings.warn(
        f"compiled kernels cannot be kept in {cache_directory()}, so each process compiles them again ({error});"
        " set NUMBA_CACHE_DIR to another directory",
        RuntimeWarning,
        stacklevel=2,
    )


@functools.cache
def cache_directory() -> str:
    """Return the directory of the compiled kernels, named after this version of them, and of Numba."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    base = os.environ.get("NUMBA_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "whorl"
    )
    return os.path.join(base, f"kernels-{digest.hexdigest()[:16]}")


def inlined(function: Callable[..., Any]) -> Any:
    """Mark a helper of kernels, which is compiled as part of them."""
    return numba.njit(error_model="numpy", fastmath=FLAGS)(function)


def exact(function: Callable[..., Any]) -> Any:
    """Mark a helper of kernels whose sums are computed in the order that is written. It is always inlined, so that loops stay vectorized."""
    return numba.njit(error_model="numpy", fastmath={"contract"}, forceinline=True)(function)


@numba.njit
def share(r: Run, count: int) -> tuple[int, int]:
    """Return the range of this thread's part of `count` things."""
    return count * r[WORKER] // r[WORKERS], count * (r[WORKER] + 1) // r[WORKERS]


def _forget() -> None:
    """Forget who compiles: a forked process has one thread."""
    global _lock  # noqa: PLW0603  # one for the process
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
