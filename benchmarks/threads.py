"""One thread for the matrix products, or all of them? ``python -m benchmarks.threads`` writes ``benchmarks/threads.md``.

Networks from small to large are trained by turns with one BLAS thread and with as many as there are; the quotient says where
threads begin to pay. Needs threadpoolctl, and a machine with nothing else to do.
"""

import argparse
import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.arguments import add_measuring
from benchmarks.cases import Case, samples
from benchmarks.machine import described
from benchmarks.peers.ours import Plain
from benchmarks.rounds import interleave, ratio, timed
from whorl.types import Array

WIDTHS = (16, 32, 64, 96, 128, 192, 256, 384)
BATCH = 64


class Limited(Plain):
    """whorl, with a limit to the threads of BLAS."""

    def __init__(self, case: Case, X: Array, y: Array, limit: int | None) -> None:
        super().__init__(case, X, y)
        self.limit = limit

    def train(self, epochs: int) -> list[float]:
        with threadpool_limits(self.limit, user_api="blas"):
            return super().train(epochs)


def one_or_all(case: Case, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return the times of a step, by number of threads."""
    X, y = samples(case)
    return interleave(
        rounds, {n: timed(Limited(case, X, y, limit), seconds) for n, limit in (("one", 1), ("all", None))}
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    add_measuring(parser, rounds=7, seconds=0.15)
    arguments = parser.parse_args(argv)
    if all(library["num_threads"] == 1 for library in threadpool_info() if library["user_api"] == "blas"):
        parser.error("BLAS has one thread only: there is nothing to compare")
    lines = []
    for width in WIDTHS:
        case = Case(f"width {width}", (20, width, width, 10), BATCH, 32)
        largest = BATCH * max(i * j for i, j in itertools.pairwise(case.sizes))
        times = one_or_all(case, arguments.rounds, arguments.seconds)
        one, every = (statistics.median(times[name]) for name in ("one", "all"))
        lines.append(f"| {width} | {largest:,} | {one:,.0f} | {every:,.0f} | {ratio(times['all'], times['one'])} |")
        print(lines[-1], flush=True)
    page = "\n".join(
        [
            "# One thread for the matrix products, or all?",
            "",
            f"A step of the network 20-width-width-10, batches of {BATCH}, Adam, in microseconds; the last column is the time with",
            f"all threads over that with one, medians of {arguments.rounds} rounds and quartiles. Above 1, threads cost time.",
            "",
            "| width | multiplications of the largest product | one thread | all threads | all / one |",
            "|---|---|---|---|---|",
            *lines,
            "",
            f"Written by `python -m benchmarks.threads`. {described()}",
            "",
        ]
    )
    Path(__file__).with_suffix(".md").write_text(page)


if __name__ == "__main__":
    main()
