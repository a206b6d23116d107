"""Serve predictions over HTTP: requests per second and latency of `whorl serve`, beside scikit-learn behind FastAPI and uvicorn.

Each server is one process, and idle while others are measured; the client is another process. Requests per second are those of 16
connections, latencies those of one. Needs the extra ``whorl[serve]``, FastAPI, scikit-learn and pandas. Writes `benchmarks/serving.md`.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.cases import CASES, samples
from benchmarks.client import load
from benchmarks.processes import ROOT, server
from benchmarks.rounds import Spread, interleave
from benchmarks.serving_peers import HIDDEN, table
from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, Standardize
from whorl.tables import table as prepared

PAGE = ROOT / "benchmarks" / "serving.md"
OPTIONS = {"rounds": 7, "seconds": 2.0}
CONNECTIONS = 16
HEAD = ["rows in a request", "server", "requests per second", "× FastAPI", "p50, ms", "p99, ms", "client busy"]
OURS, THEIRS, FLOOR = "`whorl serve`", "FastAPI, scikit-learn", "uvicorn, constant answer"


def of_numbers() -> tuple[Model, list[Any]]:
    """Return the network "spiral", trained for a few epochs, and rows to predict."""
    X, y = samples(CASES["spiral"])
    model = Model([Dense(HIDDEN), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=3, rng=0)
    return model, X[:100].round(4).astype(float).tolist()


def of_table() -> tuple[Model, list[Any]]:
    """Return a network for the table, with its preparation, and rows to predict."""
    columns, y = table()
    data = prepared(columns, y)
    model = Model([Standardize(), Dense(HIDDEN), ReLU(), Dense(2), Softmax()], inputs=data.X.shape[1], rng=0)
    model.fit(data.X, data.y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=3, rng=0)
    model.preparation = data.preparation
    return model, [{name: cells[i] for name, cells in columns.items()} for i in range(100)]


CASE: dict[str, tuple[str, Callable[[], tuple[Model, list[Any]]]]] = {
    "numbers": ("2-64-3, rows of two numbers", of_numbers),
    "table": ("A table of 14 columns, 8 of numbers and 6 of categories", of_table),
}


def measured(url: str, body: bytes, seconds: float, notes: dict[str, list[float]]) -> float:
    """Measure a server with many connections and with one; return requests per second, and append the rest to the notes."""
    many = load(url, body, CONNECTIONS, seconds)
    one = load(url, body, 1, seconds)
    for name, value in (("p50", one.quantile(0.5)), ("p99", one.quantile(0.99)), ("busy", many.busy)):
        notes.setdefault(name, []).append(value)
    return many.rate


def rows_of(rows: int, urls: Mapping[str, str], body: bytes, arguments: argparse.Namespace) -> list[list[str]]:
    """Measure all servers with one body, in turns; return the rows of the table."""
    notes: dict[str, dict[str, list[float]]] = {name: {} for name in urls}
    contenders = {name: partial(measured, url, body, arguments.seconds, notes[name]) for name, url in urls.items()}
    for measure in contenders.values():  # warms up
        measure()
    for each in notes.values():
        each.clear()
    rates, table = interleave(arguments.rounds, contenders), []
    for name, values in rates.items():
        times = Spread.of([a / b for a, b in zip(values, rates[THEIRS], strict=True)])
        p50, p99 = (Spread.of([1000 * seconds for seconds in notes[name][key]]) for key in ("p50", "p99"))
        busy = f"{100 * Spread.of(notes[name]['busy']).median:.0f} %"
        table.append([str(rows), name, str(Spread.of(values)), str(times), str(p50), str(p99), busy])
    return table


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    parts = []
    for name, (title, make) in CASE.items():
        model, rows = make()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            path = Path(folder, "model.npz")
            model.save(path)
            urls = {
                OURS: stack.enter_context(server("whorl", "serve", str(path), "--port", "0")).url,
                THEIRS: stack.enter_context(server("benchmarks.serving_peers", name)).url,
                FLOOR: stack.enter_context(server("benchmarks.serving_peers", "constant")).url,
            }
            lines = [
                line
                for count in (1, len(rows))
                for line in rows_of(count, urls, json.dumps({"rows": rows[:count]}).encode(), arguments)
            ]
        parts.append(f"## {title}\n\n{page.table(HEAD, lines)}")
    page.write(PAGE, arguments, *parts)
