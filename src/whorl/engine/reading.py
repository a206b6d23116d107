"""Read or copy many rows in one compiled call, which runs without the global interpreter lock."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import types

from whorl.engine.compiling import compiled
from whorl.engine.native import call_pread, pointer, pread_address
from whorl.training.mapped import Mapped
from whorl.training.sources import Sliced

READ, FILE, TO, SIZE, OFFSETS, COUNT, DONE = range(7)
"""Elements of a job: the address of ``pread``; the file; where to write the rows, and their bytes; the address of their offsets in the
file, or of their addresses, and their number; and how many were read."""


def rows(job: Any) -> None:
    """Read rows until one is not there as a whole."""
    offsets = pointer(job[OFFSETS], np.int64)
    for k in range(job[COUNT]):
        if call_pread(job[READ], job[FILE], job[TO] + k * job[SIZE], job[SIZE], offsets[k]) != job[SIZE]:
            return
        job[DONE] = k + 1


def copies(job: Any) -> None:
    """Copy rows in memory."""
    addresses, size = pointer(job[OFFSETS], np.int64), job[SIZE]
    for k in range(job[COUNT]):
        to, row = pointer(job[TO] + k * size, np.uint8), pointer(addresses[k], np.uint8)
        for e in range(size):
            to[e] = row[e]


@cache
def compiled_job(work: Callable[[Any], None]) -> Callable[[int], None]:
    """Return `rows` or `copies` as a function of an address."""
    address = compiled(work, types.void(types.CPointer(types.int64))).address
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)


def prepare() -> None:
    """Compile both, and let data in files be read by them from now on, by NumPy's steps too."""
    compiled_job(copies)
    Sliced.copy_rows = staticmethod(copy_rows)
    if hasattr(os, "preadv"):
        compiled_job(rows)
        Mapped.read_rows = staticmethod(read_rows)


def read_rows(file: int, memory: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any], size: int) -> int:
    """Read rows of so many bytes from these offsets into memory, one after the other; return how many were read before one was not whole."""
    offsets = np.ascontiguousarray(offsets, np.int64)
    to = memory.ctypes.data
    job = np.array([pread_address(), file, to, size, offsets.ctypes.data, len(offsets), 0], np.int64)
    compiled_job(rows)(job.ctypes.data)
    return int(job[DONE])


def copy_rows(memory: np.ndarray[Any, Any], addresses: np.ndarray[Any, Any], size: int) -> None:
    """Copy rows of so many bytes from these addresses into memory, one after the other."""
    job = np.array([0, 0, memory.ctypes.data, size, addresses.ctypes.data, len(addresses), 0], np.int64)
    compiled_job(copies)(job.ctypes.data)
