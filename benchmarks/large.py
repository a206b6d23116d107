"""Time and memory of the recipe for tables at its limits: many rows, many columns, many categories, rare classes. Writes `benchmarks/large.md`.

The samples are drawn from a known function, so the best possible score is known too. Each case runs in a process of its own; its
memory is the most that this process has ever held, Python and the data included.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import page
from benchmarks.cases import Array
from benchmarks.processes import ROOT, fresh, peak
from whorl import metrics, tables
from whorl.recipes import RECIPES

PAGE = ROOT / "benchmarks" / "large.md"
NEW = 20_000
"""Samples to measure the score with."""


class Case(NamedTuple):
    """A case: its title, a function that draws so many samples, how many to train on, the preset, and its settings."""

    title: str
    draw: Callable[[np.random.Generator, int], tuple[Any, Array, Array]]
    rows: int
    preset: str
    settings: dict[str, Any]


def waves(rng: np.random.Generator, rows: int, columns: int, offset: float = 0.0) -> tuple[Array, Array, Array]:
    """Draw features, classes that depend on four of them, and the probabilities of the second class."""
    X = rng.standard_normal((rows, columns), dtype=np.float32)
    p = 1 / (1 + np.exp(-(offset + 2 * X[:, 0] * X[:, 1] + 2 * np.sin(3 * X[:, 2]) + X[:, 3])))
    return X, (rng.random(rows) < p).astype(np.intp), p


def long(rng: np.random.Generator, rows: int) -> tuple[Array, Array, Array]:
    """Draw 100 columns."""
    return waves(rng, rows, 100)


def wide(rng: np.random.Generator, rows: int) -> tuple[Array, Array, Array]:
    """Draw 1,000 columns."""
    return waves(rng, rows, 1000)


def rare(rng: np.random.Generator, rows: int) -> tuple[Array, Array, Array]:
    """Draw classes of which about one sample of a thousand has the second."""
    return waves(rng, rows, 10, offset=-10.5)


def categories(rng: np.random.Generator, rows: int) -> tuple[dict[str, Array], Array, Array]:
    """Draw a column of up to 100,000 categories, whose numbers have the frequencies of words, among four of numbers."""
    X, y, p = waves(rng, rows, 4)
    number = np.minimum(rng.zipf(1.3, rows), 100_000)
    names = np.char.add("item ", number.astype(str))
    return {"item": names, **{f"x{j}": column for j, column in enumerate(X.T)}}, y, p


CASES = {
    "long": Case("1,000,000 × 100, `--time 120`", long, 1_000_000, "fast", {"time": 120.0}),
    "categories": Case("200,000 × 5, one column of 100,000 categories", categories, 200_000, "fast", {}),
    "wide": Case("2,000 × 1,000, `--time 120`", wide, 2_000, "default", {"time": 120.0}),
    "rare": Case("100,000 × 10, one of 1,000 in the second class", rare, 100_000, "default", {}),
}
OPTIONS = {"parts": list(CASES)}


def measure(name: str) -> list[str]:
    """Return the row of a case."""
    case, rng = CASES[name], np.random.default_rng(0)
    X, y, _ = case.draw(rng, case.rows)
    X_new, y_new, p_new = case.draw(rng, NEW)
    begun = time.perf_counter()
    preparation = None
    if isinstance(X, dict):
        known = tables.table(X, y)
        X, preparation = known.X, known.preparation
    model, history = RECIPES["table"][case.preset].replace(**case.settings).fit(X, y, rng=0)
    seconds, held = time.perf_counter() - begun, peak()
    x = X_new if preparation is None else preparation.transform(X_new)
    p = model.predict(x)
    best = np.column_stack([1 - p_new, p_new])
    found = [f"{metrics.roc_auc(y_new, p):.4f} (best possible {metrics.roc_auc(y_new, best):.4f})"]
    found.append(f"{-np.log(p[np.arange(NEW), y_new]).mean():.4f} ({-np.log(best[np.arange(NEW), y_new]).mean():.4f})")
    data = case.rows * np.shape(X)[1] * 4
    return [
        case.title,
        case.preset,
        f"{seconds:.0f}",
        f"{len(history.epochs)}",
        *found,
        f"{data / 1e6:.0f}",
        f"{held / 1e6:.0f}",
    ]


def run(arguments: argparse.Namespace) -> None:
    """Measure all cases, and write the page."""
    rows = []
    for name in arguments.parts:
        with fresh({"OPENBLAS_NUM_THREADS": "1"}) as process:
            rows.append(process.submit(measure, name).result())
        print(rows[-1], flush=True)
    head = [
        "rows × columns",
        "preset",
        "seconds",
        "epochs",
        "AUC",
        "log loss",
        "features as float32, MB",
        "most memory, MB",
    ]
    page.write(PAGE, arguments, page.table(head, rows))
