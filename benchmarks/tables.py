"""Compare ``whorl train FILE --target COLUMN`` with scikit-learn on six public tables. Writes `benchmarks/tables.md`.

There are five splits of each: four fifths of the rows are written to a CSV file, which ``whorl train`` learns with no option but
the target (and, for Adult, the names of the columns, which its file lacks), and which scikit-learn learns by
``make_pipeline(encoder, StandardScaler(), MLPClassifier())`` with its defaults; the other rows test both. The encoder gives
scikit-learn the columns that whorl uses, without names and numbers of rows: text as one-hot, numbers with the median in their
gaps. A regression has the target as it is and, since scikit-learn does badly with that, once more standardized.

The folder holds the tables under their usual names: adult/adult.data (UCI), titanic/train.csv (Kaggle),
california-housing/housing.csv (Géron's Hands-On Machine Learning), penguins/penguins.csv (palmerpenguins),
wine-quality/winequality-red.csv and -white.csv (UCI).
"""

import argparse
import csv
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import whorl
from benchmarks import page
from benchmarks.cases import Array
from benchmarks.processes import ROOT
from whorl.recipes import RECIPES
from whorl.tables import Frame, Number, Table, table

PAGE = ROOT / "benchmarks" / "tables.md"
OPTIONS = {"folder": None}
ADULT = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex capital-gain capital-loss"
    " hours-per-week native-country income"
)
TABLES = {
    "Adult": ("adult/adult.data", "income", ADULT.split()),
    "Titanic": ("titanic/train.csv", "Survived", None),
    "California housing": ("california-housing/housing.csv", "median_house_value", None),
    "Penguins": ("penguins/penguins.csv", "species", None),
    "Red wine": ("wine-quality/winequality-red.csv", "quality", None),
    "White wine": ("wine-quality/winequality-white.csv", "quality", None),
}
"""File, target and names of columns."""

SPLITS = range(10, 15)
"""Seeds of the splits. Others, 0 to 4, chose the recipe."""


def ours(train: Table, test: Table, seed: int) -> list[float]:
    """Return the score of what ``whorl train FILE --target COLUMN --seed N`` makes of the training rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = zip(*(train.frame.texts(name) for name in train.frame), strict=True)
            csv.writer(file).writerows([list(train.frame), *rows])
        model, *_ = RECIPES["table"]["classic"].replace(file=str(path), target=train.target.name).train(seed)
    known = table(test.frame, preparation=model.preparation)
    score = whorl.metrics.accuracy if train.task == "classification" else whorl.metrics.r2
    return [score(known.y, model.predict(known.X))]


def theirs(train: Table, test: Table, seed: int) -> list[float]:
    """Return the score of scikit-learn's pipeline; and in a regression, that with a standardized target."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = train.preparation.columns
    number = np.array([isinstance(column, Number) for column in columns])
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder = make_column_transformer((SimpleImputer(strategy="median"), number), (one_hot, ~number))

    def features(frame: Frame) -> Array:
        X = np.empty((len(frame), len(columns)), object)
        for i, name in enumerate(column.name for column in columns):
            X[:, i] = frame.numbers(name) if number[i] else [text or "" for text in frame.texts(name)]
        return X

    if train.task == "classification":
        models: list[Any] = [make_pipeline(encoder, StandardScaler(), MLPClassifier(random_state=seed))]
    else:
        pipeline = make_pipeline(encoder, StandardScaler(), MLPRegressor(random_state=seed))
        models = [pipeline, TransformedTargetRegressor(pipeline, transformer=StandardScaler())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its limit of 200 epochs is reached
        return [
            model.fit(features(train.frame), train.y.squeeze()).score(features(test.frame), test.y.squeeze())
            for model in models
        ]


def run(arguments: argparse.Namespace) -> None:
    """Measure all tables, and write the page."""
    rows = []
    for title, (file, target, columns) in TABLES.items():
        whole = table(Path(arguments.folder, file), target, columns=columns)
        scores: dict[Any, list[list[float]]] = {ours: [], theirs: []}
        seconds: dict[Any, list[float]] = {ours: [], theirs: []}
        for seed in SPLITS:
            train, test = whole.split(0.2, rng=seed)
            for way in (ours, theirs):
                begun = time.perf_counter()
                found = way(train, test, seed)
                seconds[way].append((time.perf_counter() - begun) / len(found))
                scores[way].append(found)
            print(title, seed, scores[ours][-1], scores[theirs][-1], flush=True)
        rows.append(
            [
                f"{title} (`{target}`)",
                f"{len(whole):,}",
                "accuracy" if whole.task == "classification" else "R²",
                f"{np.mean(scores[ours]):.4f} ± {np.std(scores[ours]):.4f}",
                " / ".join(f"{value:.4f}" for value in np.mean(scores[theirs], axis=0)),
                *(f"{np.median(seconds[way]):.1f}" for way in (ours, theirs)),
            ]
        )
    head = ["table", "rows", "score", "whorl", "scikit-learn", "whorl, s", "scikit-learn, s"]
    page.write(PAGE, arguments, page.table(head, rows))
