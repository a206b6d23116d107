"""``whorl predict model.npz FILE.csv``: predict the rows of a file."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.files import replacing
from whorl._core.types import Array
from whorl.answers import certainty, classes_of
from whorl.cli import options, source
from whorl.formats import load
from whorl.model import Model
from whorl.recipes.data import TableFile
from whorl.tables import read
from whorl.tables.csv_reader import read_csv, read_rows
from whorl.tables.frame import number


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Print the predictions for the rows of a CSV file, as CSV: the most probable class, and the probability of each."
        " A first line that holds anything but numbers is read as the names of the columns."
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model file, such as model.npz, which whorl train wrote, or model.safetensors"
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="CSV file with a column for each input, separated by , ; tab or |; - for the input",
    )
    parser.add_argument(
        "--columns",
        nargs="+",
        metavar="NAME",
        help="columns to use, in the order of the inputs [all]; for a network that learned from a table, names of all"
        " columns of a file that has no line of names",
    )
    options.add_reading(parser, without=["columns"])
    parser.add_argument(
        "--keep", nargs="+", default=[], metavar="NAME", help="columns of the file to repeat before the predictions"
    )
    parser.add_argument(
        "--interval",
        type=float,
        metavar="P",
        help="probability such as 0.9: add the columns low and high, between which the number lies with this probability; or the column set,"
        " with the classes, separated by |, that contain the right one; for a calibrated network",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="file to write to, instead of printing")
    parser.add_argument("--json", action="store_true", help="write a JSON array with an object for each row")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    model = load(arguments.model)
    if arguments.interval is not None:
        validation.number("argument --interval:", arguments.interval, above=0, below=1)
    output: Path | None = arguments.output
    if output is not None and any(_same(output, path) for path in (Path(arguments.model), arguments.file)):
        raise ValueError(f"argument --output: {output} is read from, so it cannot be written to")
    with source.rows_of(arguments.file) as path:
        X, kept = _read(model, path, arguments)
    predictions = model.predict(X.reshape(-1, *model.inputs))
    names, rows = _table(model, predictions.reshape(len(predictions), -1))
    if arguments.interval is not None:
        added = _certainty(model, predictions, arguments.interval, arguments.model)
        names = [*names, *(f"{name} of prediction" if name in names else name for name in added)]
        rows = [[*row, *more] for row, more in zip(rows, zip(*added.values(), strict=True), strict=True)]
    if kept:
        own = zip(*kept.values(), strict=True)
        names = [f"predicted {name}" if name in kept else name for name in names]
        names, rows = [*kept, *names], [[*some, *row] for some, row in zip(own, rows, strict=True)]
    text = _json(names, rows) if arguments.json else _csv(names, rows)
    if output is None:
        sys.stdout.writelines(text.splitlines(keepends=True))  # unbuffered, Python may lose a part of what is large
        return 0
    with replacing(output) as file:
        file.write(text.encode())
    print(f"saved {output}: {len(rows)} rows", file=sys.stderr)
    return 0


def _same(one: Path, other: Path) -> bool:
    """Whether both are the same file, which exists."""
    return one.exists() and other.exists() and one.samefile(other)


def _read(model: Model, path: Path, arguments: argparse.Namespace) -> tuple[Array, dict[str, list[str]]]:
    """Return the samples in a file, and the values of the columns to keep; warn of new categories and of text that is not used."""
    data, preparation = options.given(TableFile(), arguments), model.preparation
    given: dict[str, Any] = {"columns": data.columns, "skip": data.skip}
    if preparation is None:
        X = _inputs(path, arguments.columns, math.prod(model.inputs), data.skip)
        given = {"columns": None, "skip": data.skip}
    else:
        preparation = options.prepared(preparation, arguments)
        raw = read(path, **given, text=preparation.text_columns)
        frame = preparation.read(raw)
        X = preparation.transform(frame)
        source.warn(preparation, raw, frame)
    if not arguments.keep:
        return X, {}
    frame = read(path, **given, text=arguments.keep)
    frame.require(arguments.keep, "argument --keep: must name columns")
    return X, {name: ["" if value is None else value for value in frame.texts(name)] for name in arguments.keep}


def _json(names: Sequence[str], rows: Sequence[Sequence[str | float]]) -> str:
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1) + "\n"


def _csv(names: Sequence[str], rows: Sequence[Sequence[str | float]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell if isinstance(cell, str) else f"{cell:.6g}" for cell in row] for row in rows)
    return file.getvalue()


def _table(model: Model, predictions: Array) -> tuple[list[str], list[list[str | float]]]:
    """Return the predictions with names of their columns; classes come first, before the probabilities."""
    target = model.preparation and model.preparation.target
    count, classes = predictions.shape[1], [str(name) for name in classes_of(model)]
    rows: list[list[float]] = predictions.tolist()
    if not classes:
        return [target.name] if target and count == 1 else [f"y{k}" for k in range(count)], [[*row] for row in rows]
    names = classes if target else [f"p{k}" for k in range(count)]
    chosen = predictions.argmax(axis=1).tolist()
    return [target.name if target else "class", *names], [
        [classes[k], *row] for k, row in zip(chosen, rows, strict=True)
    ]


def _certainty(model: Model, predictions: Array, coverage: float, path: str) -> dict[str, list[Any]]:
    """Return columns that say how sure the predictions are."""
    found = certainty(model, predictions, coverage, f"argument --interval: {path}")
    if "sets" in found:
        return {"set": ["|".join(map(str, classes)) for classes in found["sets"]]}
    return {name: bounds.tolist() for name, bounds in found.items()}


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
