"""Options of ``whorl train`` to watch it in other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from whorl.training import Callback

if TYPE_CHECKING:
    from whorl.tracking import TensorBoard
    from whorl.tracking.lines import LineLogger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    several = "of several networks, each has its own, numbered"
    log = f"write the values of each epoch to a .csv or .jsonl file; {several}"
    parser.add_argument("--log", type=Path, metavar="FILE", help=log)
    board = f"write event files for TensorBoard; {several}"
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help=board)


def callbacks(arguments: argparse.Namespace, networks: int) -> list[list[Callback]]:
    """Return for each network the callbacks that the options ask for; raise FileExistsError if their files are there already."""
    from whorl.tracking import CSVLogger, JSONLinesLogger, TensorBoard  # not needed for the help

    log, board = arguments.log, arguments.tensorboard
    loggers: dict[str, type[LineLogger]] = {".csv": CSVLogger, ".jsonl": JSONLinesLogger}
    if log is not None and log.suffix not in loggers:
        raise ValueError(f"argument --log: must end in .csv or .jsonl, got {str(log)!r}")
    found: list[list[Callback]] = []
    for number in range(1, networks + 1):
        own: list[LineLogger | TensorBoard] = []
        if log is not None:
            own.append(loggers[log.suffix](log if networks == 1 else log.with_stem(f"{log.stem}-{number}")))
        if board is not None:
            own.append(TensorBoard(board if networks == 1 else board / str(number)))
        for each in own:
            if not arguments.resume:
                each.check_new()
        found.append([*own])
    return found
