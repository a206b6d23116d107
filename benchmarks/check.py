"""Fail if `fit` has become slower than its limits: takes less than a minute, and returns 1 if it has.

It compares `fit` with `benchmarks/straight.py`, which is plain NumPy, on the small reference networks, in one process and in
turns. That file does not change, so the ratios hardly depend on the machine; absolute times would.
"""

import os

# Before NumPy reads it: on a busy machine, threads wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time

from benchmarks.cases import CASES, Case, samples
from benchmarks.peers.ours import Whorl
from benchmarks.peers.plain import Straight
from benchmarks.rounds import Spread, figures, interleave, ratio, timed

OPTIONS = {"rounds": 9, "seconds": 0.25}

LIMITS = {"spiral": 1.1, "nnfs": 1.1, "table": 1.1, "mnist": 1.1, "mnist-dropout": 1.1}
"""The largest ratios of `fit` to plain NumPy. Lower one when whorl becomes faster. ``wide`` is nearly all BLAS."""


def compare(case: Case, rounds: int, seconds: float) -> Spread:
    """Return the ratio of the time of whorl's `fit` to that of plain NumPy."""
    X, y = samples(case)
    clock = time.thread_time  # processor time: other programs on the machine disturb it least
    times = interleave(rounds, {peer.__name__: timed(peer(case, X, y), seconds, clock) for peer in (Whorl, Straight)})
    return ratio(times["Whorl"], times["Straight"])


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table, and return 1 if a ratio is over its limit."""
    print(f"{'fit / plain':14} {'median (quartiles)':>20} {'limit':>6}")
    slow = []
    for name, limit in LIMITS.items():
        for attempt in ("", "  second attempt"):  # another program on the machine may have disturbed the first
            measured = compare(CASES[name], arguments.rounds, arguments.seconds)
            word = "ok" if measured.median <= limit else "TOO SLOW"
            print(f"{name:14} {measured!s:>20} {figures(limit):>6}  {word}{attempt}", flush=True)
            if word == "ok":
                break
        else:
            slow.append(name)
    if slow:
        print(f"fit is slower than its limit on {', '.join(slow)}: look for the cause in the latest changes")
    return int(bool(slow))


if __name__ == "__main__":  # `python -m benchmarks.check` is `python -m benchmarks check`
    from benchmarks.__main__ import main

    sys.exit(main(["check", *sys.argv[1:]]))
