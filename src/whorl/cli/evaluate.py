"""``whorl evaluate model.npz DATA``: measure a saved network on samples that it was not trained on."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from whorl import tables
from whorl._core.types import Array
from whorl._core.validation import integer
from whorl.cli import options
from whorl.cli.console import accuracy, best_possible, show_table
from whorl.cli.source import STANDARD_INPUT, fresh_samples, labelled_rows
from whorl.cli.start import DATA
from whorl.formats import load
from whorl.losses import CrossEntropy, MeanSquaredError
from whorl.metrics import confusion_matrix
from whorl.model import Model
from whorl.recipes import find
from whorl.recipes.data import Blobs, DataSet, Points, TableFile
from whorl.training import Stored

SAMPLES = 40_000
"""Default number of points of each class."""

WIDEST = 12
"""The most classes whose confusion matrix is printed."""


def add_arguments(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments to the parser; the options are those of the data that the words name."""
    parser.usage = "whorl evaluate MODEL DATA [options]"
    parser.description = (
        "Measure a saved network: on new points, drawn like those it was trained on; on the test images of mnist and"
        " fashion-mnist; on all the digits; or on the rows of a file with the same columns as the one it learned from."
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model file, such as model.npz, which whorl train wrote, or model.safetensors"
    )
    parser.add_argument(
        "data", metavar="DATA", help=f"{', '.join(DATA)}; or a file, or a folder of Parquet files; - for the input"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    name = words[1] if len(words) > 1 else "-"
    if name.startswith("-") and name != STANDARD_INPUT:
        return
    is_file = name == STANDARD_INPUT or (name not in DATA and (Path(name).suffix or Path(name).is_dir()))
    source = find("table" if is_file else name).data
    if isinstance(source, TableFile):
        options.add_reading(parser)
    elif source is not None:
        if isinstance(source, Points | Blobs):
            source = replace(source, samples=SAMPLES)
            seed = "seed for the points, none of which was used for training [0]"
            parser.add_argument("--seed", type=options.number(int), default=0, metavar="N", help=seed)
        options.add(parser, "how to draw the points", source, without=["classes", "features"])
    parser.set_defaults(source=source)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    model = load(arguments.model)
    source = options.given(arguments.source, arguments, classes=model.outputs[-1], features=math.prod(model.inputs))
    measure = _on_a_file if isinstance(source, TableFile) else _on_a_data_set
    text, rows, measured = measure(model, source, arguments)
    if arguments.json:
        print(json.dumps(measured, indent=1))
        return 0
    print(text)
    if rows:
        show_table(rows, right=set(range(1, len(rows[0]))))
    return 0


Measured: TypeAlias = tuple[str, list[list[str]], dict[str, Any]]
"""A result as text, as the cells of a table by class, if there is one, and as data."""


def _on_a_data_set(model: Model, source: DataSet, arguments: argparse.Namespace) -> Measured:
    """Measure the model on a data set."""
    name = arguments.data
    seed = integer("--seed", getattr(arguments, "seed", 0), minimum=0)
    X, y = fresh_samples(model, arguments.model, source, name, seed)
    measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
    text, result = f"{len(X)} {source.fresh_name}: {accuracy(measured)}", {"samples": len(X), **measured}
    if limit := source.best_possible():
        text += f"\n{best_possible(limit)}"
        result |= {"best_accuracy": limit[0], "best_loss": limit[1]}
    return text, [], result


def _on_a_file(model: Model, source: TableFile, arguments: argparse.Namespace) -> Measured:
    """Measure the model on the rows of a file."""
    name = arguments.data
    if Path(name).is_dir():
        return _on_a_folder(model, arguments)
    table = labelled_rows(model, arguments.model, source, name, arguments)
    name = "the standard input" if name == STANDARD_INPUT else name
    dropped = f" ({table.dropped} without {table.target.name} are left out)" if table.dropped else ""
    text, counts = f"{len(table.y)} rows of {name}{dropped}", {"samples": len(table.y), "dropped": table.dropped}
    if table.task == "classification":
        measured = model.evaluate(table.X, table.y, loss=CrossEntropy(), metrics=["accuracy"])
        by_class, matrix = _by_class(model.predict(table.X), table.y, table.classes)
        return f"{text}: {accuracy(measured)}", by_class, {**counts, **measured, **matrix}
    measured = model.evaluate(table.X, table.y, loss=MeanSquaredError(), metrics=["r2", "rmse"])
    unit = f"in the unit of {table.target.name}"
    return f"{text}: r2 {measured['r2']:.4f} rmse {measured['rmse']:.6g}, {unit}", [], counts | measured


def _on_a_folder(model: Model, arguments: argparse.Namespace) -> Measured:
    """Measure the model on the rows of a folder of Parquet files, without keeping its predictions."""
    preparation = model.preparation
    if preparation is None or preparation.target is None:
        raise ValueError(f"{arguments.model} did not learn from a table, so it is not known which column it predicts")
    rows = tables.folder(arguments.data, preparation=options.prepared(preparation, arguments))
    X, y = Stored(rows.X), Stored(rows.y)
    text, counts = f"{len(rows)} rows of {arguments.data}", {"samples": len(rows), "dropped": rows.dropped}
    text += f" ({rows.dropped} without {rows.target.name} are left out)" if rows.dropped else ""
    if rows.task == "classification":
        measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
        return f"{text}: {accuracy(measured)}", [], counts | measured
    measured = model.evaluate(X, y, loss=MeanSquaredError(), metrics=["mae", "rmse"])
    unit = f"in the unit of {rows.target.name}"
    return f"{text}: mae {measured['mae']:.6g} rmse {measured['rmse']:.6g}, {unit}", [], counts | measured


def _by_class(prediction: Array, y: Array, classes: Sequence[str]) -> tuple[list[list[str]], dict[str, Any]]:
    """Return precision, recall and F1 of each class and the confusion matrix, as the cells of a table and as data."""
    matrix = confusion_matrix(y, prediction)  # rows: the true class
    right, true, predicted = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    precision, recall = (right / np.maximum(1, total) for total in (predicted, true))
    f1 = 2 * right / np.maximum(1, predicted + true)
    figures = [f"{value:.3f}" for value in (*precision, *recall, *f1)]
    k, shown = len(classes), classes if len(classes) <= WIDEST else []
    rows = [["", "rows", "precision", "recall", "f1", *(f"as {name}" for name in shown)]]
    rows += [
        [name, str(true[i]), figures[i], figures[k + i], figures[2 * k + i], *map(str, matrix[i, : len(shown)])]
        for i, name in enumerate(classes)
    ]
    measured = {
        name: {"rows": int(true[i]), "precision": precision[i], "recall": recall[i], "f1": f1[i]}
        for i, name in enumerate(classes)
    }
    return rows, {"classes": measured, "confusion_matrix": matrix.tolist()}
