"""Read a public table, as it was published, into columns of text; and write columns as a CSV file."""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.tables.registry import PublicTable

Columns = dict[str, list[str]]
"""The cells of each column; an empty text is a missing value."""

MISSING = {"", "?", "NA"}


def read(table: PublicTable, folder: Path) -> Columns:
    """Return the columns of a table, without those to drop and without rows that lack the target.

    Raises
    ------
    FileNotFoundError
        If the directory does not have the table.
    ValueError
        If the file is not the one that was published.
    """
    path = folder / table.file
    check(table, path)
    rows = [[cell.strip() for cell in row] for row in cells(table, path)]
    names = table.names or rows.pop(0)
    target = names.index(table.target)
    rows = [["" if cell in MISSING else cell for cell in row] for row in rows if row[target] not in MISSING]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return {name: column for name, column in columns.items() if name not in table.drop}


def check(table: PublicTable, path: Path) -> None:
    """Raise an error unless the file has the checksum of the table."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != table.sha256:
        raise ValueError(f"{path} must have SHA-256 {table.sha256}, got {found}: delete it, and run with --fetch")


def cells(table: PublicTable, path: Path) -> Iterable[list[str]]:
    """Return the rows of a file. Empty lines and the header of a KEEL file, whose lines begin with @, are left out."""
    if path.suffix == ".xlsx":
        return sheet(path)
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and line[0] != "@")
    if table.delimiter == "space":
        return map(str.split, lines)
    return csv.reader(lines, delimiter=table.delimiter)


def sheet(path: Path) -> Iterator[list[str]]:
    """Return the rows of the first sheet of a workbook."""
    import openpyxl

    for row in openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True):
        yield ["" if cell is None else str(cell) for cell in row]


def write(columns: Columns, path: Path) -> None:
    """Write the columns as a CSV file with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])


def take(columns: Columns, rows: Iterable[int]) -> Columns:
    """Return the columns of some rows."""
    rows = list(rows)
    return {name: [column[row] for row in rows] for name, column in columns.items()}
