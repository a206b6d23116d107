"""Compare one thread for the matrix products with all of them. Needs threadpoolctl, and a machine that does nothing else.

Networks from small to large are trained with one BLAS thread and with all of them, in turns; the ratio says from which size on
threads pay. Its range matters as much as its median: two cores that share a cache exchange data in 60 ns, two that do not need
350, and the host of a virtual machine may change from one to the other within seconds. Writes `benchmarks/threads.md`.
"""

import argparse
import itertools

from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks import page
from benchmarks.cases import Case, samples
from benchmarks.peers.ours import Whorl
from benchmarks.processes import ROOT
from benchmarks.rounds import Spread, figures, interleave, timed

PAGE = ROOT / "benchmarks" / "threads.md"
OPTIONS = {"rounds": 50, "seconds": 0.1}
CASES = {
    width: Case(f"width {width}", (20, width, width, 10), 64, 32) for width in (16, 32, 64, 96, 128, 192, 256, 384)
}


class OneThread(Whorl):
    """whorl, with one BLAS thread."""

    def train(self, epochs: int) -> list[float]:
        with threadpool_limits(1, user_api="blas"):
            return super().train(epochs)


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    if all(library["num_threads"] == 1 for library in threadpool_info() if library["user_api"] == "blas"):
        raise SystemExit("BLAS has one thread only: there is nothing to compare")
    contenders = {
        width: {peer.__name__: timed(peer(case, *samples(case)), arguments.seconds) for peer in (OneThread, Whorl)}
        for width, case in CASES.items()
    }
    # All widths in each round, so that each of them sees the machine at all times of the run.
    sweeps = [{width: interleave(1, both) for width, both in contenders.items()} for _ in range(arguments.rounds)]
    rows = []
    for width, case in CASES.items():
        largest = case.batch * max(i * j for i, j in itertools.pairwise(case.sizes))
        one, every = ([sweep[width][peer.__name__][0] for sweep in sweeps] for peer in (OneThread, Whorl))
        ratios = sorted(b / a for a, b in zip(one, every, strict=True))
        spread = Spread.of(ratios)
        shown = (ratios[0], spread.low, spread.median, spread.high, ratios[-1])
        rows.append([str(width), f"{largest:,}", f"{Spread.of(one).median:,.0f}", *map(figures, shown)])
    head = [
        *["width", "multiplications of the largest product", "one thread, µs"],
        *["minimum", "first quartile", "median", "third quartile", "maximum"],
    ]
    page.write(PAGE, arguments, page.table(head, rows))
