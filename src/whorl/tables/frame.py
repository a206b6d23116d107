"""The columns of a table as they were read, before any preparation.

Letters: n rows.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.hints import did_you_mean
from whorl._core.types import Array

Kind: TypeAlias = Literal["number", "boolean", "text"]

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})
"""Spellings of a missing value, in lower case."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Parameters
    ----------
    values : ndarray, shape (n,)
        float64, NaN where missing, if the column holds numbers; else objects: str, None where missing.
    kind : {"number", "boolean", "text"}
    """

    values: Array
    kind: Kind

    @classmethod
    def from_cells(cls, cells: Sequence[str], *, as_text: bool = False) -> Column:
        """Make a column of the cells of a text file: of numbers if all are, unless `as_text`."""
        if not as_text:
            try:
                if not any("_" in cell for cell in cells):
                    return cls(np.fromiter(map(float, cells), float, len(cells)), "number")
            except ValueError:  # some are missing, or are not numbers
                pass
        texts = {cell: _text(cell) for cell in set(cells)}
        present = {text for text in texts.values() if text is not None}
        if not as_text and all(number(text) is not None for text in present):
            return cls(
                np.array([math.nan if (text := texts[cell]) is None else float(text) for cell in cells]), "number"
            )
        boolean = bool(present) and {text.lower() for text in present} <= {"true", "false"}
        return cls(np.array([texts[cell] for cell in cells], object), "boolean" if boolean else "text")

    @classmethod
    def from_values(cls, name: str, values: Iterable[Any]) -> Column:
        """Make a column of Python values: numbers, booleans, text or dates, with None or NaN for a missing value."""
        present = [None if value is None or value != value else value for value in values]  # noqa: PLR0124  # NaN
        kinds = {_kind(name, value) for value in present if value is not None}
        if kinds == {"number"}:
            return cls(np.array([math.nan if value is None else value for value in present], float), "number")
        texts = [None if value is None else _text(spelled(value)) for value in present]
        return cls(np.array(texts, object), "boolean" if kinds == {"boolean"} else "text")


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of equal length.

    Parameters
    ----------
    title : str
        The source, for error messages.
    columns : mapping from str to Column
    rows : ndarray of int, shape (n,)
        The place of each row in the source: the line it begins on in a text file, else its position, from 0.
    in_lines : bool
        Whether `rows` are lines.
    notes : tuple of str
        Remarks of the reader.
    """

    title: str
    columns: Mapping[str, Column]
    rows: Array
    in_lines: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        self.require([name])
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def require(self, names: Iterable[str]) -> None:
        """Raise ValueError unless all these columns exist."""
        unknown = [name for name in names if name not in self.columns]
        if unknown:
            raise ValueError(
                f"{self.title} has no column {', '.join(map(repr, unknown))}; it has {self.listed()}"
                f"{did_you_mean(unknown[0], self)}"
            )

    def listed(self) -> str:
        """Return the names of the columns for an error message, at most 20 of them."""
        names = list(self)
        return ", ".join(names[:20]) + (f", … ({len(names):,} columns)" if len(names) > 20 else "")

    def take(self, rows: Array) -> Frame:
        """Return the frame of these row numbers; the kinds of the columns do not change."""
        columns = {name: replace(column, values=column.values[rows]) for name, column in self.columns.items()}
        return replace(self, columns=columns, rows=self.rows[rows])

    def location(self, row: int) -> str:
        """Return the place of a row for an error message: ``houses.csv line 3``."""
        return f"{self.title}{' line' if self.in_lines else ', row'} {self.rows[row]}"

    def missing(self, name: str) -> Array:
        """Return where the column has no value: booleans (n,)."""
        values = self[name].values
        return np.isnan(values) if values.dtype.kind == "f" else np.array([text is None for text in values], bool)

    def texts(self, name: str) -> list[str | None]:
        """Return the column as text, None where missing; a whole number has no decimal point."""
        values: list[Any] = self[name].values.tolist()
        if self[name].kind == "number":
            return [None if math.isnan(value) else spelled(value) for value in values]
        return values

    def numbers(self, name: str) -> Array:
        """Return the column as finite numbers, float64 (n,), NaN where missing; raise ValueError if it has others."""
        values = self[name].values
        if values.dtype.kind != "f":
            parsed = {text: math.nan if text is None else number(text) for text in set(values.tolist())}
            for row, text in enumerate(values if None in parsed.values() else ()):
                if parsed[text] is None:
                    raise ValueError(
                        f"{self.location(row)}, column {name!r}: must be a number, got {validation.show(text)}"
                    )
            values = np.array([parsed[text] for text in values], float)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise ValueError(
                f"{self.location(infinite[0])}, column {name!r}: must be a finite number, got {values[infinite[0]]}"
            )
        return values

    def stray_text(self, name: str) -> str:
        """Return a remark on the first value that is not a number, in a column of text where 90 % are; else ""."""
        texts = self.texts(name)
        counts = Counter(text for text in texts if text is not None)
        stray = {text: count for text, count in counts.items() if number(text) is None}
        if not 0 < sum(stray.values()) <= 0.1 * counts.total():
            return ""
        row = next(row for row, text in enumerate(texts) if text in stray)
        numbers = f"all but {sum(stray.values()):,} of {counts.total():,} values are numbers"
        return f"{numbers}; {self.location(row)} has {validation.show(texts[row])}"


def check_distinct(title: str, names: Sequence[str]) -> None:
    """Raise ValueError if two columns have the same name."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{title} has {count} columns named {name!r}")


def number(text: str) -> float | None:
    """Return the number that a text spells, or None if it spells none.

    Examples
    --------
    >>> number(" 1e3 "), number("1_000"), number("red")
    (1000.0, None, None)
    """
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def spelled(value: Any) -> str:
    """Write a value as text, such as ``3`` for 3.0, ``true`` for True, ``2024-01-31`` for midnight on that day."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        real = float(value)
        return str(int(real)) if real.is_integer() else repr(real)
    return str(value).removesuffix(" 00:00:00")


def _text(cell: str) -> str | None:
    """Return a cell without surrounding white space, or None for a missing value."""
    stripped = cell.strip()
    return None if stripped.lower() in MISSING else stripped


def _kind(name: str, value: Any) -> Kind:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, numbers.Real):
        return "number"
    if isinstance(value, str | dt.date | dt.time | dt.timedelta):
        return "text"
    raise TypeError(f"column {name!r} must hold numbers, text, booleans or dates, got {validation.show(value)}")
