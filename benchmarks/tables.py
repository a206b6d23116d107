"""``whorl train FILE --target COLUMN`` beside scikit-learn: ``python -m benchmarks.tables FOLDER`` writes ``benchmarks/tables.md``.

Six public tables, five splits each: four fifths of the rows are written to a CSV file, which ``whorl train`` learns with no
option but the target (and, for Adult, the names of the columns, which its file lacks), and scikit-learn's
``make_pipeline(encoder, StandardScaler(), MLPClassifier())`` with its defaults; the rest tests both. The encoder gives
scikit-learn every column but those whorl leaves out (names and numbers of rows): text as one-hot, numbers with the median in
their gaps. A regression has the target as it is, and, since that is hard on scikit-learn, once more standardized.

FOLDER holds the tables under their usual names: adult/adult.data (UCI), titanic/train.csv (Kaggle),
california-housing/housing.csv (Géron's Hands-On Machine Learning), penguins/penguins.csv (palmerpenguins),
wine-quality/winequality-red.csv and -white.csv (UCI).
"""

import argparse
import csv
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import whorl
from benchmarks.machine import described
from whorl import tables
from whorl._core.types import Array
from whorl.cli.presets import Tabular

ADULT = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex capital-gain capital-loss"
    " hours-per-week native-country income"
)
SPLITS = range(10, 15)
"""Seeds of the splits. Others, 0 to 4, chose the preset."""


@dataclass(frozen=True)
class Case:
    """A table and what to learn of it."""

    title: str
    file: str
    target: str
    columns: tuple[str, ...] | None = None


CASES = [
    Case("Adult", "adult/adult.data", "income", tuple(ADULT.split())),
    Case("Titanic", "titanic/train.csv", "Survived"),
    Case("California housing", "california-housing/housing.csv", "median_house_value"),
    Case("Penguins", "penguins/penguins.csv", "species"),
    Case("Red wine", "wine-quality/winequality-red.csv", "quality"),
    Case("White wine", "wine-quality/winequality-white.csv", "quality"),
]


def write(table: tables.Table, path: Path) -> None:
    """Write a table's rows as a CSV file."""
    columns = [table.frame.texts(name) for name in table.frame]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(table.frame), *zip(*columns, strict=True)])


def ours(case: Case, train: tables.Table, test: tables.Table, seed: int) -> float:
    """Return the score of what ``whorl train FILE --target COLUMN --seed N`` makes of the training rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "train.csv")
        write(train, file)
        model, _, _ = replace(Tabular(), file=str(file), target=case.target).train(seed)
    known = tables.table({name: test.frame.texts(name) for name in test.frame}, preparation=model.preparation)
    return score(known.y, model.predict(known.X))


def score(y: Array, prediction: Array) -> float:
    """Return the accuracy of probabilities, or the R² of numbers."""
    return whorl.metrics.accuracy(y, prediction) if y.ndim == 1 else whorl.metrics.r2(y, prediction)


def theirs(train: tables.Table, test: tables.Table, seed: int) -> list[float]:
    """Return the score of scikit-learn's pipeline; and in a regression, that with a standardized target."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    used = [column.name for column in train.preparation.columns]
    is_number = [column.kind == "number" for column in train.preparation.columns]
    encoder = make_column_transformer(
        (SimpleImputer(strategy="median"), [i for i, yes in enumerate(is_number) if yes]),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            [i for i, yes in enumerate(is_number) if not yes],
        ),
    )

    def features(table: tables.Table) -> Array:
        columns: list[Any] = [
            table.frame.numbers(name) if yes else [text or "" for text in table.frame.texts(name)]
            for name, yes in zip(used, is_number, strict=True)
        ]
        X = np.empty((len(table), len(used)), object)
        for i, column in enumerate(columns):
            X[:, i] = column
        return X

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit of 200 epochs, reached
        if train.task == "classification":
            pipeline = make_pipeline(encoder, StandardScaler(), MLPClassifier(random_state=seed))
            return [pipeline.fit(features(train), train.y).score(features(test), test.y)]
        y, y_test = train.y[:, 0], test.y[:, 0]
        pipeline = make_pipeline(encoder, StandardScaler(), MLPRegressor(random_state=seed))
        scaled = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
        return [each.fit(features(train), y).score(features(test), y_test) for each in (pipeline, scaled)]


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what it returns, and the seconds."""
    begun = time.perf_counter()
    return call(), time.perf_counter() - begun


def measure(case: Case, folder: Path) -> str:
    """Measure one table, print how it goes, and return its row in Markdown."""
    table = tables.table(folder / case.file, case.target, columns=case.columns)
    mine, rivals, seconds = [], [], []
    for seed in SPLITS:
        train, test = table.split(0.2, rng=seed)
        value, first = timed(lambda: ours(case, train, test, seed))  # noqa: B023  # called at once
        rival, second = timed(lambda: theirs(train, test, seed))  # noqa: B023
        mine.append(value)
        rivals.append(rival)
        seconds.append((first, second / len(rival)))
        print(case.title, seed, f"{value:.4f}", *(f"{each:.4f}" for each in rival), flush=True)
    scores = " / ".join(f"{value:.4f}" for value in np.mean(rivals, axis=0))
    times = np.median(seconds, axis=0)
    name = "accuracy" if table.task == "classification" else "R²"
    spread = f"{np.mean(mine):.4f} ± {np.std(mine):.4f}"
    return f"| {case.title} (`{case.target}`) | {len(table):,} | {name} | {spread} | {scores} | {times[0]:.1f} | {times[1]:.1f} |"


def main() -> None:
    """Measure all tables, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    lines = [measure(case, folder) for case in CASES]
    page = "\n".join(
        [
            "# Tables: `whorl train FILE --target COLUMN` beside scikit-learn",
            "",
            "Scores on the fifth of the rows that neither saw: means of five splits, and for whorl the standard deviation over",
            "them. Both learn from the same rows, without any option: whorl with what `whorl train` does for a file,",
            "scikit-learn with `make_pipeline(encoder, StandardScaler(), MLPClassifier())`, or `MLPRegressor()`, whose second",
            "figure is with a standardized target. whorl's preset was chosen on other splits of the same tables, scikit-learn's",
            "defaults were not. Seconds are medians for one split; see `benchmarks/tables.py`.",
            "",
            "| table | rows | score | whorl | scikit-learn | whorl, s | scikit-learn, s |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            f"Written by `python -m benchmarks.tables FOLDER`. {described()}",
            "",
        ]
    )
    Path(__file__).with_suffix(".md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
