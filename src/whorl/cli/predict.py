"""``whorl predict model.npz FILE.csv``: predict the rows of a file."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from whorl._core.types import Array
from whorl.cli import options
from whorl.formats import load
from whorl.layers import Softmax
from whorl.model import Model
from whorl.tables.csv_reader import read_csv, read_rows
from whorl.tables.frame import number


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Print the predictions for the rows of a CSV file, as CSV: the most probable class, and the probability of each."
        " A first line that holds anything but numbers is read as the names of the columns."
    )
    parser.add_argument("model", metavar="MODEL", help="file that whorl train wrote, such as model.npz")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="CSV file with a column for each input; separated by , ; tab or |"
    )
    parser.add_argument(
        "--columns",
        nargs="+",
        metavar="NAME",
        help="columns to use, in the order of the inputs [all]; for a network that learned from a table, names of all"
        " columns of a file that has no line of names",
    )
    parser.add_argument(
        "--skip", type=options.number(int), default=0, metavar="N", help="lines to leave out at the top of the file [0]"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array with an object for each row")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    model = load(arguments.model)
    if model.preparation is None:
        X = _inputs(arguments.file, arguments.columns, math.prod(model.inputs), arguments.skip)
    else:
        X = model.preparation.transform(arguments.file, columns=arguments.columns, skip=arguments.skip)
    predictions = model.predict(X.reshape(-1, *model.inputs))
    names, rows = _table(model, predictions.reshape(len(predictions), -1))
    if arguments.json:
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1))
        return 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell if isinstance(cell, str) else f"{cell:.6g}" for cell in row] for row in rows)
    return 0


def _table(model: Model, predictions: Array) -> tuple[list[str], list[list[str | float]]]:
    """Return the predictions with names of their columns; classes come first, before the probabilities."""
    target = model.preparation and model.preparation.target
    count = predictions.shape[1]
    rows: list[list[float]] = predictions.tolist()
    if not isinstance(model.layers[-1], Softmax):
        return [target.name] if target and count == 1 else [f"y{k}" for k in range(count)], [[*row] for row in rows]
    classes = list(target.classes) if target else [str(k) for k in range(count)]
    names = classes if target else [f"p{k}" for k in range(count)]
    return [target.name if target else "class", *names], [[classes[int(np.argmax(row))], *row] for row in rows]


def _inputs(path: Path, columns: list[str] | None, count: int, skip: int) -> Array:
    """Return the numbers of a CSV file, (rows, count), for a network that did not learn from a table."""
    line, first = next(read_rows(path, skip=skip))
    words = [cell for cell in first if number(cell) is None]
    if words and len(words) < len(first):  # a mistyped number must not make a row of numbers a row of names
        raise ValueError(f"{path} line {line} must be all names or all numbers, got {words[0]!r} beside numbers")
    if columns and not words:
        raise ValueError(f"argument --columns: {path} has no line of names to find {', '.join(columns)} in")
    frame = read_csv(path, names=None if words else [str(i) for i in range(len(first))], skip=skip)
    columns = columns or list(frame)
    frame.require(columns)
    if len(columns) != count:
        raise ValueError(
            f"the network takes {count} inputs, but {len(columns)} columns are given: {', '.join(columns)};"
            " choose with --columns"
        )
    X = np.column_stack([frame.numbers(name) for name in columns])
    for row, i in np.argwhere(np.isnan(X)):
        raise ValueError(f"{frame.location(row)}, column {columns[i]!r}: must be a finite number, got no value")
    return X
