"""What each ingredient of the recipe for tables is worth: the error with one of them changed. Writes `benchmarks/ablations.md`.

The error is the log loss, or the root of the mean squared error; the figures are by how many per cent it changes against
the recipe with three networks of each kind, in the mean over two splits of each table. The tables are those of `python -m benchmarks tables`, in the
same folder; the splits have the seeds 0 and 1, which that benchmark does not use.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.tables import measure, read
from benchmarks.tables.registry import TABLES, PublicTable
from whorl import Dense, Dropout, Mish, NTKDense, Parametric, RobustScale
from whorl.layers import Layer
from whorl.recipes import RECIPES, Recipe

PAGE = ROOT / "benchmarks" / "ablations.md"
NAMES = ["titanic", "vehicle", "red-wine", "airfoil", "concrete"]
OPTIONS = {"folder": None, "tables": NAMES, "splits": 2}

RECIPE = RECIPES["table"]["default"].replace(members=12, folds=3)
EMBEDDING, SCALE, *HIDDEN = RECIPE.layers


def with_layers(*layers: Layer, **settings: object) -> Recipe:
    """Return the recipe with other layers, of four kinds as before."""
    return RECIPE.replace(layers=layers, scales=RECIPE.scales, dropouts=RECIPE.dropouts, **settings)


def hidden(activation: Layer) -> list[Layer]:
    """Return the three hidden layers with another activation."""
    return 3 * [NTKDense(128), activation, Dropout(0.1)]


def dense() -> Recipe:
    """Return the recipe with plain dense layers, a start that does not know the data, and the learning rate that suits them."""
    blocks = 3 * [Dense(128), Parametric(Mish(), multiple=0.1), Dropout(0.1)]
    optimizer = "AdamW(LogCosine(0.01, epochs=256), beta2=0.95, weight_decay=0.02)"
    return with_layers(
        EMBEDDING, SCALE, *blocks, optimizer=optimizer, output_layer="Dense(1, initializer=Normal(0.01))"
    )


def one_kind(scale: float, dropout: float) -> Recipe:
    """Return the recipe with networks of one kind."""
    return RECIPE.replace(scales=[scale], dropouts=[dropout])


VARIANTS = {
    "mean and deviation for ranks": RECIPE.replace(scaling="standardize"),
    "median and quartiles, bent, for ranks": with_layers(RobustScale(), *RECIPE.layers, scaling="none"),
    "no periodic embedding": with_layers(SCALE, *HIDDEN),
    **{f"all waves of scale {scale}": one_kind(scale, 0.1) for scale in (0.2, 0.6, 2.0)},
    "all waves of scale 0.05, dropout 0.3": one_kind(0.05, 0.3),
    "no scaling layer": with_layers(EMBEDDING, *HIDDEN),
    "Mish, not learned": with_layers(EMBEDDING, SCALE, *hidden(Mish())),
    "Dense, learning rate 0.01": dense(),
    "no dropout": RECIPE.replace(dropouts=[0.0]),
    "constant learning rate": RECIPE.replace(optimizer="AdamW(0.02, beta2=0.95, weight_decay=0.002)"),
    "β₂ = 0.999": RECIPE.replace(optimizer="AdamW(LogCosine(0.1, epochs=256), beta2=0.999, weight_decay=0.002)"),
    "weight decay 0.02": RECIPE.replace(optimizer="AdamW(LogCosine(0.1, epochs=256), beta2=0.95, weight_decay=0.02)"),
    "the last epoch": RECIPE.replace(keep="last"),
    "one network": RECIPE.replace(members=1),
}
"""The recipe with one thing changed."""


def error(recipe: Recipe, table: PublicTable, columns: read.Columns, seed: int) -> float:
    """Return the error of a recipe on a split."""
    scores = measure.of_whorl(recipe, measure.split(table, columns, seed), seed)
    return scores["log loss" if "log loss" in scores else "rmse"]


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
    rows = [["as it is, twelve networks", *(f"{value:.4g}" for value in usual), ""]]
    for name, recipe in VARIANTS.items():
        change = 100 * (errors(recipe) / usual - 1)
        rows.append([name, *(f"{value:+.1f} %" for value in change), f"{change.mean():+.1f} %"])
        print(rows[-1], flush=True)
        head = ["", *(table.title for table in tables), "mean"]
        page.write(PAGE, arguments, page.table(head, rows))  # after each variant: all of them take half an hour
