"""The threads of a step, and the functions of the system with which they wait."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from whorl.engine.compiling import ADDRESS, DONE, RUN, WORKER, WORKERS, WRONG
from whorl.engine.stepping import ABORTED, ARRIVED, JOB, SLEEP, TURN, YIELD, compiled_steps

LINE = 8
"""Integers of a cache line."""


class Crew:
    """Threads that run a job together. The caller is one of them.

    Parameters
    ----------
    workers : int
        Their number.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.job = np.zeros(JOB, np.int64)
        self.runs = np.zeros((workers, RUN), np.int64)
        self.barrier = np.zeros(3 * LINE, np.int64)
        for number, r in enumerate(self.runs):
            r[WORKER], r[WORKERS], r[ADDRESS] = number, workers, r.ctypes.data
        for place, name in enumerate((ARRIVED, TURN, ABORTED)):
            self.job[name] = self.barrier[place * LINE :].ctypes.data
        self.job[YIELD], self.job[SLEEP] = system_calls()
        self.job_address, self.run_addresses = self.job.ctypes.data, [int(r[ADDRESS]) for r in self.runs]

    @property
    def done(self) -> int:
        """The number of steps that the last run completed."""
        return int(self.runs[0, DONE])

    def clear(self) -> None:
        """Forget the last run."""
        self.barrier[:] = 0
        self.runs[:, WRONG], self.runs[:, DONE] = 0, 0

    def run(self) -> None:
        """Run the job, after `clear`; raise IndexError if a thread met an index that is out of range."""
        if self.workers == 1:
            compiled_steps()(self.job_address, self.run_addresses[0])
        else:
            with _together:
                self._run_together()
        if self.runs[:, WRONG].any():
            raise IndexError("labels or categories were changed during training: one is out of range")

    def _run_together(self) -> None:
        """Run the job in all threads. If this one is interrupted before it has begun, the others stop at their first barrier."""
        steps, job, threads = compiled_steps(), self.job_address, pool(self.workers - 1)
        others: list[Future[None]] = []
        with own_cores(self.workers) as cores:
            try:
                for r, own in zip(self.run_addresses[1:], cores, strict=True):
                    others.append(threads.submit(run_on, own, steps, job, r))
                steps(job, self.run_addresses[0])
            except BaseException:
                self.barrier[2 * LINE] = 1
                raise
            finally:
                finish(others)


@contextmanager
def own_cores(workers: int) -> Iterator[list[set[int]]]:
    """Keep this thread on its core for a while, and yield the cores for each of the other threads: no two threads share one.

    Linux likes to run a thread on the core of the one that has woken it, expecting that one to sleep soon. Two threads that wait for
    each other on one core take twice as long and more. The sets are empty where the system does not tell on which core a
    thread runs, or has too few cores.
    """
    usual = os.sched_getaffinity(0) if sys.platform == "linux" else set()
    core = ctypes.CDLL(None).sched_getcpu() if usual else -1
    if len(usual) < workers or core not in usual:
        yield [set()] * (workers - 1)
        return
    free = sorted(usual - {core})
    stay_on({core})
    try:
        yield [set(free[number :: workers - 1]) for number in range(workers - 1)]
    finally:
        stay_on(usual)


def stay_on(cores: set[int]) -> None:
    """Let this thread run on these cores only, if the system allows it to choose."""
    with suppress(OSError):
        os.sched_setaffinity(0, cores)


def run_on(cores: set[int], steps: Callable[[int, int], None], job: int, r: int) -> None:
    """Run a part of a job on these cores. Nothing here may fail: the other threads wait for this one."""
    if cores:
        stay_on(cores)
    steps(job, r)


def finish(others: list[Future[None]]) -> None:
    """Wait for the other threads, which use the memory of the run; an interruption waits until they are done."""
    interruption = None
    while True:
        try:
            wait(others)
            break
        except BaseException as interrupt:  # noqa: BLE001  # whatever a signal handler raises
            interruption = interrupt
    if interruption is not None:
        raise interruption


_together = Lock()
"""One job at a time has several threads: two that wait for threads of the same pool would wait for each other."""

_lock = Lock()
_pool: ThreadPoolExecutor | None = None
_size = 0


def pool(size: int) -> ThreadPoolExecutor:
    """Return a pool of at least so many threads."""
    global _pool, _size  # one for the process
    with _lock:
        if _pool is None or _size < size:
            _pool, _size = ThreadPoolExecutor(size, "whorl"), size
        return _pool


def _forget() -> None:
    """Forget the threads, which a forked process does not have."""
    global _pool, _lock, _together  # as above
    _pool, _lock, _together = None, Lock(), Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@cache
def system_calls() -> tuple[int, int]:
    """Return the addresses of functions that let other threads run, and that sleep for some microseconds."""
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        return _address(kernel.SwitchToThread), _address(kernel.Sleep)
    library = ctypes.CDLL(None)
    return _address(library.sched_yield), _address(library.usleep)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
