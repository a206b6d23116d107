"""The pictures of ``whorl train``: a report at the end, and with ``--gif`` the decision boundary over the epochs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from whorl._core.files import replacing
from whorl._core.types import Array
from whorl.layers import Rescale
from whorl.model import Model
from whorl.plot import BoundaryAnimation, report
from whorl.plot.style import new_figure
from whorl.recipes import Problem
from whorl.recipes.data import Data, DataSet
from whorl.training import Callback, History, is_stored
from whorl.training.callbacks import Run

SHOWN = 5000
"""Of the samples in files, at most so many are shown."""


class Start(Callback):
    """Keeps what the picture needs of a training: the samples held out for validation, and the values before the first epoch."""

    def __init__(self) -> None:
        self.model: Any = None
        self.validation: Any = None
        self.values: dict[str, float] | None = None

    def on_train_begin(self, training: Run) -> None:
        self.model, self.validation = training.model, training.validation
        if training.epoch == 0 and training.step == 0:
            train, validation = training.measure()
            self.values = train | {f"val_{name}": value for name, value in (validation or {}).items()}


def animation(problem: Problem) -> BoundaryAnimation:
    """Return the callback that draws the decision boundary over the epochs; raise if it cannot."""
    if problem.X.shape[1:] != (2,) or problem.y.dtype.kind not in "iu":
        count = f"{problem.X[0].size} inputs" if problem.y.dtype.kind in "iu" else "numbers to predict"
        raise ValueError(
            f"argument --gif: draws the decision boundary of classes, for data with two inputs only, got {count}"
        )
    new_figure((1, 1))  # fails now, and not in the training, without matplotlib
    return BoundaryAnimation(problem.X, problem.y)


def _some(validation: Any, model: Model) -> tuple[Array, Array]:
    """Return some of the validation samples in files, with their targets in the unit of the predictions."""
    X, y, _ = validation.batch(np.arange(min(len(validation), SHOWN)))
    for layer in model.layers:
        if isinstance(layer, Rescale):
            y = layer.factor * y + np.asarray(layer.offset)
    return X, y


def draw(data: Data | None, model: Model, problem: Problem, history: History, start: Start, path: Path) -> None:
    """Draw the report if matplotlib is installed; without it, the model is saved all the same."""
    if not history.epochs:
        print("no picture: it would show the values after each epoch, and none was completed", file=sys.stderr)
        return
    X, y = problem.X, problem.y
    if is_stored(X):
        X, y = _some(start.validation, model)
    elif model.inputs != (2,):  # of more than points in the plane, show samples that the model has not trained on
        held_out = problem.test or problem.validation
        X, y = held_out or (np.asarray(start.validation.x), start.validation.target)
    try:
        images = isinstance(data, DataSet) and data.images
        figure = report(model, X, y, history, start=start.values, images=images)
    except ImportError as error:
        print(f"no picture: {error}", file=sys.stderr)
        return
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=110)
    print(f"saved {path}")
