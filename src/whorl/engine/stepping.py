"""The compiled loop: for each step of a run, for each operation of the program, call its kernel.

Several threads run it side by side, each with its share of the work. Where one needs what the others have computed, the
program has a barrier: a thread waits there for the others.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import types

from whorl.engine.compiling import (
    ADDRESS,
    DONE,
    EPOCH,
    FIRST,
    LAST,
    ROWS,
    START,
    WORKER,
    WORKERS,
    WRONG,
    compiled,
    exact,
)
from whorl.engine.native import add_atomically, call_int, invoke, load_atomically, pointer, relax

STEPS, BATCH, BEGIN, COUNT, OPERATIONS, LENGTH, TABLES, ARRIVED, TURN, ABORTED, YIELD, SLEEP = range(12)
JOB = 12
"""Elements of a job: how many steps; the samples of a batch, where in the order the first one begins, and the samples of an epoch;
the address and the number of the operations; the address of the tables; the addresses of the barrier's three numbers, and
of two functions of the system."""

KERNEL, P, S, C, TABLE = range(5)
OPERATION = 5
"""Elements of an operation: the address of its kernel, 0 for a barrier; the addresses of p, s and c; and 0, or the number of the
table that c comes from, which has a row for each step."""

SPINS, YIELDS, SHORTEST, LONGEST = 4000, 100, 50, 1000
"""How a thread waits at a barrier: so many turns of a loop, which take less than a step of a network that several threads
share; then it lets other threads run, so many times; then it sleeps, again and again, for so many microseconds: first for the
shortest time, and each time for an eighth longer."""


@exact
def wait(job: Any, turn: Any, workers: Any, wrong: Any) -> Any:
    """Wait until all threads are here, at barrier number `turn`; return whether the run goes on: not if one of them is `wrong`."""
    arrived, passed, aborted = job[ARRIVED], job[TURN], job[ABORTED]
    if wrong != 0:
        add_atomically(pointer(aborted, np.int64), 1)
        return False
    if add_atomically(pointer(arrived, np.int64), 1) == workers - 1:  # the last one opens the barrier
        add_atomically(pointer(arrived, np.int64), -workers)
        add_atomically(pointer(passed, np.int64), 1)
        return True
    waited, sleep = 0, SHORTEST
    while load_atomically(pointer(passed, np.int64)) == turn:
        if load_atomically(pointer(aborted, np.int64)) != 0:
            return load_atomically(pointer(passed, np.int64)) != turn  # all were here before that
        waited += 1
        if waited < SPINS:
            relax()
        elif waited < SPINS + YIELDS:
            call_int(job[YIELD], 0)
        else:
            call_int(job[SLEEP], sleep)
            sleep = min(sleep + sleep // 8, LONGEST)
    return True


def steps(job: Any, r: Any) -> None:
    """Take the steps of a job, as the thread whose numbers are r."""
    operations, tables = pointer(job[OPERATIONS], np.int64), pointer(job[TABLES], np.int64)
    turn, start, end = 0, job[BEGIN], job[COUNT]
    r[EPOCH] = 0
    for step in range(job[STEPS]):
        r[START], r[ROWS] = start, min(job[BATCH], end - start)
        r[FIRST] = r[ROWS] * r[WORKER] // r[WORKERS]
        r[LAST] = r[ROWS] * (r[WORKER] + 1) // r[WORKERS]
        for k in range(job[LENGTH]):
            at = k * OPERATION
            if operations[at + KERNEL] == 0:
                if not wait(job, turn, r[WORKERS], r[WRONG]):
                    return
                turn += 1
            else:
                c, table = operations[at + C], operations[at + TABLE]
                if table > 0:  # its address, and the bytes of a row
                    c = tables[2 * table - 2] + step * tables[2 * table - 1]
                invoke(operations[at + KERNEL], operations[at + P], operations[at + S], c, r[ADDRESS])
        r[DONE] = step + 1
        start += r[ROWS]
        if start == end:  # the order of the next epoch follows
            end += job[COUNT]
            r[EPOCH] += 1


@cache
def compiled_steps() -> Callable[[int, int], None]:
    """Return `steps` as a function of two addresses. It runs without the global interpreter lock."""
    integers = types.CPointer(types.int64)
    address = compiled(steps, types.void(integers, integers)).address
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)
