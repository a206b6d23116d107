"""What training and predicting take: memory and latency, compared with other libraries, and growth with rows and shapes."""

import argparse
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.cases import CASES, Array, Case, images, samples
from benchmarks.footprint.installed import megabytes
from benchmarks.page import section
from benchmarks.peers import PEERS
from benchmarks.peers.ours import Whorl, network, optimizer
from benchmarks.processes import fresh, peak
from benchmarks.rounds import Spread, Times, figures, interleave, timed
from benchmarks.worker import worker
from whorl import CrossEntropy

CONTENDERS = ["whorl", "straight", "torch", "jax-step", "jax-scan", "keras", "sklearn"]
MNIST = replace(CASES["mnist"], batch=125, steps=480)
TABLE = CASES["table"]
BASE = Case("growth", (20, 128, 128, 2), 128, 20)
ROWS = (10_000, 100_000, 1_000_000)
MANY = 10_000
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Its processor time depends least on what else the machine does."""


def memory(_: argparse.Namespace) -> str:
    """Return the section about memory."""
    rows, alone = [], 0
    for name in ["", *(name for name in CONTENDERS if PEERS[name].missing() is None)]:
        with fresh(PEERS[name].environment if name else {}) as process:
            most, data, seconds = process.submit(memory_of, name).result()
        alone = alone or most
        title, took = (PEERS[name].title, figures(seconds)) if name else ("the data alone", "—")
        rows.append([title, megabytes(most), megabytes(most - alone), took])
    text = (
        f"The largest memory of a fresh process that trains {MNIST} for one epoch on {MNIST.rows:,} random images, which take"
        f" {megabytes(data)} MB. The data alone: Python, NumPy and the data. Libraries count when they are loaded."
    )
    return section("Memory", text, ["", "peak, MB", "beyond the data alone, MB", "seconds, compiling included"], rows)


def memory_of(name: str) -> tuple[int, int, float]:
    """Let a peer, or none, train for one epoch; return the peak of memory and the size of the data in bytes, and seconds."""
    X, y = pixels(MNIST.rows)
    begun = time.perf_counter()
    if name:
        PEERS[name].load()(MNIST, X, y).train(1)
    return peak(), X.nbytes + y.nbytes, time.perf_counter() - begun


def pixels(rows: int) -> tuple[Array, Array]:
    """Return random images of 784 pixels from 0 to 1, (rows, 784) in float32, and labels.

    They are made in parts, so that making them takes hardly more memory than they do.
    """
    rng = np.random.default_rng(0)
    X, y = np.empty((rows, 784), np.float32), rng.integers(10, size=rows)
    for start in range(0, rows, 1_000):
        part = slice(start, start + 1_000)
        np.divide(images(y[part], rng), 255, out=X[part], dtype=np.float32)
    return X, y


def predictions(arguments: argparse.Namespace) -> str:
    """Return the section about predictions: of one row, which is all overhead, and of many."""
    networks = [replace(case, steps=-(-MANY // case.batch)) for case in (CASES["spiral"], CASES["mnist"])]
    times: dict[str, Times] = {}
    with ExitStack() as stack:
        names = [name for name in CONTENDERS if PEERS[name].missing() is None and name != "jax-scan"]
        workers = {name: stack.enter_context(worker(name)) for name in names}
        for case in networks:
            for ask in workers.values():
                ask("prepare", case, arguments.seconds)
            one, many = (
                interleave(arguments.rounds, {name: partial(ask, "predict", rows) for name, ask in workers.items()})
                for rows in (1, MANY)
            )
            layers = "-".join(map(str, case.sizes))
            times[f"{layers}: µs for one row"] = one
            times[f"{layers}: million rows a second, {MANY:,} at a time"] = {
                name: [MANY / microseconds for microseconds in values] for name, values in many.items()
            }
    rows = [[PEERS[name].title, *(figures(Spread.of(t[name]).median) for t in times.values())] for name in workers]
    text = (
        "From a NumPy array to one; medians. whorl and scikit-learn check their arguments; the others and the straight-line"
        " NumPy do not."
    )
    return section("Predictions", text, ["", *times], rows)


def more_rows(arguments: argparse.Namespace) -> str:
    """Return the section about the number of rows."""
    found: dict[int, list[tuple[float, int, int]]] = {rows: [] for rows in ROWS}
    for _ in range(max(1, arguments.rounds // 3)):
        for rows in ROWS:
            with fresh(ONE_THREAD) as process:
                found[rows].append(process.submit(epoch_of, rows).result())
    body, relative = [], []
    for rows, measured in found.items():
        seconds, data, beyond = zip(*measured, strict=True)
        each = Spread.of([1e6 * value / rows for value in seconds])
        relative.append(each.median / Spread.of([1e6 * value / ROWS[0] for value, *_ in found[ROWS[0]]]).median)
        epoch = figures(each.median * rows / 1e6)
        cells = [epoch, str(each), figures(relative[-1]), megabytes(data[0]), megabytes(max(beyond))]
        body.append([f"{rows:,}", *cells])
    head = [
        "rows",
        "seconds an epoch",
        "µs a row",
        f"relative to {ROWS[0]:,} rows",
        "data, MB",
        "training beyond it, MB",
    ]
    deviation = max(abs(value - 1) for value in relative)
    word = "proportional" if deviation <= 0.1 else "NOT proportional"
    text = (
        f"The network {TABLE}, on one thread; processor time. To within 10 %, the time of an epoch is {word} to the number of"
        f" rows: the time for each row varies by {deviation:.0%}."
    )
    return section("More rows", text, head, body)


def epoch_of(rows: int) -> tuple[float, int, int]:
    """Train on so many rows; return the processor time of an epoch, and the bytes of the data and of training beyond it."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((rows, TABLE.sizes[0]), np.float32), rng.integers(2, size=rows)
    epochs, before = max(2, 100_000 // rows), peak()
    solver, batch = optimizer(TABLE), TABLE.batch
    training = network(TABLE).training(
        X, y, loss=CrossEntropy(), optimizer=solver, epochs=epochs, batch_size=batch, rng=0
    )
    ends = [time.process_time(), *(time.process_time() for _ in training)]
    return float(np.median(np.diff(ends))), X.nbytes + y.nbytes, peak() - before


def other_shapes(arguments: argparse.Namespace) -> str:
    """Return the section about width, depth and batch size."""
    wide = {f"width {w}": replace(BASE, sizes=(20, w, w, 2)) for w in (16, 64, 256, 1024)}
    deep = {f"{d} hidden layer{'s' * (d > 1)}": replace(BASE, sizes=(20, *[128] * d, 2)) for d in (1, 2, 4, 8)}
    batch = {f"batches of {b}": replace(BASE, batch=b) for b in (8, 32, 128, 512, 2048)}
    cases = wide | deep | batch
    contenders = {name: timed(Whorl(case, *samples(case)), arguments.seconds) for name, case in cases.items()}
    times = interleave(arguments.rounds, contenders)
    body = []
    for name, case in cases.items():
        spread = Spread.of(times[name])
        # Two operations for each product of a number: forward, dW, and dX except for the first layer.
        products = [i * j for i, j in zip(case.sizes[:-1], case.sizes[1:], strict=True)]
        rate = 2 * case.batch * (3 * sum(products) - products[0]) / (spread.median * 1e3)
        body.append([name, str(spread), figures(spread.median / case.batch), figures(rate)])
    text = f"whorl on {BASE}, with one thing changed at a time; the operations are those of the matrix products."
    return section("Other shapes", text, ["", "µs a step", "µs a row", "10⁹ operations a second"], body)
