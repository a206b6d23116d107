"""How a recipe is carried out on samples in files, which may be larger than memory: one network, validated with a share of each block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.derived import with_layers
from whorl.layers import Layer, Softmax
from whorl.layers.moments import moments
from whorl.recipes import ensemble
from whorl.recipes.data import Data, Problem, TableFile
from whorl.recipes.fitting import Fitted, Unit, loss_and_metric
from whorl.recipes.networks import Callbacks
from whorl.recipes.settings import Settings
from whorl.tables import folder
from whorl.training import Stored

PLACES, ROWS = 10, 1000
"""The network is built for so many rows at so many places: they show which columns have more than two values."""

CHUNK = 2**18
"""Targets that are read at once."""

ONE_NETWORK = "one network: several are trained on folds, which needs all rows in memory"


def is_folder(data: Data | None) -> bool:
    """Whether data are a folder of Parquet files, which are not read into memory."""
    return isinstance(data, TableFile) and Path(data.file).is_dir()


def problem(data: TableFile) -> Problem:
    """Return the samples of a folder of Parquet files."""
    if data.columns is not None or data.skip or data.stray != "error":
        raise ValueError("columns, skip and stray are for one file, not for a folder of Parquet files")
    rows = folder(data.file, data.target, ignore=data.ignore, use=data.use, task=data.task)
    count = len(rows.files.paths)
    about = f"{len(rows)} rows in {count:,} file{'s' * (count > 1)}, {rows.task} of {data.target}"
    X: Any = Stored(rows.X)
    y: Any = Stored(rows.y)
    return Problem(X, y, preparation=rows.preparation, notes=(about, ONE_NETWORK, *rows.notes))


class Standardized:
    """Numbers to predict in a file as networks learn them, with mean 0 and deviation 1."""

    y: Any
    unit: Unit
    shape: tuple[int, int]
    dtype: np.dtype[np.float64]
    boundaries: Any
    buffer: Any

    def __init__(self, y: Any, unit: Unit) -> None:
        self.y, self.unit = y, unit
        self.shape, self.dtype = (len(y), 1), np.dtype(np.float64)
        self.boundaries, self.buffer = y.array.boundaries, y.buffer

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: slice) -> Array:
        return self.unit.standardized(np.asarray(self.y[place]))


def fit(
    recipe: Settings,
    X: Any,
    y: Any,
    *,
    callbacks: Callbacks,
    rng: np.random.Generator,
    resume: Any,
    distributed: bool = False,
) -> Fitted:
    """Train one network on features and labels in files, as `Stored` arrays; the other arguments are those of `Recipe.fitted`."""
    for name, usual in {"members": 1, "calibrate": False, "time": None, "validation_seed": None}.items():
        if getattr(recipe, name) != usual:
            raise ValueError(
                f"{name} must be {usual!r} for data in files, which are not all in memory, got {getattr(recipe, name)!r}"
            )
    classes = recipe.classifies(y)
    unit = None if classes else _unit(y)
    recipe = recipe.for_samples(len(X))
    some = np.concatenate([X[start : start + ROWS] for start in np.linspace(0, len(X), PLACES + 1).astype(int)[:-1]])
    last: list[Layer] = [Softmax()] if classes else []
    outputs = max(int(y[start : start + CHUNK].max()) for start in range(0, len(y), CHUNK)) + 1 if classes else 1
    model = recipe.network(some, outputs, last, rng=rng)
    arguments = loss_and_metric(recipe, classes=classes)
    history = model.fit(
        X,
        y if unit is None else Stored(Standardized(y, unit)),
        **arguments,
        **recipe.schedule(),
        validation=recipe.validation,
        resume=ensemble.of_network(resume, 0),
        callbacks=[*ensemble.of_network(callbacks, 0), *ensemble.stopping(recipe, arguments["loss"])],
        rng=rng,
        distributed=distributed,
    )
    if unit:
        model = with_layers(model, [*model.layers, *unit.layers(clip=recipe.clip)])
    return Fitted(model, history)


def _unit(y: Any) -> Unit:
    """Return the unit of targets in a file."""
    limits = np.array([np.inf, -np.inf])

    def parts() -> Any:
        for start in range(0, len(y), CHUNK):
            part = np.asarray(y[start : start + CHUNK])
            limits[:] = min(limits[0], part.min()), max(limits[1], part.max())
            yield part

    _, mean, deviation, _ = moments(parts())
    low, high = limits.tolist()
    return Unit.checked(float(mean[0]), float(deviation[0]), low, high)
