"""A sheet: columns of one length, as they were read, with a place for every row so that errors can name it.

Letters: n rows.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.datasets.tables.records import number

Kind: TypeAlias = Literal["number", "boolean", "text"]

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})
"""Text that stands for a missing value, in capital or small letters, whatever blanks are around it."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Either float64, NaN where missing, or objects: text, None where missing.
    kind : {"number", "boolean", "text"}
        What they are. Numbers may still lie there as text, as a file spells them: 01 may turn out to be a name.
    """

    values: Array
    kind: Kind

    @classmethod
    def of_cells(cls, cells: Iterable[str]) -> Column:
        """Make a column of a file's cells; what they all look like is what they are."""
        cells = list(cells)
        meaning = {cell: _stripped(cell) for cell in set(cells)}
        present = {text for text in meaning.values() if text is not None}
        kind: Kind = "text"
        if present and all(number(text) is not None for text in present):
            kind = "number"
        elif present and {text.lower() for text in present} <= {"true", "false"}:
            kind = "boolean"
        return cls(_objects([meaning[cell] for cell in cells]), kind)

    @classmethod
    def of_values(cls, name: str, values: Iterable[Any]) -> Column:
        """Make a column of Python's values: numbers, booleans, text, dates; None or NaN where missing."""
        present = [None if value is None or value != value else value for value in values]  # noqa: PLR0124  # NaN
        kinds = {_kind(name, value) for value in present if value is not None}
        if kinds == {"number"}:
            return cls(np.array([math.nan if value is None else value for value in present], float), "number")
        texts = [None if value is None else _stripped(spelled(value)) for value in present]
        return cls(_objects(texts), "boolean" if kinds == {"boolean"} else "text")

    def take(self, rows: Array) -> Column:
        """Return the column of these row numbers."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True, eq=False)
class Sheet:
    """Columns of one length, as they were read.

    Parameters
    ----------
    title : str
        Where they come from, for messages.
    columns : mapping from str to Column
        In their order.
    rows : ndarray of int, shape (n,)
        Where each row stands: its line in a file, else its number from 0.
    notes : tuple of str
        What was left out while reading.
    """

    title: str
    columns: Mapping[str, Column]
    rows: Array
    in_lines: bool = False
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        self.need([name])
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def need(self, names: Iterable[str]) -> None:
        """Raise unless there are columns of all these names."""
        missing = [repr(name) for name in names if name not in self.columns]
        if missing:
            raise ValueError(f"{self.title} has no column {', '.join(missing)}; it has {', '.join(self.columns)}")

    def take(self, rows: Array) -> Sheet:
        """Return the sheet of these row numbers. What kind a column is stays as all the rows made it."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return replace(self, columns=columns, rows=self.rows[rows])

    def place(self, row: int, name: str) -> str:
        """Say where a cell is."""
        where = f" line {self.rows[row]}" if self.in_lines else f", row {self.rows[row]}"
        return f"{self.title}{where}, column {name!r}"

    def missing(self, name: str) -> Array:
        """Return which rows have no value in the column: booleans (n,)."""
        values = self[name].values
        return np.isnan(values) if values.dtype.kind == "f" else np.array([text is None for text in values], bool)

    def texts(self, name: str) -> list[str | None]:
        """Return the column as text, None where missing; whole numbers are spelled without a point."""
        values = self[name].values.tolist()
        return [spelled(x) if x == x else None for x in values] if self[name].values.dtype.kind == "f" else values  # noqa: PLR0124

    def numbers(self, name: str) -> Array:
        """Return the column as finite numbers, float64 (n,), NaN where missing; raise if one is none."""
        column = self[name]
        values = column.values
        if values.dtype.kind != "f":
            meaning = {text: math.nan if text is None else number(text) for text in set(values.tolist())}
            wrong = {text for text, value in meaning.items() if value is None}
            for row, text in enumerate(values if wrong else ()):
                if text in wrong:
                    raise ValueError(f"{self.place(row, name)}: must be a number, got {validation.show(text)}")
            values = np.array([meaning[text] for text in values], float)
        strange = np.flatnonzero(np.isinf(values))
        if len(strange):
            raise ValueError(
                f"{self.place(strange[0], name)}: must be a finite number, got {column.values[strange[0]]}"
            )
        return values


def _stripped(cell: str) -> str | None:
    text = cell.strip()
    return None if text.lower() in MISSING else text


def _objects(texts: list[str | None]) -> Array:
    values = np.empty(len(texts), object)
    values[:] = texts
    return values


def _kind(name: str, value: Any) -> Kind:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, numbers.Real):
        return "number"
    if isinstance(value, str | dt.date | dt.time | dt.timedelta):
        return "text"
    raise TypeError(f"column {name!r} must hold numbers, text, booleans or dates, got {validation.show(value)}")


def spelled(value: Any) -> str:
    """Write a value as text, the same way whichever kind of table it comes from."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        real = float(value)
        return str(int(real)) if real.is_integer() else repr(real)
    return str(value).removesuffix(" 00:00:00")  # a date that a data frame keeps as a moment
