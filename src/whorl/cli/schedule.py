"""``whorl schedule "cosine(0.1, epochs=50)"``: shows what the learning rate would be."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whorl._core.files import replacing
from whorl.cli.arguments import Commands, real, whole
from whorl.cli.chart import ASCII, UNICODE, chart, legend
from whorl.cli.expressions import SCHEDULES, parse
from whorl.schedules import Schedule, WarmUp


def add(commands: Commands[Any]) -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "schedule",
        help="show learning rates over time, side by side",
        description="Draw one or more schedules of the learning rate: as text, or as a picture with --output.",
        epilog="A schedule is written as in Python, by its name in small letters: "
        + ", ".join(name for name, kind in SCHEDULES.items() if not kind.__name__.startswith("Reduce"))
        + '. Such as: whorl schedule "cosine(0.1, epochs=50)" "step(0.1, factor=0.5, every=10)" --warmup 5 --epochs 60',
        allow_abbrev=False,
    )
    parser.add_argument(
        "schedules", nargs="+", type=written, metavar="SCHEDULE", help='such as "cosine(0.1, epochs=50)"'
    )
    parser.add_argument("--epochs", type=real(above=0), default=100.0, metavar="N", help="how far to draw [100]")
    parser.add_argument(
        "--warmup", type=real(above=0), metavar="N", help="epochs of warm-up before each schedule [none]"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="picture to write: .png, .svg or .pdf")
    parser.add_argument("--width", type=whole(40), metavar="N", help="characters a line [the terminal's, at most 100]")
    parser.add_argument("--height", type=whole(5), default=17, metavar="N", help="lines of the chart [17]")
    parser.set_defaults(run=run)


def written(text: str) -> tuple[str, Schedule]:
    """Return a schedule with its text, from the command line."""
    try:
        schedule = parse(text, SCHEDULES)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if schedule.watched:
        raise argparse.ArgumentTypeError(
            f"{text} cannot be drawn before training: it depends on results, {', '.join(schedule.watched)}"
        )
    return " ".join(text.split()), schedule


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    chosen: dict[str, Schedule] = dict(arguments.schedules)
    if arguments.warmup:
        chosen = {
            f"warm_up({text}, epochs={arguments.warmup:g})": WarmUp(schedule, epochs=arguments.warmup)
            for text, schedule in chosen.items()
        }
    if arguments.output:
        _picture(chosen, arguments.epochs, arguments.output)
        return 0
    style = UNICODE if _can_print("".join(vars(UNICODE).values())) else ASCII
    width = arguments.width or max(40, min(shutil.get_terminal_size().columns, 100))
    print("learning rate, by epoch")
    print()
    print(chart(chosen, arguments.epochs, width=width, height=arguments.height, style=style))
    print()
    print(legend(chosen, arguments.epochs, style=style))
    return 0


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _picture(schedules: Mapping[str, Schedule], epochs: float, path: Path) -> None:
    try:
        from whorl import plot
    except ImportError as error:
        raise ValueError(f"argument --output: {error}") from None
    kind = path.suffix.removeprefix(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"argument --output: must end in .png, .svg or .pdf, got {str(path)!r}")
    figure = plot.schedules(list(schedules.values()), epochs=epochs, labels=list(schedules))
    with replacing(path) as file:
        figure.savefig(file, format=kind, dpi=110)
    print(f"saved {path}")
