"""Compare RealMLP of whorl's layers with pytabkit's, its authors' package, on the same splits. Writes `benchmarks/realmlp.md`.

pytabkit's figures are those of ``python -m benchmarks tables FOLDER --methods realmlp``, which needs PyTorch. The network and its training
are those of Holzmüller, Grinsztajn and Steinwart (2024), arXiv:2407.04491, appendix A: one network, a fifth of the training rows
for validation, the best epoch; with what pytabkit's code adds to the paper: parameters whose learning rate is multiplied by m decay m² times as fast.
`Factor` and `Mix` are variants of whorl's `Scale` and `Parametric`: weight decay pulls them toward 0 and toward no activation, as in pytabkit, and those of
whorl toward a factor of 1 and the activation itself. What still differs: the last batch is not dropped, and categories with more than eight values are one-hot, not embedded.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.tables import measure, read, results
from benchmarks.tables.registry import TABLES, PublicTable
from whorl import (
    SELU,
    AdamW,
    Constant,
    Cosine,
    CrossEntropy,
    Dropout,
    Layer,
    LogCosine,
    Mish,
    NTKDense,
    Parameter,
    PeriodicEmbedding,
    RobustScale,
)
from whorl._core.types import Array, Backward, Shape
from whorl.initializers import Full
from whorl.parameters import Views
from whorl.recipes import RECIPES, Recipe
from whorl.schedules import Chain

PAGE = ROOT / "benchmarks" / "realmlp.md"
PEER = ROOT / "benchmarks" / "tables.jsonl"
NAMES = ["penguins", "titanic", "pima", "german", "vehicle", "red-wine", "airfoil", "concrete", "medical-costs"]
OPTIONS = {"folder": None, "tables": NAMES, "splits": 5}
FIRST_SEED = 10
EPOCHS = 256


class Factor(Layer):
    """``y = m s x``: as `whorl.Scale`, but weight decay pulls the factor toward 0."""

    multiple: float = 6.0

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return a factor of 1 for each feature."""
        return {"s": Parameter(inputs, Full(1 / self.multiple), decay=self.multiple**2)}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return y."""

        def backward(dy: Array, g: Views) -> Array:
            np.multiply(self.multiple, np.sum(dy * x, axis=0), out=g.s)
            scaled: Array = dy * (self.multiple * p.s)
            return scaled

        return x * (self.multiple * p.s), backward


class Mix(Layer):
    """``y = x + m a (f(x) − x)``: as `whorl.Parametric`, but weight decay pulls it toward no activation."""

    activation: Layer
    multiple: float = 0.1

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The activation."""
        return (self.activation,)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return a share of 1 of the activation for each feature."""
        return {"a": Parameter(inputs, Full(1 / self.multiple), decay=self.multiple**2)}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return y."""
        f, back = self.activation.forward(x, p.parts[0], rng)
        share, change = self.multiple * p.a, f - x

        def backward(dy: Array, g: Views) -> Array:
            np.multiply(self.multiple, np.sum(dy * change, axis=0), out=g.a)
            through = back(dy * share, g.parts[0])
            assert through is not None
            dx: Array = through + dy * (1 - share)
            return dx

        return x + share * change, backward


def falling(value: float) -> Chain:
    """Return a schedule that is constant for half of the epochs, and then falls to 0."""
    return Chain(((EPOCHS / 2, Constant(value)), (EPOCHS / 2, Cosine(value, epochs=EPOCHS / 2))))


def recipe(table: PublicTable) -> Recipe:
    """Return RealMLP-TD, for classes or for numbers."""
    classes = table.task == "classification"
    block = [NTKDense(256, bias_decay=0), Mix(SELU() if classes else Mish()), Dropout(falling(0.15))]
    rate = 0.04 if classes else 0.2
    return RECIPES["table"]["fast"].replace(
        scaling="none",
        layers=[RobustScale(), PeriodicEmbedding(multiple=0.1, decay=0.01), Factor(), *3 * block],
        output_layer=NTKDense(1, bias_decay=0),
        loss=CrossEntropy(label_smoothing=0.1) if classes else None,
        optimizer=AdamW(LogCosine(rate, epochs=EPOCHS), beta2=0.95, weight_decay=falling(0.02)),
        epochs=EPOCHS,
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
