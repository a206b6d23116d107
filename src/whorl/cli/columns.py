"""How ``whorl train FILE.csv`` makes a network of a table's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from whorl import tables
from whorl.cli.recipes import Problem, Recipe, classifier
from whorl.initializers import Normal
from whorl.layers import Dense, Rescale, Standardize
from whorl.losses import MeanSquaredError
from whorl.model import Model
from whorl.training import Callback, History


@dataclass(frozen=True)
class Rows(Problem):
    """The rows of a table; in a regression y is standardized, ``y = (target − mean) / scale``."""

    table: tables.Table = field(kw_only=True)
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Columns(Recipe):
    """Base of the recipes for a file: which columns to learn from, and what."""

    file: str = ""
    target: str = ""
    ignore: tuple[str, ...] = ()
    task: Literal["classification", "regression"] | None = None
    columns: tuple[str, ...] | None = None
    skip: int = 0

    def problem(self, rng: np.random.Generator) -> Rows:
        table = tables.table(
            self.file, self.target, ignore=self.ignore, task=self.task, columns=self.columns, skip=self.skip
        )
        notes = [f"{len(table.y)} rows, {table.task} of {self.target}", *table.notes]
        known, held_out = table.split(self.validation, rng=rng)
        if table.task == "classification":
            return Rows(known.X, known.y, (held_out.X, held_out.y), notes=notes, table=known)
        mean, scale = float(known.y.mean()), float(known.y.std()) or 1.0
        return Rows(
            known.X,
            (known.y - mean) / scale,
            (held_out.X, (held_out.y - mean) / scale),
            loss=MeanSquaredError(),
            metric="r2",
            notes=notes,
            table=known,
            mean=mean,
            scale=scale,
        )

    def model(self, problem: Problem, rng: np.random.Generator) -> Model:
        assert isinstance(problem, Rows)
        if problem.table.task == "classification":
            return classifier(self.hidden_layers(), problem, len(problem.table.classes), rng)
        layers = [Standardize(), *self.hidden_layers(), Dense(1, initializer=Normal(0.01))]
        return Model(layers, inputs=problem.X.shape[1], rng=rng)

    def fit(
        self, problem: Problem, rng: np.random.Generator, callbacks: Sequence[Callback] = ()
    ) -> tuple[Model, History]:
        """Learn a table; return the model, which predicts in the unit of the target, and the history."""
        assert isinstance(problem, Rows)
        model, history = super().fit(problem, rng, callbacks)
        if problem.table.task == "regression":
            whole = Model([*model.layers, Rescale(problem.scale, problem.mean)], inputs=model.inputs, rng=0)
            whole.parameters, whole.statistics = model.parameters, model.statistics
            model = whole
        model.preparation = problem.table.preparation
        return model, history

    def title(self, data: str) -> str:
        return Path(self.file).stem
