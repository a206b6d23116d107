"""CSV files as they lie there: cells of text, each row with the number of its line.

All that reads CSV starts here, so it is written once: which byte is no text, which line is too short, what separates the
cells. What the cells mean is for others to say.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

DELIMITERS = ",;\t|"
"""What may separate the cells; where two would serve as well, the first."""


@dataclass(frozen=True)
class Records:
    """The rows of a CSV file, all of one length, at least one.

    Parameters
    ----------
    title : str
        The file's name, for messages.
    lines : list of int
        The line that each row begins on, from 1.
    rows : list of list of str
        The cells, with the blanks around them, without the quotes.
    """

    title: str
    lines: list[int]
    rows: list[list[str]]


def records(path: str | os.PathLike[str], *, skip: int = 0) -> Records:
    r"""Read a CSV file: UTF-8, with or without a byte order mark, separated by ``,`` or ``;`` or tabs or ``|``.

    Blank lines are left out. In a file of one column a missing value is written as ``""``.

    Parameters
    ----------
    path : str or path
    skip : int, optional
        Lines to leave out at the top.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If the file is empty, is not text in UTF-8, has a quote that is not closed, or rows of different lengths.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "houses.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write('rooms;street\n3;"Mill; old"\n')
    >>> records(path).rows
    [['rooms', 'street'], ['3', 'Mill; old']]
    """
    title = os.fspath(path)
    with open(path, "rb") as file:
        text = _decoded(title, file.read())
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, row in _parsed(title, text, skip):
        if not any(cell.strip() for cell in row) and len(row) != (len(rows[0]) if rows else 0):
            continue  # a blank line
        if rows and len(row) != len(rows[0]):
            raise ValueError(f"{title} line {line} has {len(row)} cells, the first line {len(rows[0])}")
        lines.append(line)
        rows.append(row)
    if not rows:
        raise ValueError(f"{title} is empty")
    return Records(title, lines, rows)


def number(cell: str) -> float | None:
    """Return the number that a cell holds, or None if it holds something else.

    Examples
    --------
    >>> number(" 1e3 "), number("1_000"), number("red")
    (1000.0, None, None)
    """
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def finite(title: str, line: int, column: str, cell: str) -> float:
    """Return the number that a cell holds, or raise, and say where it is."""
    value = number(cell)
    if value is None or not math.isfinite(value):
        raise ValueError(f"{title} line {line}, column {column!r}: must be a finite number, got {cell!r}")
    return value


def _decoded(title: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{title} is not a CSV file in UTF-8: byte 0x{error.object[error.start]:02x} on line {line} is no text;"
            f" save it as UTF-8"
        ) from None


def _parsed(title: str, text: str, skip: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it begins on."""
    lines = io.StringIO(text, newline="")
    for _ in range(skip):
        lines.readline()
    start, line = lines.tell(), skip + 1
    try:
        delimiter = _delimiter(list(islice(lines, 100)))
        lines.seek(start)
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        for row in reader:
            if row:
                yield line, row
            line = skip + reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{title} is not a CSV file: line {line}: {error}") from None


def _delimiter(head: list[str]) -> str:
    """Return what cuts the most of the first lines into the same number of cells, and that into the most."""

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(head, delimiter=delimiter, skipinitialspace=True) if row)
        (width, lines), *_ = widths.most_common(1) or [(1, 0)]
        return (lines / widths.total(), width) if width > 1 else (0.0, 1)

    return max(DELIMITERS, key=fitness)
