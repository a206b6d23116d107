"""The file that a command reads new rows from, which may be the standard input, and warnings of what is in it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from whorl.tables import Category, Frame, Preparation

STANDARD_INPUT = "-"
"""Names the standard input on the command line."""


@contextmanager
def rows_of(path: str | Path) -> Iterator[Path]:
    """Give the path of a file; for -, of one with what comes from the standard input, which is read twice.

    Errors name the standard input, not that file.
    """
    if str(path) != STANDARD_INPUT:
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
