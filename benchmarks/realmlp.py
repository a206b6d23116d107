"""Compare RealMLP of whorl's layers with pytabkit's, its authors' package, on the same splits. Writes `benchmarks/realmlp.md`.

pytabkit's figures are those of ``python -m benchmarks tables FOLDER --methods realmlp``, which needs PyTorch. The network and its training
are those of Holzmüller, Grinsztajn and Steinwart (2024), arXiv:2407.04491, appendix A: one network, a fifth of the training rows
for validation, the best epoch. What whorl leaves out: dropout and decay do not fall over the epochs, embeddings decay as fast as other
weights, the last batch is not dropped, and categories with more than eight values are one-hot, not embedded.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.tables import measure, read, results
from benchmarks.tables.registry import TABLES, PublicTable
from whorl import SELU, CrossEntropy, Dropout, Mish, NTKDense, Parametric, PeriodicEmbedding, RobustScale, Scale
from whorl.recipes import RECIPES, Recipe

PAGE = ROOT / "benchmarks" / "realmlp.md"
PEER = ROOT / "benchmarks" / "tables.jsonl"
NAMES = ["penguins", "titanic", "pima", "german", "vehicle", "red-wine", "airfoil", "concrete", "medical-costs"]
OPTIONS = {"folder": None, "tables": NAMES, "splits": 5}
FIRST_SEED = 10


def recipe(table: PublicTable) -> Recipe:
    """Return RealMLP-TD, for classes or for numbers."""
    classes = table.task == "classification"
    block = [NTKDense(256), Parametric(SELU() if classes else Mish(), multiple=0.1), Dropout(0.15)]
    rate = 0.04 if classes else 0.2
    return RECIPES["table"]["fast"].replace(
        scaling="none",
        layers=[RobustScale(), PeriodicEmbedding(multiple=0.1), Scale(multiple=6.0), *3 * block],
        loss=CrossEntropy(label_smoothing=0.1) if classes else None,
        optimizer=f"AdamW(LogCosine({rate}, epochs=256), beta2=0.95, weight_decay=0.02)",
        epochs=256,
        max_steps=None,
        calibrate=False,
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure whorl, and write the page."""
    theirs = [line for line in results.load(PEER) if line["method"] == "realmlp"]
    rows = []
    for table in (each for each in TABLES if each.name in arguments.tables):
        columns, name = (
            read.read(table, Path(arguments.folder)),
            "accuracy" if table.task == "classification" else "rmse",
        )
        seeds = range(FIRST_SEED, FIRST_SEED + arguments.splits)
        peer = {line["seed"]: line[name] for line in theirs if line["table"] == table.name}
        own = {
            seed: measure.of_whorl(recipe(table), measure.split(table, columns, seed), seed)[name]
            for seed in seeds
            if seed in peer
        }
        pairs = np.array([[own[seed], peer[seed]] for seed in own])
        error = (pairs[:, 0] - pairs[:, 1]).std(ddof=1) / np.sqrt(len(pairs))
        difference = float(np.subtract(*pairs.mean(axis=0)))
        cells = [f"{value:.4g}" for value in (*pairs.mean(axis=0), difference, error)]
        rows.append([table.title, name, *cells, f"{difference / error if error else 0:+.1f}"])
        print(rows[-1], flush=True)
    head = ["table", "", "whorl", "pytabkit", "difference", "its standard error", "ratio"]
    page.write(PAGE, arguments, page.table(head, rows))
