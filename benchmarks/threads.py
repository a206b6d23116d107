"""One thread for the matrix products, or all of them? ``python -m benchmarks.threads`` writes ``benchmarks/threads.md``.

Networks from small to large are trained by turns with one BLAS thread and with as many as there are; the quotient says where
threads begin to pay. The range matters as much as the median: two cores that share a cache meet within 60 ns, two that do not
need 350, and the host of a virtual machine may change from one to the other within seconds. Needs threadpoolctl, and a machine with
nothing else to do.
"""

import argparse
import itertools
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.arguments import add_measuring
from benchmarks.cases import Case, samples
from benchmarks.machine import described
from benchmarks.peers.ours import Plain
from benchmarks.rounds import Spread, figures, interleave, timed
from whorl._core.types import Array

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


def one_or_all(case: Case, seconds: float) -> dict[str, Callable[[], float]]:
    """Return measurements of a step, by number of threads."""
    X, y = samples(case)
    return {n: timed(Limited(case, X, y, limit), seconds) for n, limit in (("one", 1), ("all", None))}


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    add_measuring(parser, rounds=50, seconds=0.1)
    arguments = parser.parse_args(argv)
    if all(library["num_threads"] == 1 for library in threadpool_info() if library["user_api"] == "blas"):
        parser.error("BLAS has one thread only: there is nothing to compare")
    cases = {width: Case(f"width {width}", (20, width, width, 10), BATCH, 32) for width in WIDTHS}
    contenders = {width: one_or_all(case, arguments.seconds) for width, case in cases.items()}
    # All widths in each round, so that each of them sees the machine at all times of the run.
    sweeps = [
        {width: interleave(1, by_count) for width, by_count in contenders.items()} for _ in range(arguments.rounds)
    ]
    lines = []
    for width, case in cases.items():
        largest = BATCH * max(i * j for i, j in itertools.pairwise(case.sizes))
        one, every = ([sweep[width][name][0] for sweep in sweeps] for name in ("one", "all"))
        quotients = sorted(b / a for a, b in zip(one, every, strict=True))
        spread = Spread.of(quotients)
        columns = [figures(value) for value in (quotients[0], spread.low, spread.median, spread.high, quotients[-1])]
        lines.append(f"| {width} | {largest:,} | {statistics.median(one):,.0f} | {' | '.join(columns)} |")
    page = "\n".join(
        [
            "# One thread for the matrix products, or all?",
            "",
            f"A step of the network 20-width-width-10, batches of {BATCH}, Adam: microseconds with one thread, and the time with all",
            f"threads over that, in {arguments.rounds} rounds. Above 1, threads cost time.",
            "",
            "| width | multiplications of the largest product | one thread, µs | least | quarter | median | three quarters | most |",
            "|---|---|---|---|---|---|---|---|",
            *lines,
            "",
            f"Written by `python -m benchmarks.threads --rounds {arguments.rounds} --seconds {arguments.seconds:g}`. {described()}",
            "",
        ]
    )
    print(page)
    Path(__file__).with_suffix(".md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
