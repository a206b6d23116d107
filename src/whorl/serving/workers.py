"""Several processes that do the same work, such as answering requests."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from threading import Thread

STOPPING = signal.SIGINT, signal.SIGTERM
"""The signals that end the processes."""
PAUSE = 1.0
"""Seconds before a process that has ended is replaced, so that one that fails at once does not take all the time; and between looks."""


class Workers:
    """Processes that work until Ctrl-C or SIGTERM, which is passed on to them; those that end before are replaced.

    They are forks of this process: they share the memory of what it has loaded, such as a model, as long as none changes it.
    If it is killed, they end too, as after SIGTERM.

    Parameters
    ----------
    count : int
    work : callable
        Called with the number of the worker, from 0, in its process. Must return when the process receives one of the signals.
    """

    def __init__(self, count: int, work: Callable[[int], object]) -> None:
        self.count: int = count
        self.work: Callable[[int], object] = work
        self.stopping: bool = False
        self._context = get_context("fork")
        self._running: dict[int, BaseProcess] = {}  # by the number of the worker

    def run(self, begun: Callable[[], object], stopped: Callable[[], object], ended: Callable[[int], object]) -> None:
        """Run the processes; return when all have ended after a signal.

        Parameters
        ----------
        begun : callable
            Called when all have begun.
        stopped : callable
            Called when a signal is received.
        ended : callable
            Called with the process identifier of each that has ended.
        """

        def stop(*_: object) -> None:
            self.stopping = True
            stopped()
            for process in self._running.values():
                process.terminate()

        before = {each: signal.signal(each, stop) for each in STOPPING}
        try:
            for number in range(self.count):
                self._add(number)
            begun()
            while self._running:
                wait([process.sentinel for process in self._running.values()], PAUSE)  # not longer: see `_add`
                for number, process in list(self._running.items()):
                    if process.exitcode is not None:
                        ended(process.pid or 0)
                        self._replace(number, process)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _replace(self, number: int, process: BaseProcess) -> None:
        """Begin a process in the place of one that has ended."""
        del self._running[number]
        if not self.stopping:
            text = f"process {process.pid} has ended with {process.exitcode}: another takes its place\n"
            sys.stderr.write(text)
            time.sleep(PAUSE)
        self._add(number)

    def _add(self, number: int) -> None:
        """Begin a process, unless all are to stop.

        A signal that comes meanwhile waits, or goes to another thread, such as those of OpenBLAS. Then it does not wake this one.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        if not self.stopping:
            process = self._running[number] = self._context.Process(target=self._work, args=(number,))
            process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _work(self, number: int) -> None:
        """Do the work, in a process of its own."""
        for each in STOPPING:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        Thread(target=_end_with_parent, name="whorl-parent", daemon=True).start()
        self.work(number)


def _end_with_parent() -> None:
    """Wait until the process that has begun this one is gone, and end it."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
