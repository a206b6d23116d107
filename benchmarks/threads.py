"""One thread for the matrix products, or all of them? ``python -m benchmarks.threads`` writes ``benchmarks/threads.md``.

Networks from small to large are trained by turns with one BLAS thread and with as many as there are; the quotient says where
threads begin to pay, which is what `whorl.threads.SMALL` is set by. Needs threadpoolctl, and a machine with nothing else to do.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.arguments import add_measuring
from benchmarks.cases import Case, samples
from benchmarks.machine import described
from benchmarks.peers.ours import Plain
from benchmarks.rounds import interleave, ratio, timed
from whorl import threads

WIDTHS = (16, 32, 64, 96, 128, 192, 256, 384)
BATCH = 64


def one_or_all(width: int, rounds: int, seconds: float) -> tuple[int, dict[str, list[float]]]:
    """Return the multiplications of the largest product, and the times by number of threads."""
    case = Case(f"width {width}", (20, width, width, 10), BATCH, 32)
    X, y = samples(case)

    def limited(limit: int) -> "Limited":
        return Limited(case, X, y, limit)

    measurements = {name: timed(limited(limit), seconds) for name, limit in (("one", 2**62), ("all", 0))}
    return BATCH * width * width, interleave(rounds, measurements)


class Limited(Plain):
    """whorl, with another idea of what a small product is."""

    def __init__(self, case: Case, X: np.ndarray, y: np.ndarray, limit: int) -> None:
        super().__init__(case, X, y)
        self.limit = limit

    def train(self, epochs: int) -> list[float]:
        usual, threads.SMALL = threads.SMALL, self.limit
        try:
            return super().train(epochs)
        finally:
            threads.SMALL = usual


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    add_measuring(parser, rounds=7, seconds=0.15)
    arguments = parser.parse_args(argv)
    lines = []
    for width in WIDTHS:
        largest, times = one_or_all(width, arguments.rounds, arguments.seconds)
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
            f"`whorl.threads.SMALL` is {threads.SMALL:,}. Written by `python -m benchmarks.threads`.",
            f"{described()}",
            "",
        ]
    )
    Path(__file__).with_suffix(".md").write_text(page)


if __name__ == "__main__":
    main()
