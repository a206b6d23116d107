"""How training grows: with the rows, in time and memory, and with width, depth and batch.

``python -m benchmarks.footprint.growth ROWS`` trains in this process, and prints bytes and an epoch's seconds of the processor.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.cases import CASES, Case, samples
from benchmarks.footprint.disk import mega
from benchmarks.footprint.processes import peak, run
from benchmarks.peers.ours import Plain, network
from benchmarks.report import table
from benchmarks.rounds import Spread, figures, interleave, timed
from whorl import Adam, CrossEntropy

ROWS = (10_000, 100_000, 1_000_000)
TABLE = CASES["table"]
ALONE = {"OPENBLAS_NUM_THREADS": "1", "WHORL_FAST": "0"}
"""NumPy alone and one thread, whose time on the processor depends least on what else the machine does."""

BASE = Case("growth", (20, 128, 128, 2), 128, 20)


def main() -> None:
    """Train on so many rows, and print what an epoch takes."""
    rows = int(sys.argv[1])
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((rows, TABLE.sizes[0]), np.float32), rng.integers(2, size=rows)
    before = peak()
    training = network(TABLE).training(
        X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=max(2, 100_000 // rows), batch_size=TABLE.batch, rng=0
    )
    seconds, begun = [], time.process_time()
    for _ in training:
        seconds.append(time.process_time() - begun)
        begun = time.process_time()
    print(json.dumps({"data": X.nbytes + y.nbytes, "beyond": peak() - before, "seconds": float(np.median(seconds))}))


def rows_section(rounds: int) -> str:
    """Return the section about the number of rows."""
    found: dict[int, list[dict[str, float]]] = {rows: [] for rows in ROWS}
    for _ in range(rounds):
        for rows in ROWS:
            found[rows].append(json.loads(run(["-m", "benchmarks.footprint.growth", str(rows)], environment=ALONE)[1]))
    each = {rows: Spread.of([1e6 * one["seconds"] / rows for one in ones]) for rows, ones in found.items()}
    body = [
        [
            f"{rows:,}",
            figures(each[rows].median * rows / 1e6),
            str(each[rows]),
            figures(each[rows].median / each[ROWS[0]].median),
            mega(ones[0]["data"]),
            mega(max(one["beyond"] for one in ones)),
        ]
        for rows, ones in found.items()
    ]
    head = [
        "rows",
        "seconds an epoch",
        "µs a row",
        f"as multiple of that at {ROWS[0]:,}",
        "data, MB",
        "training beyond it, MB",
    ]
    stray = max(abs(spread.median / each[ROWS[0]].median - 1) for spread in each.values())
    word = "linear" if stray <= 0.1 else "NOT linear"
    return (
        f"## More rows\n\nThe network {TABLE}, on one thread; seconds of the processor. To within 10 %, the time of an epoch is {word} in the rows: the time"
        f" for each row strays by {stray:.0%}.\n\n{table(head, body)}"
    )


def shape_section(rounds: int, seconds: float) -> str:
    """Return the section about width, depth and batch."""
    wide = {f"width {w}": replace(BASE, sizes=(20, w, w, 2)) for w in (16, 64, 256, 1024)}
    deep = {f"{d} hidden layers": replace(BASE, sizes=(20, *[128] * d, 2)) for d in (1, 2, 4, 8)}
    batch = {f"batches of {b}": replace(BASE, batch=b) for b in (8, 32, 128, 512, 2048)}
    cases = wide | deep | batch
    times = interleave(rounds, {name: timed(Plain(case, *samples(case)), seconds) for name, case in cases.items()})
    body = []
    for name, case in cases.items():
        spread = Spread.of(times[name])
        # Two operations for each product of a number: forward, dW, and dX but for the first layer.
        products = [i * j for i, j in zip(case.sizes[:-1], case.sizes[1:], strict=True)]
        rate = 2 * case.batch * (3 * sum(products) - products[0]) / (spread.median * 1e3)
        body.append([name, str(spread), figures(spread.median / case.batch), figures(rate)])
    return (
        f"## Other shapes\n\nwhorl on {BASE}, one thing changed at a time; the operations are those of the matrix products.\n\n"
        + table(["", "µs a step", "µs a row", "10⁹ operations a second"], body)
    )


if __name__ == "__main__":
    main()
