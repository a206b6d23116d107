"""Has whorl become slower? ``python -m benchmarks.check`` says so in under a minute, and ends with 1 if it has.

It compares `fit` with the straight-line page, at the reference networks that are small, in one process, by turns. The page does
not change, so the ratios do not depend on the machine, or hardly; absolute times would.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy reads it once: threads wait for each other on a busy machine

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks.arguments import add_measuring
from benchmarks.cases import CASES, Case, samples
from benchmarks.peers.ours import Plain
from benchmarks.peers.plain import Straight
from benchmarks.rounds import Spread, figures, interleave, ratio, timed

LIMITS = {"spiral": 1.1, "nnfs": 1.1, "table": 1.1, "mnist": 1.1, "mnist-dropout": 1.1}
"""How many times the page's time `fit` may take. Lower a limit when whorl becomes faster; a wide network is all BLAS."""


def compare(case: Case, rounds: int, seconds: float) -> Spread:
    """Return how many times the page's time whorl's `fit` takes."""
    X, y = samples(case)
    clock = time.thread_time  # its processor's time: what others do on the machine meanwhile matters least
    times = interleave(rounds, {peer.__name__: timed(peer(case, X, y), seconds, clock) for peer in (Plain, Straight)})
    return ratio(times["Plain"], times["Straight"])


def row(name: str, measured: Spread, limit: float) -> str:
    """Return a line of the table."""
    return f"{name:14} {measured!s:>20} {figures(limit):>6}  {'ok' if measured.median <= limit else 'TOO SLOW'}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 if a ratio is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    add_measuring(parser, rounds=9, seconds=0.25)
    arguments = parser.parse_args(argv)
    print(f"{'fit / page':14} {'median (quartiles)':>20} {'limit':>6}")
    slow = []
    for name, limit in LIMITS.items():
        measured = compare(CASES[name], arguments.rounds, arguments.seconds)
        if measured.median > limit:  # once more, lest somebody else's work on the machine be taken for ours
            print(row(name, measured, limit), "  again:", flush=True)
            measured = compare(CASES[name], arguments.rounds, arguments.seconds)
        print(row(name, measured, limit), flush=True)
        if measured.median > limit:
            slow.append(name)
    if slow:
        print(f"whorl is slower than it may be on {', '.join(slow)}: look at what was changed")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
