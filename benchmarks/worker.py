"""A worker process for each peer. It is idle while others are measured, so that no two libraries' threads compete."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import Any

from benchmarks.cases import Case, samples
from benchmarks.peers import PEERS
from benchmarks.processes import fresh
from benchmarks.rounds import timed

REST = 0.05
"""Seconds between two measurements: long enough for the threads of the last one to stop spinning."""


class PeerError(Exception):
    """A peer failed; the message says why."""


@contextmanager
def worker(name: str) -> Iterator[Callable[..., Any]]:
    """Start a process for a peer, and end it after the ``with``.

    Yields
    ------
    ask : callable
        Takes the name of a method of `Contender` and its arguments, and returns what the method returns. Raises PeerError
        if the method fails or the process ends.
    """
    with fresh(PEERS[name].environment) as process:

        def ask(method: str, *arguments: object) -> Any:
            time.sleep(REST)
            try:
                return process.submit(call, name, method, *arguments).result()
            except BrokenProcessPool:
                raise PeerError("its process ended abruptly") from None

        yield ask


def call(name: str, method: str, *arguments: object) -> Any:
    """Call a method in the worker process. An error becomes text, since its class may belong to the peer's library."""
    try:
        return getattr(contender(name), method)(*arguments)
    except Exception as error:  # noqa: BLE001  # a peer may raise anything
        raise PeerError(" ".join(f"{type(error).__name__}: {error}".split())[:300]) from None


class Contender:
    """A peer in its worker process."""

    measure: Callable[[], float]
    """Trains from fresh parameters, and returns microseconds a step."""

    def __init__(self, name: str) -> None:
        self.peer_class = PEERS[name].load()

    def prepare(self, case: Case, seconds: float) -> None:
        """Let the peer compile and warm up for a case, check that it learns, and set the length of a measurement."""
        self.X, y = samples(case)
        self.peer, self.seconds = self.peer_class(case, self.X, y), seconds
        self.measure = timed(self.peer, seconds)

    def predict(self, rows: int) -> float:
        """Return microseconds for the predictions of so many rows: the median of the calls that fit into the time."""
        x = self.X[:rows]
        self.peer.predict(x)
        times: list[float] = []
        while sum(times) < self.seconds or len(times) < 3:
            begun = time.perf_counter()
            self.peer.predict(x)
            times.append(time.perf_counter() - begun)
        return sorted(times)[len(times) // 2] * 1e6


@cache
def contender(name: str) -> Contender:
    """Return the contender of this process, made at the first call."""
    return Contender(name)
