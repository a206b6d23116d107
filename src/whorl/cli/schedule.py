"""``whorl schedule "Cosine(0.1, epochs=50)"``: show what the learning rate would be."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from whorl import plot
from whorl._core import validation
from whorl._core.files import replacing
from whorl._core.notation import parse_one
from whorl.cli import options
from whorl.cli.console import show_table
from whorl.recipes.reading import SCHEDULES
from whorl.schedules import ResultSchedule, Schedule, WarmUp

ROWS = 10
"""Number of equal parts of the time; the table has the rate at the start and at the end of each."""


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = "Show one or more schedules of the learning rate, as a table, or as a picture with --output."
    parser.epilog = (
        f"Schedules: {', '.join(SCHEDULES)}. They are written as in Python, such as Step(0.1, factor=0.5, every=10)."
    )
    parser.add_argument("schedules", nargs="+", metavar="SCHEDULE", help='such as "Cosine(0.1, epochs=50)"')
    number = options.number(float)
    parser.add_argument("--epochs", type=number, default=100.0, metavar="N", help="epochs to show [100]")
    parser.add_argument("--warmup", type=number, metavar="N", help="epochs of warm-up before each schedule [none]")
    parser.add_argument("--output", type=Path, metavar="FILE", help="picture to write: .png, .svg or .pdf")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    epochs = validation.number("--epochs", arguments.epochs, above=0)
    schedules: list[Schedule] = [parse_one(text, SCHEDULES, Schedule) for text in arguments.schedules]
    for schedule in schedules:
        if isinstance(schedule, ResultSchedule) and schedule.monitored:
            results = ", ".join(schedule.monitored)
            raise ValueError(f"{schedule} cannot be shown before training: it depends on results, {results}")
    if arguments.warmup is not None:
        schedules = [WarmUp(schedule, epochs=arguments.warmup) for schedule in schedules]
    if arguments.output:
        _picture(schedules, epochs, arguments.output)
        return 0
    times = [epochs * i / ROWS for i in range(ROWS + 1)]
    rows = [[f"{time:g}", *(f"{schedule(time):.4g}" for schedule in schedules)] for time in times]
    show_table([["epoch", *map(repr, schedules)], *rows], right=set(range(len(schedules) + 1)))
    return 0


def _picture(schedules: Sequence[Schedule], epochs: float, path: Path) -> None:
    kind = path.suffix.removeprefix(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"argument --output: must end in .png, .svg or .pdf, got {str(path)!r}")
    figure = plot.schedules(schedules, epochs=epochs).figure.figure  # the whole figure
    with replacing(path) as file:
        figure.savefig(file, format=kind, dpi=110)
    print(f"saved {path}")
