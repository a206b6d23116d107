"""A process for each peer, driven over a pipe: it rests while others run, and nobody's threads are in another's way.

The parent writes a line of JSON, the worker answers with one: ``["prepare", …]`` makes the peer for a case, warms it up and
sees that it learns; ``["measure"]`` trains for about as long as was asked for and returns microseconds a step;
``["predict", rows]`` returns microseconds a call.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from benchmarks.cases import Case, samples
from benchmarks.peers import ENTRIES, Entry, Peer
from benchmarks.rounds import epochs

ROOT = Path(__file__).parents[1]
REST = 0.05
"""Seconds between two measurements: by then the threads of the last one have ceased to spin."""


class PeerError(Exception):
    """The peer could not do it; says why."""


class Worker:
    """The parent's end. Use it in a ``with``, which ends the process."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "benchmarks.worker", entry.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **entry.environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, *request: object) -> Any:
        """Send a request, and return the answer; raise PeerError if the peer failed, or its process ended."""
        assert self.process.stdin
        assert self.process.stdout
        time.sleep(REST)
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PeerError(f"its process ended with code {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer["answer"]

    def prepare(self, case: Case, seconds: float) -> None:
        """Let the peer compile and warm up for a case, and settle how many epochs last about so many seconds."""
        self.ask("prepare", asdict(case), seconds)

    def measure(self) -> float:
        """Train, and return microseconds a step."""
        return float(self.ask("measure"))

    def predict(self, rows: int) -> float:
        """Predict again and again, and return microseconds a call."""
        return float(self.ask("predict", rows))


class Server:
    """The worker's end."""

    def __init__(self, peer: type[Peer]) -> None:
        self.class_ = peer

    def prepare(self, case: dict[str, Any], seconds: float) -> None:
        """Make the peer, let it compile, see that it learns, and settle how long a measurement is."""
        self.case = Case(**{**case, "sizes": tuple(case["sizes"])})
        self.X, y = samples(self.case)
        self.peer = self.class_(self.case, self.X, y)
        check_learning(self.peer, self.peer.train(3))
        self.seconds, self.epochs = seconds, epochs(self.peer, seconds)

    def measure(self) -> float:
        """Train from fresh parameters, and return microseconds a step."""
        begun = time.perf_counter()
        losses = self.peer.train(self.epochs)
        elapsed = time.perf_counter() - begun
        if len(losses) != self.epochs:
            raise ValueError(f"asked for {self.epochs} epochs, got {len(losses)} losses")
        check_learning(self.peer, losses)
        return elapsed / (self.epochs * self.case.steps) * 1e6

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

    def answer(self, request: list[Any]) -> dict[str, Any]:
        """Do what is asked; whatever goes wrong in a peer's code goes back as a message."""
        name, *arguments = request
        able: dict[str, Callable[..., Any]] = {
            "prepare": self.prepare,
            "measure": self.measure,
            "predict": self.predict,
        }
        try:
            return {"answer": able[name](*arguments)}
        except Exception as error:  # noqa: BLE001  # one peer's failure must not end the race
            return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}


def check_learning(peer: Peer, losses: list[float]) -> None:
    """Raise ValueError unless the loss falls: nobody is timed for doing nothing."""
    if peer.learns and len(losses) > 1 and not losses[-1] < losses[0]:
        raise ValueError(f"the loss must fall, but went from {losses[0]:.4f} to {losses[-1]:.4f}")


def main() -> None:
    """Answer requests until there are no more."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the peers print is no answer
    server = Server(ENTRIES[sys.argv[1]].load())
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
