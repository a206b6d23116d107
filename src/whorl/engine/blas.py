"""The matrix products of NumPy's own BLAS, called by address, and its number of threads."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np


class BLAS(NamedTuple):
    """Functions of the OpenBLAS that NumPy loads, with 64-bit sizes.

    Parameters
    ----------
    sgemm, dgemm : int
        The addresses of the products, in float32 and float64.
    get_threads, set_threads : callable
        Its number of threads, which is one for the whole process.
    """

    sgemm: int
    dgemm: int
    get_threads: Callable[[], int]
    set_threads: Callable[[int], None]


@cache
def blas() -> BLAS | None:
    """Return the BLAS in NumPy's wheel; None if NumPy uses another one."""
    package = Path(np.__file__).parent
    folders = [package.parent / "numpy.libs", package / ".dylibs", package / ".libs"]
    for path in sorted(path for folder in folders for path in folder.glob("*openblas*")):
        try:
            library = ctypes.CDLL(str(path))
            sgemm, dgemm = (
                ctypes.cast(library[f"scipy_cblas_{name}64_"], ctypes.c_void_p).value for name in ("sgemm", "dgemm")
            )
            threads = (library[f"scipy_openblas_{verb}_num_threads64_"] for verb in ("get", "set"))
            return BLAS(sgemm or 0, dgemm or 0, *threads)
        except (OSError, AttributeError):
            continue
    return None


_lock = Lock()
_running = 0
_usual = 1


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let each BLAS call use one thread, in the whole process, until the last of those who ask for it is done."""
    global _running, _usual  # noqa: PLW0603  # a setting of the process, and who has changed it
    found = blas()
    if found is None:
        yield
        return
    with _lock:
        if _running == 0:
            _usual = found.get_threads()
        _running += 1  # before the change and until after its end, so that a process forked in between knows of it
        found.set_threads(1)
    try:
        yield
    finally:
        with _lock:
            if _running == 1:
                found.set_threads(_usual)
            _running -= 1


def _forget() -> None:
    """Forget who runs: a forked process has one thread, which forked and did not run."""
    global _running, _lock  # noqa: PLW0603  # as above
    _lock = Lock()
    if _running:
        found = blas()
        assert found is not None
        found.set_threads(_usual)
    _running = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
