"""How long predictions take: one row, which is all overhead, and 10,000."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from benchmarks.cases import CASES
from benchmarks.peers import ENTRIES
from benchmarks.report import table
from benchmarks.rounds import Spread, Times, figures, interleave
from benchmarks.worker import Worker

NAMES = ["straight", "whorl", "whorl-fast", "torch", "jax-step", "keras", "sklearn"]
MANY = 10_000

TEXT = """\
From a NumPy array to one; medians. whorl and scikit-learn check what they are given; the others and the straight-line page
do not."""


def section(rounds: int, seconds: float) -> str:
    """Return the section about predictions."""
    networks = [replace(case, steps=-(-MANY // case.batch)) for case in (CASES["spiral"], CASES["mnist"])]
    times: dict[tuple[str, int], Times] = {}
    with ExitStack() as stack:
        workers = {n: stack.enter_context(Worker(ENTRIES[n])) for n in NAMES if ENTRIES[n].missing() is None}
        for case in networks:
            for worker in workers.values():
                worker.prepare(case, seconds)
            for rows in (1, MANY):
                calls = {name: partial(worker.predict, rows) for name, worker in workers.items()}
                times[case.name, rows] = interleave(rounds, calls)
    head = [
        f"{'-'.join(map(str, case.sizes))}: {what}"
        for case in networks
        for what in ("µs for one row", f"million rows a second, {MANY:,} at a time")
    ]
    body = [
        [ENTRIES[name].title, *(amount(Spread.of(each[name]).median, rows) for (_, rows), each in times.items())]
        for name in workers
    ]
    return f"## Predictions\n\n{TEXT}\n\n{table(['', *head], body)}"


def amount(microseconds: float, rows: int) -> str:
    """Write the time of a call for one row; the speed for many."""
    return figures(microseconds if rows == 1 else rows / microseconds)
