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
from benchmarks.arguments import add_measuring, positive
from benchmarks.cases import CASES, Case
from benchmarks.peers import ENTRIES, Entry
from benchmarks.report import Results
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
    parser.add_argument(
        "--sittings", type=positive(int), default=3, metavar="N", help="times to start everybody's process anew [3]"
    )
    add_measuring(parser, rounds=5, seconds=0.3)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", metavar="DIRECTORY", help="where to write the page [docs]"
    )
    return parser


def sit(
    networks: Sequence[str], entries: Sequence[Entry], rounds: int, seconds: float
) -> tuple[Results, dict[str, str]]:
    """Start everybody anew, measure each network, and return the times, and what kept whom from finishing."""
    results: Results = {}
    failures: dict[str, str] = {}
    with ExitStack() as stack:
        workers = {entry.name: stack.enter_context(Worker(entry)) for entry in entries}
        for name in networks:
            results[name], failed = race(CASES[name], workers, rounds, seconds)
            failures |= {f"{ENTRIES[peer].title} on {name}": reason for peer, reason in failed.items()}
    return results, failures


def together(sittings: Sequence[Results]) -> Results:
    """Return the times of all sittings, of those who finished each."""
    first, *others = sittings
    return {
        network: {
            peer: sum((sitting[network][peer] for sitting in others), times)
            for peer, times in by_peer.items()
            if all(peer in sitting[network] for sitting in others)
        }
        for network, by_peer in first.items()
    }


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
    absent = {entry.title: missing for entry in entries if (missing := entry.missing())}
    for title, missing in absent.items():
        print(f"without {title}: {missing}")
    present = [entry for entry in entries if entry.title not in absent]
    sittings: list[Results] = []
    failures: dict[str, str] = {}
    for number in range(arguments.sittings):
        print(f"sitting {number + 1} of {arguments.sittings}", flush=True)
        results, failed = sit(arguments.networks, present, arguments.rounds, arguments.seconds)
        sittings.append(results)
        failures |= failed
    results = together(sittings)
    for name, times in results.items():
        print(f"\n{name}: {CASES[name]}")
        for entry in present:
            if entry.name in times:
                median, compared = Spread.of(times[entry.name]).median, ratio(times[entry.name], times["whorl"])
                print(f"{entry.title:24} {figures(median):>9} µs/step  {compared} × whorl")
    for what, reason in failures.items():
        print(f"failed: {what}: {reason}")
    chosen = [("--networks", arguments.networks, list(CASES)), ("--peers", arguments.peers, list(ENTRIES))]
    options = [" ".join(["", option, *names]) for option, names, every in chosen if names != every]
    options += [f" --{name} {getattr(arguments, name):g}" for name in ("sittings", "rounds", "seconds")]
    notes = [f"{what}: {reason}" for what, reason in {**absent, **failures}.items()]
    for path in report.write(arguments.output, results, notes, f"python -m benchmarks{''.join(options)}"):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
