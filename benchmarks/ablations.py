"""What each ingredient of the recipe for tables is worth: the error with one of them changed. Writes `benchmarks/ablations.md`.

The error is the share of wrong classes, or the root of the mean squared error; the figures are by how many per cent it changes against
the recipe with eight networks, in the mean over two splits of each table. The tables are those of `python -m benchmarks tables`, in the
same folder; the splits have the seeds 0 and 1, which that benchmark does not use.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.tables import measure, read
from benchmarks.tables.registry import TABLES, PublicTable
from whorl import Dense, Dropout, Mish, NTKDense, Parametric, ReLU, RobustScale
from whorl.layers import Layer
from whorl.recipes import RECIPES, Recipe

PAGE = ROOT / "benchmarks" / "ablations.md"
NAMES = ["vehicle", "red-wine", "airfoil", "concrete", "california"]
OPTIONS = {"folder": None, "tables": NAMES, "splits": 2}

RECIPE = RECIPES["table"]["default"].replace(members=8)
EMBEDDING, SCALE, *HIDDEN = RECIPE.layers


def hidden(units: int = 128, activation: Layer | None = None, dropout: float = 0.1) -> list[Layer]:
    """Return the three hidden layers."""
    after = [activation or Parametric(Mish(), multiple=0.1), *([Dropout(dropout)] if dropout else [])]
    return 3 * [NTKDense(units), *after]


def with_hidden(*layers: Layer, **settings: object) -> Recipe:
    """Return the recipe with other hidden layers."""
    return RECIPE.replace(layers=[EMBEDDING, SCALE, *layers], **settings)


def dense() -> Recipe:
    """Return the recipe with plain dense layers, a start that does not know the data, and the learning rate that suits them."""
    blocks = 3 * [Dense(128), Parametric(Mish(), multiple=0.1), Dropout(0.1)]
    optimizer = "AdamW(LogCosine(0.01, epochs=256), beta2=0.95, weight_decay=0.02)"
    return with_hidden(*blocks, optimizer=optimizer, output_layer="Dense(1, initializer=Normal(0.01))")


def optimizer(text: str) -> Recipe:
    """Return the recipe with another optimizer."""
    return RECIPE.replace(optimizer=text)


VARIANTS = {
    "mean and deviation for ranks": RECIPE.replace(scaling="standardize"),
    "median and quartiles, bent, for ranks": RECIPE.replace(scaling="none", layers=[RobustScale(), *RECIPE.layers]),
    "no periodic embedding": RECIPE.replace(layers=[SCALE, *HIDDEN]),
    "frequencies of scale 0.2 alone": RECIPE.replace(scales=[0.2]),
    "frequencies of scale 2 alone": RECIPE.replace(scales=[2.0]),
    "no scaling layer": RECIPE.replace(layers=[EMBEDDING, *HIDDEN]),
    "Mish, not learned": with_hidden(*hidden(activation=Mish())),
    "ReLU, not learned": with_hidden(*hidden(activation=ReLU())),
    "Dense, learning rate 0.01": dense(),
    "256 units": with_hidden(*hidden(256)),
    "no dropout": with_hidden(*hidden(dropout=0)),
    "dropout 0.3": with_hidden(*hidden(dropout=0.3)),
    "constant learning rate": optimizer("AdamW(0.02, beta2=0.95, weight_decay=0.002)"),
    "β₂ = 0.999": optimizer("AdamW(LogCosine(0.1, epochs=256), beta2=0.999, weight_decay=0.002)"),
    "no weight decay": optimizer("AdamW(LogCosine(0.1, epochs=256), beta2=0.95, weight_decay=0.0)"),
    "weight decay 0.02": optimizer("AdamW(LogCosine(0.1, epochs=256), beta2=0.95, weight_decay=0.02)"),
    "the last epoch": RECIPE.replace(keep="last"),
    "one network": RECIPE.replace(members=1),
    "sixteen networks, the default": RECIPE.replace(members=16),
}
"""The recipe with one thing changed."""


def error(recipe: Recipe, table: PublicTable, columns: read.Columns, seed: int) -> float:
    """Return the error of a recipe on a split."""
    scores = measure.of_whorl(recipe, measure.split(table, columns, seed), seed)
    return 1 - scores["accuracy"] if "accuracy" in scores else scores["rmse"]


def run(arguments: argparse.Namespace) -> None:
    """Measure all variants, and write the page."""
    tables = [table for table in TABLES if table.name in arguments.tables]
    columns = {table.name: read.read(table, Path(arguments.folder)) for table in tables}

    def errors(recipe: Recipe) -> np.ndarray:
        return np.array(
            [
                np.mean([error(recipe, table, columns[table.name], seed) for seed in range(arguments.splits)])
                for table in tables
            ]
        )

    usual = errors(RECIPE)
    print(usual, flush=True)
    rows = [["as it is, eight networks", *(f"{value:.4g}" for value in usual), ""]]
    for name, recipe in VARIANTS.items():
        change = 100 * (errors(recipe) / usual - 1)
        rows.append([name, *(f"{value:+.1f} %" for value in change), f"{change.mean():+.1f} %"])
        print(rows[-1], flush=True)
        page.write(PAGE, arguments, page.table(["", *(table.title for table in tables), "mean"], rows))  # as far as it is
