"""How much memory an MNIST-sized training run takes: 60,000 images of 784 pixels as float32, one epoch of the network ``mnist``.

``python -m benchmarks.footprint.memory PEER`` does it in this process, and prints bytes and seconds; ``data`` stands for nobody.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.cases import CASES
from benchmarks.footprint.disk import mega
from benchmarks.footprint.processes import peak, run
from benchmarks.peers import ENTRIES
from benchmarks.report import table
from benchmarks.rounds import figures
from whorl._core.types import Array

CASE = replace(CASES["mnist"], batch=125, steps=480)
PART = 1_000
"""Rows made at a time, so that the data in the making take no more memory than the data."""


def images(rows: int = CASE.rows) -> tuple[Array, Array]:
    """Return random images of 784 pixels from 0 to 1, (rows, 784) in float32, brighter by class; and the classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(10, size=rows)
    X = np.empty((rows, 784), np.float32)
    for start in range(0, rows, PART):
        pixels = rng.integers(128, size=X[start : start + PART].shape, dtype=np.uint8)
        pixels += (12 * y[start : start + PART, None]).astype(np.uint8)
        np.divide(pixels, 255, out=X[start : start + PART], dtype=np.float32)
    return X, y


def main() -> None:
    """Train one epoch, and print what it took."""
    X, y = images()
    name, begun = sys.argv[1], time.perf_counter()
    if name != "data":
        ENTRIES[name].load()(CASE, X, y).train(1)
    print(json.dumps({"peak": peak(), "data": X.nbytes + y.nbytes, "seconds": time.perf_counter() - begun}))


def section() -> str:
    """Return the section about memory."""
    names = ["whorl", "whorl-fast", "straight", "torch", "jax-step", "jax-scan", "keras", "sklearn"]
    titles = {"data": "the data alone"} | {n: ENTRIES[n].title for n in names if ENTRIES[n].missing() is None}
    rows, alone, data = [], 0, 0
    for name, title in titles.items():
        environment = ENTRIES[name].environment if name in ENTRIES else {}
        _, printed = run(["-m", "benchmarks.footprint.memory", name], environment=environment)
        taken = json.loads(printed.splitlines()[-1])
        alone, data = alone or taken["peak"], taken["data"]
        beyond = taken["peak"] - alone
        rows.append([title, mega(taken["peak"]), mega(beyond), figures(taken["seconds"]) if name != "data" else "—"])
    return f"## Memory\n\n{' '.join(main_text(data).split())}\n\n" + table(
        ["", "peak, MB", "beyond the data alone, MB", "seconds, compiling included"], rows
    )


def main_text(data: int) -> str:
    """Return what the table shows."""
    return f"""The most that a fresh process holds while it trains {CASE} for one epoch on {CASE.rows:,} random images, which
        are {mega(data)} MB; with the data alone it is Python, NumPy and the data. Libraries count when they are loaded."""


if __name__ == "__main__":
    main()
