"""Speed and memory of training on data in files, compared with the same network on data in memory. Writes `benchmarks/stored.md`.

The data are drawn at random, written to a folder, and deleted at the end: images of 784 numbers with one of ten labels, and a table of 50
columns of numbers. Each measurement runs in a process of its own; its memory is the most that this process has ever held, Python
included. Before each measurement the files are read, so that the system has as much of them in its cache as fits; if it can be told to forget
them (by root, on Linux), training on files that it must read from the disk is measured too.
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import page
from benchmarks.cases import Array
from benchmarks.processes import ROOT, fresh, peak
from benchmarks.rounds import Spread
from whorl import (
    Adam,
    Callback,
    CrossEntropy,
    Dense,
    MeanSquaredError,
    Model,
    ReLU,
    Softmax,
    StopTraining,
    Stored,
    tables,
)
from whorl.layers import Layer
from whorl.losses import Loss
from whorl.training.sources import IN_MEMORY

PAGE = ROOT / "benchmarks" / "stored.md"
ROWS = 2**15
"""Rows that are drawn at once, and those of a row group."""

GROUPS = 8
"""Row groups of a file."""

MEMORY = 5e8
"""Bytes of the data in memory."""


class Case(NamedTuple):
    """A network and its data.

    Parameters
    ----------
    title : str
    inputs, batch_size : int
    layers : list of Layer
    loss : Loss
    labels : callable
        Returns the labels of rows of features.
    """

    title: str
    inputs: int
    batch_size: int
    layers: list[Layer]
    loss: Loss
    labels: Callable[[Array], Array]


CASES = {
    "images": Case(
        "784-128-10, batch 128",
        784,
        128,
        [Dense(128), ReLU(), Dense(10), Softmax()],
        CrossEntropy(),
        lambda x: x[:, :10].argmax(axis=1),
    ),
    "larger": Case(
        "784-512-512-10, batch 128",
        784,
        128,
        [Dense(512), ReLU(), Dense(512), ReLU(), Dense(10), Softmax()],
        CrossEntropy(),
        lambda x: x[:, :10].argmax(axis=1),
    ),
    "table": Case(
        "50-128-64-1, batch 512",
        50,
        512,
        [Dense(128), ReLU(), Dense(64), ReLU(), Dense(1)],
        MeanSquaredError(),
        lambda x: (x[:, 0] * x[:, 1] + np.sin(x[:, 2]))[:, None].astype(np.float32),
    ),
}
PARTS = {
    "images": (["images", "larger"], ["memory", "mapped", "mapped, blocks"]),
    "table": (["table"], ["memory", "mapped", "mapped, blocks"]),
    "parquet": (["table"], ["memory", "parquet"]),
}
"""The measurements on the same files: the networks, and where their data are."""

ENGINES = [(False, None), (True, 1), (True, 2)]
"""Whether the steps are compiled, and by how many threads. Two threads leave no core of two to read with."""

CACHE = Path("/proc/sys/vm/drop_caches")
"""Where Linux is told to forget the files that it has in its cache."""

OPTIONS = {"parts": list(PARTS), "gigabytes": 0.5, "rounds": 3, "seconds": 5.0, "folder": ""}


def write(folder: Path, part: str, gigabytes: float) -> None:
    """Write the data of a part: as arrays, and as Parquet files if these are measured; then the arrays are those in memory only."""
    names, sources = PARTS[part]
    case, rng, columns = CASES[names[0]], np.random.default_rng(0), "parquet" in sources
    rows = int(gigabytes * 1e9 / (4 * case.inputs))
    kept = min(rows, int(MEMORY / (4 * case.inputs))) if columns else rows
    first = case.labels(np.zeros((1, case.inputs), np.float32))
    X = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (kept, case.inputs))
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", first.dtype, (kept, *first.shape[1:]))
    (folder / "parquet").mkdir()
    for start in range(0, rows, GROUPS * ROWS):
        x = rng.standard_normal((min(GROUPS * ROWS, rows - start), case.inputs), dtype=np.float32)
        labels = case.labels(x)
        X[start : start + len(x)], y[start : start + len(x)] = x[: max(0, kept - start)], labels[: max(0, kept - start)]
        if columns:
            _write_parquet(folder / "parquet" / f"{start:012}.parquet", x, labels)


def _write_parquet(path: Path, x: Array, labels: Array) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {f"x{j}": column for j, column in enumerate(x.T.copy())}
    parquet.write_table(pa.table({**columns, "y": labels[:, 0]}), path, row_group_size=ROWS, use_dictionary=False)


class Clock(Callback):
    """Measures how many samples a second are used, after a while, and stops."""

    def __init__(self, warm: float, seconds: float) -> None:
        self.warm, self.seconds = warm, seconds
        self.begun, self.first, self.end, self.steps = 0.0, 0.0, 0.0, 0

    @property
    def every_steps(self) -> int:
        return 200  # compiled steps are interrupted then

    def on_train_begin(self, training: Any) -> None:
        self.begun = self.first = time.perf_counter()

    def on_step_end(self, training: Any) -> None:
        now = time.perf_counter()
        if now - self.begun < self.warm:
            self.first, self.steps = now, training.step
        elif now - self.first > self.seconds:
            self.end, self.steps = now, training.step - self.steps
            raise StopTraining("measured")


def data(folder: Path, source: str) -> tuple[Any, Any]:
    """Return samples and labels."""
    if source == "parquet":
        found = tables.folder(folder / "parquet", "y")
        return Stored(found.X), Stored(found.y)
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
    if source == "memory":
        count = min(len(x), int(MEMORY / (4 * x.shape[1])))
        return np.array(x[:count]), np.array(y[:count])
    # Labels in small files are read at once.
    block = 2**20 // (4 * x.shape[1]) if source == "mapped, blocks" else None
    return Stored(x, block=block), Stored(y, block=block) if y.nbytes > IN_MEMORY else y


def measure(
    folder: Path, name: str, source: str, seconds: float, *, fast: bool, threads: int | None
) -> tuple[float, int, str]:
    """Return samples a second, the peak memory, and the engine."""
    case = CASES[name]
    X, y = data(folder, source)
    model = Model(case.layers, inputs=case.inputs, rng=0)
    clock = Clock(min(2.0, seconds / 2), seconds)
    history = model.fit(
        X,
        y,
        loss=case.loss,
        optimizer=Adam(1e-3),
        epochs=10**6,
        batch_size=case.batch_size,
        callbacks=[clock],
        rng=0,
        fast=fast,
        threads=threads,
    )
    return clock.steps * case.batch_size / (clock.end - clock.first), peak(), history.engine


def measured(folder: Path, part: str, arguments: argparse.Namespace) -> Iterator[list[str]]:
    """Yield the rows of the table for a part."""
    names, sources = PARTS[part]
    cold = [f"{source}, from the disk" for source in sources[1:]] if os.access(CACHE, os.W_OK) else []
    for name, (fast, threads) in itertools.product(names, ENGINES):
        rates: dict[str, list[float]] = {source: [] for source in (*sources, *cold)}
        held, engine = dict.fromkeys(rates, 0), ""
        with fresh({}) as process:  # compiles what is not in the cache of kernels
            process.submit(measure, folder, name, "memory", 0.1, fast=fast, threads=threads).result()
        for group, _ in itertools.product((sources, cold), range(arguments.rounds)):
            for source in group:
                cache(folder, filled=group is sources)
                where = source.removesuffix(", from the disk")
                with fresh({"OPENBLAS_NUM_THREADS": "1"}) as process:
                    job = process.submit(measure, folder, name, where, arguments.seconds, fast=fast, threads=threads)
                    rate, memory, engine = job.result()
                rates[source].append(rate)
                held[source] = max(held[source], memory)
        for source, found in rates.items():
            ratios = Spread.of([own / base for own, base in zip(found, rates["memory"], strict=True)])
            yield [
                CASES[name].title,
                engine.partition(":")[0].replace(f" by Numba {version('numba')}", ""),
                source,
                f"{Spread.of(found).median:,.0f}",
                str(ratios),
                f"{held[source] / 1e6:,.0f}",
            ]


def cache(folder: Path, *, filled: bool) -> None:
    """Read all files, so that the system has them in its cache; or let it forget them."""
    os.sync()
    if not filled:
        CACHE.write_text("3", encoding="ascii")
        return
    for path in folder.rglob("*.*"):
        with path.open("rb", buffering=0) as file:
            while file.read(2**24):
                pass


def run(arguments: argparse.Namespace) -> None:
    """Write the data, measure, and write the page."""
    rows = []
    for part in arguments.parts:
        with tempfile.TemporaryDirectory(dir=arguments.folder or None) as folder:
            write(Path(folder), part, arguments.gigabytes)
            for row in measured(Path(folder), part, arguments):
                print(row, flush=True)
                rows.append(row)
    head = ["network", "engine", "data in", "samples/s", "ratio to memory (quartiles)", "most memory, MB"]
    page.write(PAGE, arguments, page.table(head, rows))
