"""The new samples that a command uses a saved network on: of a data set, or the rows of a file, which may be the standard input."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from whorl import tables
from whorl._core.types import Array
from whorl.cli import options
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from whorl.model import Model
from whorl.passes import FUSED
from whorl.recipes.data import DataSet, TableFile
from whorl.tables import Category, Frame, Preparation, Table

STANDARD_INPUT = "-"
"""Names the standard input on the command line."""


def fresh_samples(model: Model, path: str, source: DataSet, name: str, seed: int) -> tuple[Array, Array]:
    """Return new samples of the data set of this name, in the shape of the model's inputs, and their labels.

    Raises
    ------
    ValueError
        If the model, which was read from `path`, is not for such data.
    """
    if model.preparation is not None:
        raise ValueError(f"{path} learned from a table: give it a file with the same columns, not {name}")
    X, y = source.fresh(np.random.default_rng(np.random.SeedSequence([seed, 1])))  # not what `whorl train --seed` draws
    if math.prod(model.inputs) != X.shape[1]:
        raise ValueError(f"{path} takes inputs of shape {model.inputs}, but {name} has {X.shape[1]} for each sample")
    if model.outputs != (classes := int(y.max()) + 1,):
        raise ValueError(f"{path} has outputs of shape {model.outputs}, but {name} has {classes} classes")
    return X.reshape(-1, *model.inputs), y


def labelled_rows(model: Model, path: str, source: TableFile, name: str, arguments: argparse.Namespace) -> Table:
    """Return the rows of the file of this name that have a target, as the model, which was read from `path`, takes them."""
    preparation = model.preparation
    if preparation is None or preparation.target is None:
        raise ValueError(f"{path} did not learn from a table, so it is not known which column of {name} it predicts")
    preparation = options.prepared(preparation, arguments)
    with rows_of(name) as file:
        raw = tables.read(file, columns=source.columns, skip=source.skip, text=preparation.text_columns)
        frame = preparation.read(raw)
        table = tables.table(frame, preparation=preparation)
        warn(preparation, raw, frame)
    return table


def loss_of(model: Model) -> Loss:
    """Return a loss that suits the last layer of a model."""
    last = type(model.layers[-1])
    if last is FUSED[CrossEntropy] and len(model.outputs) == 1 and model.outputs != (1,):
        return CrossEntropy()
    return BinaryCrossEntropy() if last is FUSED[BinaryCrossEntropy] else MeanSquaredError()


@contextmanager
def rows_of(path: str | Path) -> Iterator[Path]:
    """Give the path of a file; for -, of one with what comes from the standard input, which is read twice.

    Errors name the standard input, not that file.
    """
    if str(path) != STANDARD_INPUT:
        if Path(path).is_dir():
            raise ValueError(f"{path} is a folder: this command reads one file, such as each of those in it")
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "input")
        copy.write_bytes(sys.stdin.buffer.read())
        try:
            yield copy
        except ValueError as error:
            raise ValueError(str(error).replace(str(copy), "the standard input")) from None


def warn(preparation: Preparation, raw: Frame, frame: Frame) -> None:
    """Warn of categories that training has not seen, and of text that is not used.

    Parameters
    ----------
    preparation : Preparation
    raw, frame : Frame
        The rows as they were read, and as the preparation uses them.
    """
    for column in preparation.columns:
        if isinstance(column, Category):
            what = (
                "categories that were rare in training, or not in it"
                if column.other
                else "categories that training has not seen"
            )
            _warn(column.name, what, column.unseen(frame))
        else:
            lost = np.flatnonzero(frame.missing(column.name) & ~raw.missing(column.name))
            _warn(column.name, "text that counts as missing", Counter(raw[column.name][lost].tolist()))


def _warn(name: str, what: str, values: Mapping[str, int]) -> None:
    """Warn of values of a column, given in how many rows each is."""
    if values:
        listed = ", ".join(f"{value!r} ({count})" for value, count in list(values.items())[:5])
        more = f" and {len(values) - 5} more" if len(values) > 5 else ""
        count = sum(values.values())
        rows = f"{count:,} {'row' if count == 1 else 'rows'}"
        print(f"column {name!r} has {what}, in {rows}: {listed}{more}", file=sys.stderr)
