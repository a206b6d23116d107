"""``whorl doctor DATA``: train, and say what is wrong; ``whorl doctor run.jsonl``: say it of a training that was recorded."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whorl._core.randomness import generator
from whorl.cli import config, train
from whorl.cli.start import add_recipe, add_start, plan_of
from whorl.glassbox.doctor import Doctor, Report, diagnose
from whorl.glassbox.doctor.signals import Signals

RECORDS = ".jsonl", ".csv"
"""Extensions of histories; a .csv file is one if its columns are those of a history."""


def add_arguments(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments to the parser; for data they are those of ``whorl train``."""
    parser.usage = (
        "whorl doctor DATA [options]\n       whorl doctor FILE --target COLUMN [options]\n       whorl doctor run.jsonl"
    )
    parser.description = "Train as whorl train does and say what is wrong, and what to try; or say it of the history of a training. Nothing is saved."
    parser.set_defaults(record=None)
    if words and is_history(words[0]):
        parser.add_argument(
            "record", metavar="HISTORY", help="a .jsonl or .csv file that History.save, or whorl train --log, wrote"
        )
        return
    start = add_start(parser, words)
    if start is not None:
        parser.add_argument("--quiet", action="store_true", help="print no progress, only what is found")
        add_recipe(parser, start.recipe)


def is_history(word: str) -> bool:
    """Return whether a word names a file with the values of each epoch of a training."""
    path = Path(word)
    if path.suffix == ".csv" and path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            return {"epoch", "loss"} <= set(next(csv.reader(file), []))
    return path.suffix == ".jsonl"


def read(path: str) -> dict[str, list[float | None]]:
    """Return the values of a history by name, with None for infinity and NaN; raise ValueError for another file."""
    rows: list[Any]
    with open(path, encoding="utf-8") as file:
        if Path(path).suffix == ".csv":
            rows = [
                {name: float(value) if value else None for name, value in row.items()} for row in csv.DictReader(file)
            ]
        else:
            try:
                rows = [json.loads(line) for line in file if line.strip()]
            except json.JSONDecodeError:
                raise ValueError(f"{path} is not a history: each line must be a JSON object") from None
    if not rows or any(not isinstance(row, Mapping) or "loss" not in row for row in rows):
        raise ValueError(f"{path} is not a history: each line must have a loss")
    return {name: [row.get(name) for row in rows] for name in rows[0]}


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.record is not None:
        show(diagnose(Signals(curves=read(arguments.record))))  # type: ignore[arg-type]  # None is NaN there
        return 0
    doctor = Doctor(quiet=True)
    try:
        examined(plan_of(arguments), doctor, quiet=arguments.quiet)
    finally:
        if doctor.facts is not None:
            show(doctor.findings)
    return 0


def examined(plan: config.Run, doctor: Doctor, *, quiet: bool) -> None:
    """Train as the plan says, with the doctor at the first network."""
    recipe, rng = plan.recipe, generator(plan.seed)
    problem = recipe.problem(rng)
    if not quiet:
        train.show_data(recipe, problem)
    recipe.train(rng, lambda k: [doctor] if k == 0 else [], problem)


def show(report: Report) -> None:
    """Print the findings, or that there are none."""
    print(repr(report), flush=True)
