"""``whorl predict model.npz FILE.csv``: tells what it makes of these rows."""

import argparse
import csv
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.cli.arguments import Commands, whole
from whorl.formats import load
from whorl.layers import Softmax
from whorl.tables.csv_reader import read_rows
from whorl.tables.frame import number


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "predict",
        help="let a saved network predict the rows of a CSV file",
        description="Print the predictions for the rows of a CSV file, as CSV: the most probable class, and the "
        "probability of each. A first line that is not all numbers is taken for the columns' names.",
        allow_abbrev=False,
    )
    parser.add_argument("model", help="file that whorl train wrote, such as model.npz")
    parser.add_argument(
        "file", type=Path, help="CSV file with a column for each input of the network; , ; tab or | between the cells"
    )
    parser.add_argument(
        "--columns",
        nargs="+",
        metavar="NAME",
        help="columns to use, in the order of the inputs [all]; a network that learned a table knows which it needs, and"
        " takes these for the names of a file's columns that has no line of names",
    )
    parser.add_argument(
        "--skip", type=whole(0), default=0, metavar="N", help="lines to leave out at the top of the file [0]"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    model = load(arguments.model)
    if model.preparation is None:
        X = read(arguments.file, arguments.columns, math.prod(model.inputs), skip=arguments.skip)
        target, classes = "class", None
    else:
        X = model.preparation.transform(arguments.file, columns=arguments.columns, skip=arguments.skip)
        target, classes = model.preparation.target.name, model.preparation.target.classes
    predictions = model.predict(X.reshape(-1, *model.inputs))
    predictions = predictions.reshape(len(predictions), -1)
    count = predictions.shape[1]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if isinstance(model.layers[-1], Softmax):
        names = classes or [str(k) for k in range(count)]
        writer.writerow([target, *(f"p{name}" if classes is None else name for name in names)])
        writer.writerows([names[row.argmax()], *(f"{p:.6g}" for p in row)] for row in predictions)
    else:
        writer.writerow([f"y{k}" for k in range(count)] if model.preparation is None else [target])
        writer.writerows([f"{value:.6g}" for value in row] for row in predictions)
    return 0


def read(path: Path, columns: list[str] | None, inputs: int, *, skip: int = 0) -> Array:
    """Return the numbers of a CSV file, (rows, inputs); an error names the line and the column."""
    lines, cells = zip(*read_rows(path, skip=skip), strict=True)
    first = cells[0]
    words = [cell for cell in first if number(cell) is None]
    headed = len(words) == len(first)
    if words and not headed:  # a slip in a number must not make a row vanish as if it were names
        raise ValueError(f"{path} line {lines[0]} must be all names or all numbers, got {words[0]!r} beside numbers")
    names = [cell.strip() for cell in first] if headed else [str(i) for i in range(len(first))]
    chosen = _chosen(path, names, columns, inputs, headed=headed)
    rows = [
        [_finite(path, line, names[i], row[i]) for i in chosen]
        for line, row in zip(lines[headed:], cells[headed:], strict=True)
    ]
    if not rows:
        raise ValueError(f"{path} has column names, but no rows")
    return np.array(rows)


def _finite(path: Path, line: int, column: str, cell: str) -> float:
    """Return the number in a cell; raise ValueError, with its place, if it has none or is not finite."""
    value = number(cell)
    if value is None or not math.isfinite(value):
        raise ValueError(f"{path} line {line}, column {column!r}: must be a finite number, got {cell!r}")
    return value


def _chosen(path: Path, names: list[str], columns: list[str] | None, inputs: int, *, headed: bool) -> list[int]:
    """Return the positions of the columns to use."""
    if columns is None:
        columns = names
    elif not headed:
        raise ValueError(f"argument --columns: {path} has no line of names to find {', '.join(columns)} in")
    for name in columns:
        if name not in names:
            raise ValueError(f"argument --columns: no column {name!r} in {path}, which has {', '.join(names)}")
    if len(columns) != inputs:
        raise ValueError(
            f"the network takes {inputs} inputs, but {len(columns)} columns are given: {', '.join(columns)};"
            f" choose with --columns"
        )
    return [names.index(name) for name in columns]
