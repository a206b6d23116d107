"""Speed and memory of training on data in files, compared with the same network on data in memory. Writes `benchmarks/stored.md`.

The data are drawn at random, written to a folder, and deleted at the end: images of 784 numbers with one of ten labels, and a table of 50
columns of numbers. Each measurement runs in a process of its own; its memory is the most that this process has ever held, Python
included. The first round only reads the files, so that the system has as much of them in its cache as fits.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
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

PAGE = ROOT / "benchmarks" / "stored.md"
OPTIONS = {"gigabytes": 0.5, "rounds": 3, "seconds": 5.0, "folder": ""}

ROWS = 2**16
"""Rows that are drawn at once, and those of a row group."""

GROUPS = 16
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
    "table": Case(
        "50-128-64-1, batch 512",
        50,
        512,
        [Dense(128), ReLU(), Dense(64), ReLU(), Dense(1)],
        MeanSquaredError(),
        lambda x: (x[:, 0] * x[:, 1] + np.sin(x[:, 2]))[:, None].astype(np.float32),
    ),
}
SOURCES = {"images": ["memory", "mapped", "mapped, blocks"], "table": ["memory", "mapped", "mapped, blocks", "parquet"]}


def write(folder: Path, gigabytes: float) -> None:
    """Write the data of all cases."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    for name, case in CASES.items():
        rows = int(gigabytes * 1e9 / (4 * case.inputs))
        X = np.lib.format.open_memmap(folder / f"{name}-x.npy", "w+", np.float32, (rows, case.inputs))
        first = case.labels(np.zeros((1, case.inputs), np.float32))
        y = np.lib.format.open_memmap(folder / f"{name}-y.npy", "w+", first.dtype, (rows, *first.shape[1:]))
        writer: Any = None
        for number, start in enumerate(range(0, rows, ROWS)):
            x = rng.standard_normal((min(ROWS, rows - start), case.inputs), dtype=np.float32)
            X[start : start + ROWS], y[start : start + ROWS] = x, case.labels(x)
            if "parquet" not in SOURCES[name]:
                continue
            columns = {f"x{j}": column for j, column in enumerate(x.T.copy())} | {"y": y[start : start + ROWS, 0]}
            part = pa.table(columns)
            if number % GROUPS == 0:
                if writer:
                    writer.close()
                (folder / name).mkdir(exist_ok=True)
                writer = parquet.ParquetWriter(
                    folder / name / f"{number:06}.parquet", part.schema, use_dictionary=False
                )
            writer.write_table(part)
        if writer:
            writer.close()


class Clock(Callback):
    """Measures how many samples a second are used, after a while, and stops."""

    def __init__(self, warm: float, seconds: float) -> None:
        self.warm, self.seconds = warm, seconds
        self.begun, self.first, self.end, self.steps = 0.0, 0.0, 0.0, 0

    @property
    def every_steps(self) -> int:
        return 50

    def on_train_begin(self, training: Any) -> None:
        self.begun = self.first = time.perf_counter()

    def on_step_end(self, training: Any) -> None:
        now = time.perf_counter()
        if now - self.begun < self.warm:
            self.first, self.steps = now, training.step
        elif now - self.first > self.seconds:
            self.end, self.steps = now, training.step - self.steps
            raise StopTraining("measured")


def data(folder: Path, name: str, source: str) -> tuple[Any, Any]:
    """Return the samples and labels of a case."""
    if source == "parquet":
        found = tables.folder(folder / name, "y", dtype=np.float32)
        return Stored(found.X), Stored(found.y)
    x, y = (np.load(folder / f"{name}-{part}.npy", mmap_mode="r") for part in "xy")
    if source == "memory":
        count = min(len(x), int(MEMORY / (4 * x.shape[1])))
        return np.array(x[:count]), np.array(y[:count])
    block = 2**20 // (4 * x.shape[1]) if source == "mapped, blocks" else None
    return Stored(x, block=block), Stored(y)


def measure(folder: Path, name: str, source: str, seconds: float, *, fast: bool) -> tuple[float, int, str]:
    """Return samples a second, the peak memory, and the engine."""
    case = CASES[name]
    X, y = data(folder, name, source)
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
    )
    return clock.steps * case.batch_size / (clock.end - clock.first), peak(), history.engine


def measured(folder: Path, arguments: argparse.Namespace) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    for name, case in CASES.items():
        for fast in (False, True):
            rates: dict[str, list[float]] = {source: [] for source in SOURCES[name]}
            held, engine = dict.fromkeys(rates, 0), ""
            for _ in range(arguments.rounds):
                for source, found in rates.items():
                    with fresh({"OPENBLAS_NUM_THREADS": "1"}) as process:
                        job = process.submit(measure, folder, name, source, fast=fast, seconds=arguments.seconds)
                        rate, memory, engine = job.result()
                    found.append(rate)
                    held[source] = max(held[source], memory)
            for source, found in rates.items():
                ratios = Spread.of([own / base for own, base in zip(found, rates["memory"], strict=True)])
                print(
                    name, engine, source, [f"{each:,.0f}" for each in found], ratios, held[source] // 10**6, flush=True
                )
                yield [
                    case.title,
                    engine.partition(":")[0],
                    source,
                    f"{Spread.of(found).median:,.0f}",
                    str(ratios),
                    f"{held[source] / 1e6:,.0f}",
                ]


def run(arguments: argparse.Namespace) -> None:
    """Write the data, measure, and write the page."""
    with tempfile.TemporaryDirectory(dir=arguments.folder or None) as folder:
        write(Path(folder), arguments.gigabytes)
        rows = list(measured(Path(folder), arguments))
    head = ["network", "engine", "data in", "samples/s", "ratio to memory (quartiles)", "most memory, MB"]
    page.write(PAGE, arguments, page.table(head, rows))
