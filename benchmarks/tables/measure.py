"""Train a method on one split of a table, and measure it on the test rows."""

import tempfile
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

import whorl
from benchmarks.cases import Array
from benchmarks.tables import frames, scores
from benchmarks.tables.peers import PEERS, THREADS
from benchmarks.tables.read import Columns, take, write
from benchmarks.tables.registry import PublicTable
from whorl.recipes import RECIPES, Recipe, find
from whorl.tables import table as whorl_table

LEVEL = 0.9
"""The share of the intervals that should hold the true number, where a method predicts intervals."""


@dataclass(frozen=True)
class Split:
    """Training and test rows of a table. The classes are sorted; a regression has none."""

    table: PublicTable
    train: Columns
    test: Columns
    classes: list[str]

    def truth(self, rows: Columns) -> Array:
        """Return the labels or numbers of the training or test rows."""
        return frames.targets(rows[self.table.target], self.classes)

    def score(self, predictions: Array) -> scores.Scores:
        """Return the scores of probabilities, a column for each class; or of predicted numbers."""
        return (scores.of_classes if self.classes else scores.of_numbers)(predictions, self.truth(self.test))


def split(table: PublicTable, columns: Columns, seed: int) -> Split:
    """Put every fifth row into the test rows, in a random order; in a classification, of rows sorted by class, so that each has its share."""
    target = np.array(columns[table.target])
    order = np.random.default_rng(seed).permutation(len(target))
    if table.task == "classification":
        order = order[np.argsort(target[order], kind="stable")]
    test = np.zeros(len(target), bool)
    test[order[2::5]] = True
    classes = sorted(set(target.tolist())) if table.task == "classification" else []
    train_rows, test_rows = (take(columns, np.flatnonzero(rows).tolist()) for rows in (~test, test))
    return Split(table, train_rows, test_rows, classes)


def methods() -> dict[str, str]:
    """Return the titles of all methods: whorl's default preset and its others, and the other libraries."""
    default, *others = RECIPES["table"]
    ours = {"whorl": f"whorl, `{default}`"} | {f"whorl-{preset}": f"whorl, `{preset}`" for preset in others}
    return ours | {name: title for name, (title, *_) in PEERS.items()}


def made_with(method: str) -> str:
    """Return the version of a library; and for whorl a checksum of the recipe, which tells whether it has changed."""
    if method in PEERS:
        (package, *_) = packages_distributions()[PEERS[method][1]]
        return f"{package} {version(package)}"
    return f"whorl {whorl.__version__} {crc32(repr(recipe(method).settings()).encode()):08x}"


def recipe(method: str) -> Recipe:
    """Return whorl's recipe for tables: of the default preset for ``"whorl"``, and of another for ``"whorl-PRESET"``."""
    return find("table", method.partition("-")[2] or None)


def measure(method: str, part: Split, seed: int) -> scores.Scores:
    """Return the scores of a method on a split, and the seconds that training and predicting took."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits({"blas": 1, "openmp": THREADS}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's limit of 200 epochs is reached; others tell of their future
        if method in PEERS:
            return of_peer(method, part, seed)
        return of_whorl(recipe(method), part, seed)


def of_whorl(recipe: Recipe, part: Split, seed: int) -> scores.Scores:
    """Measure ``whorl train FILE --target COLUMN --seed N``."""
    with tempfile.TemporaryDirectory() as folder:
        train, test = Path(folder, "train.csv"), Path(folder, "test.csv")
        write(part.train, train)
        write(part.test, test)
        begun = time.perf_counter()
        model, *_ = recipe.replace(file=str(train), target=part.table.target).train(seed)
        known = whorl_table(str(test), preparation=model.preparation)
        predictions = model.predict(known.X)
        seconds = time.perf_counter() - begun
    learned = model.preparation.target
    assert learned is not None
    if learned.task != part.table.task:
        raise ValueError(f"{part.table.name} is a {part.table.task}, but whorl made it a {learned.task}")
    if part.classes:
        predictions = predictions[:, [learned.classes.index(name) for name in part.classes]]
    found = part.score(predictions if part.classes else predictions[:, 0])
    if not part.classes and (covered := interval_coverage(model, known.X, part.truth(part.test))) is not None:
        found["coverage"] = covered
    return found | {"seconds": seconds}


def interval_coverage(model: Any, X: Array, truth: Array) -> float | None:
    """Return the share of the true numbers in the intervals of a model; None if it predicts none."""
    try:
        _, low, high = model.predict(X, interval=LEVEL)
    except (TypeError, ValueError):
        return None
    return scores.coverage(low[:, 0], high[:, 0], truth)


def of_peer(method: str, part: Split, seed: int) -> scores.Scores:
    """Measure another library."""
    train, test = frames.features(part.train, part.test, part.table.target)
    y = part.truth(part.train)
    begun = time.perf_counter()
    model = PEERS[method][2](train, y, seed, classify=bool(part.classes))
    predictions = model.predict_proba(test) if part.classes else model.predict(test)
    seconds = time.perf_counter() - begun
    return part.score(np.asarray(predictions, float)) | {"seconds": seconds}
