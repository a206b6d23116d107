"""Train the reference networks with whorl and with everybody else who is installed, in one interleaved run.

Writes `docs/benchmarks.md` and a picture of it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.arguments import add_measuring
from benchmarks.cases import CASES, Case
from benchmarks.peers import ENTRIES
from benchmarks.rounds import Spread, Times, figures, interleave, ratio
from benchmarks.worker import ROOT, PeerError, Worker


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--networks", nargs="+", choices=CASES, default=list(CASES), metavar="NAME", help=", ".join(CASES)
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=ENTRIES,
        default=list(ENTRIES),
        metavar="NAME",
        help=f"{', '.join(ENTRIES)}; whorl is always among them, since the ratios are to it",
    )
    add_measuring(parser, rounds=7, seconds=0.4)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", metavar="DIRECTORY", help="where to write the page [docs]"
    )
    return parser


def race(case: Case, workers: dict[str, Worker], rounds: int, seconds: float) -> tuple[Times, dict[str, str]]:
    """Measure a case; return the times of those who finished, and what kept the others from it."""
    failed: dict[str, str] = {}
    ready: dict[str, Callable[[], float]] = {}
    for name, worker in workers.items():
        try:
            worker.prepare(case, seconds)
            ready[name] = partial(attempt, name, worker, failed)
        except PeerError as error:
            fail(name, error, failed)
    times = interleave(rounds, ready)
    return {name: values for name, values in times.items() if name not in failed}, failed


def attempt(name: str, worker: Worker, failed: dict[str, str]) -> float:
    """Measure once; who has failed runs no more."""
    if name not in failed:
        try:
            return worker.measure()
        except PeerError as error:
            fail(name, error, failed)
    return math.nan


def fail(name: str, error: PeerError, failed: dict[str, str]) -> None:
    """Note who failed; without whorl there is nothing to compare with, and the run ends."""
    if name == "whorl":
        raise SystemExit(f"whorl itself failed: {error}")
    failed[name] = str(error)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and write the page."""
    arguments = parser().parse_args(argv)
    entries = [entry for entry in ENTRIES.values() if entry.name in {"whorl", *arguments.peers}]
    absent = {entry.name: missing for entry in entries if (missing := entry.missing())}
    for name, missing in absent.items():
        print(f"without {ENTRIES[name].title}: {missing}")
    results: dict[str, Times] = {}
    failures: list[str] = []
    with ExitStack() as stack:
        workers = {e.name: stack.enter_context(Worker(e)) for e in entries if e.name not in absent}
        for name in arguments.networks:
            print(f"\n{name}: {CASES[name]}", flush=True)
            results[name], failed = race(CASES[name], workers, arguments.rounds, arguments.seconds)
            failures += [f"{ENTRIES[peer].title} on {name}: {reason}" for peer, reason in failed.items()]
            for peer, times in results[name].items():
                compared = ratio(times, results[name]["whorl"])
                print(
                    f"{ENTRIES[peer].title:24} {figures(Spread.of(times).median):>9} µs/step  {compared} × whorl",
                    flush=True,
                )
    for failure in failures:
        print(f"failed: {failure}")
    chosen = [("--networks", arguments.networks, list(CASES)), ("--peers", arguments.peers, list(ENTRIES))]
    options = [" ".join(["", option, *names]) for option, names, every in chosen if names != every]
    command = f"python -m benchmarks{''.join(options)} --rounds {arguments.rounds} --seconds {arguments.seconds:g}"
    notes = [f"{ENTRIES[name].title}: {missing}" for name, missing in absent.items()] + failures
    for path in report.write(arguments.output, results, notes, command):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
