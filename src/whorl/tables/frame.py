"""The columns of a table as they were read, before any preparation.

Letters: n rows.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.hints import similar
from whorl._core.types import Array
from whorl.tables.timestamps import AMBIGUOUS, Order, orders, spell

MISSING = frozenset({"", "?", "-", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null"})
"""Spellings of a missing value, in lower case."""
BOOLEANS = frozenset({"true", "false"})
"""Spellings of a boolean, in lower case."""
STRAY = 0.1
"""The largest share of texts in a column that is meant to hold numbers."""
DISTINCT = 20
"""More different values than that are many: they identify the rows, or are numbers."""
WORDS = 3
"""Up to so many different texts beside many different numbers stand for missing numbers, even if they are frequent."""
MIDNIGHT = " 00:00:00"
"""What is not written of a date."""
STYLED = re.compile(r"[-+(]?\s*[$€£¥]?\s*\d{1,3}([,.' ]\d{3})*([.,]\d+)?\s*[$€£¥%]?\s*\)?|[-+]?\d+,\d+")
"""Numbers for people: $3,000 and 12,5 and 40 %."""


class CellError(ValueError):
    """A value of a table is not what its column must hold.

    Parameters
    ----------
    text : str
        The message, with the place.
    row : int
        The place of the row in the source, as in `Frame.rows`.
    column : str
    message : str
        The message without the place.
    """

    row: int
    column: str
    message: str

    def __init__(self, text: str, row: int, column: str, message: str) -> None:
        super().__init__(text)
        self.row, self.column, self.message = row, column, message


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of equal length.

    Parameters
    ----------
    title : str
        The source, for error messages.
    columns : mapping from str to ndarray, shape (n,)
        float64, NaN where missing, if the column holds numbers; else objects: str, None where missing.
    rows : ndarray of int, shape (n,)
        The place of each row in the source: the line it begins on in a text file, else its position, from 0.
    in_lines : bool
        Whether `rows` are lines.
    notes : tuple of str
        Remarks of the reader.
    """

    title: str
    columns: Mapping[str, Array]
    rows: Array
    in_lines: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Array:
        self.require([name])
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def require(self, names: Iterable[str], rule: str = "") -> None:
        """Raise ValueError unless all these columns exist; the message may begin with a rule: "target must be a column"."""
        unknown = [name for name in names if name not in self.columns]
        if not unknown:
            return
        got, hint, known = ", ".join(map(repr, unknown)), similar(unknown[0], self), list(self)
        listed = ", ".join(known[:20]) + (f", … ({len(known):,} columns)" if len(known) > 20 else "")
        if rule:
            raise ValueError(f"{rule} of {self.title}, which has {listed}, got {got}{hint}")
        raise ValueError(f"{self.title} has no column {got}; it has {listed}{hint}")

    def take(self, rows: Array) -> Frame:
        """Return the frame of these row numbers; columns of text remain so."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return replace(self, columns=columns, rows=self.rows[rows])

    def location(self, row: int | np.integer[Any]) -> str:
        """Return the place of a row for an error message: ``houses.csv line 3``."""
        return f"{self.title}{' line' if self.in_lines else ', row'} {self.rows[row]}"

    def error(self, row: int | np.integer[Any], name: str, expected: str, value: object) -> CellError:
        """Return the error that a value of a column is not what it must be."""
        message = f"must be {expected}, got {validation.show(value)}"
        return CellError(f"{self.location(row)}, column {name!r}: {message}", int(self.rows[row]), name, message)

    def is_number(self, name: str) -> bool:
        """Return whether the column holds numbers, not text."""
        return self[name].dtype.kind == "f"

    def missing(self, name: str) -> Array:
        """Return where the column has no value: booleans (n,)."""
        values = self[name]
        return np.isnan(values) if self.is_number(name) else np.array([text is None for text in values], bool)

    def texts(self, name: str) -> list[str | None]:
        """Return the column as text, None where missing; a whole number has no decimal point."""
        values: list[Any] = self[name].tolist()
        return [None if math.isnan(each) else spelled(each) for each in values] if self.is_number(name) else values

    def counts(self, name: str) -> Counter[str]:
        """Return how often each text occurs in the column."""
        return Counter(text for text in self.texts(name) if text is not None)

    def counted(self, name: str) -> int:
        """Return the number of rows in which the texts of the column were counted."""
        return len(self)

    def date_orders(self, name: str) -> list[Order]:
        """Return the orders of year, month and day in which every value is a date, as `timestamps.orders`."""
        return [] if self.is_number(name) else orders(self.counts(name))

    def numbers(self, name: str) -> Array:
        """Return the column as finite numbers, float64 (n,), NaN where missing; raise ValueError if it has others."""
        values = self[name]
        if not self.is_number(name):
            parsed = [math.nan if text is None else number(text) for text in values]
            if None in parsed:
                row = parsed.index(None)
                raise self.error(row, name, "a number", values[row])
            values = np.array(parsed)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise self.error(infinite[0], name, "a finite number", float(values[infinite[0]]))
        return values

    def span(self, name: str) -> str:
        """Return a summary of a column of numbers: "3 to 5, median 4"."""
        values = self.numbers(name)
        values = values[~np.isnan(values)]
        return f"{values.min():g} to {values.max():g}, median {np.median(values):g}" if len(values) else ""

    def stray_text(self, name: str) -> tuple[int, str, str, bool] | None:
        """Return the first value that is not a number, in a column of text where 90 % are or look like numbers; else None.

        Returns
        -------
        row : int
        text : str
        remark : str
            What the other values are.
        few : bool
            Whether nearly all values are numbers as they are.
        """
        if self.is_number(name):
            return None
        counts = self.counts(name)
        stray = {text: count for text, count in counts.items() if number(text) is None}
        total, wrong = counts.total(), sum(stray.values())
        styled = {text for text in stray if STYLED.fullmatch(text)}
        few = 0 < wrong <= STRAY * total or (0 < wrong < total / 2 and len(stray) <= WORDS < DISTINCT < len(counts))
        if few:
            remark = f"all but {wrong:,} of {total:,} values are numbers"
        elif styled and wrong - sum(stray[text] for text in styled) <= STRAY * total:
            stray = {text: stray[text] for text in styled}
            remark = "numbers must be written like 3000.5, without signs of currency, per cent and thousands, or decimal commas"
        else:
            return None
        row, text = next((row, text) for row, text in enumerate(self.texts(name)) if text in stray)
        return row, text, remark, few

    def stray_remark(self, name: str) -> str:
        """Return a remark on such a value, or ""."""
        found = self.stray_text(name)
        return f"{found[2]}; {self.location(found[0])} has {validation.show(found[1])}" if found else ""

    def remarks(self, ignored: Container[str] = ()) -> list[str]:
        """Return the notes, and a remark on each column of text that may be meant as numbers or dates, unless it is ignored."""
        remarks = list(self.notes)
        for name in self:
            if name in ignored:
                continue
            if remark := self.stray_remark(name) or (AMBIGUOUS if len(self.date_orders(name)) > 1 else ""):
                remarks.append(f"column {name!r} is text: {remark}")
        return remarks

    def without_stray_text(self, name: str) -> Frame:
        """Return the frame with a column as numbers; what is not one is missing."""
        values = [None if text is None else number(text) for text in self.texts(name)]
        return replace(self, columns={**self.columns, name: np.array(values, float)})


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
    if isinstance(value, str):
        return value.removesuffix(MIDNIGHT)
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        real = float(value)
        return str(int(real)) if real.is_integer() else repr(real)
    if isinstance(value, np.datetime64):
        return spell(value.astype("M8[us]"))
    return str(value).removesuffix(MIDNIGHT)


def from_cells(cells: Sequence[str], *, as_text: bool = False) -> Array:
    """Make a column of the cells of a text file: of numbers if all are, unless `as_text`; booleans in small letters."""
    if not as_text:
        try:
            if not any("_" in cell for cell in cells):
                return np.fromiter(map(float, cells), float, len(cells))
        except ValueError:  # some are missing, or are not numbers
            pass
    texts = {cell: present_text(cell) for cell in set(cells)}
    present = {text for text in texts.values() if text is not None}
    column = np.array([texts[cell] for cell in cells], object)
    if as_text:
        return column
    if all(number(text) is not None for text in present):
        return column.astype(float)  # None becomes NaN
    if {text.lower() for text in present} <= BOOLEANS:
        return np.array([text and text.lower() for text in column], object)
    return column


def from_values(name: str, values: Iterable[Any]) -> Array:
    """Make a column of Python values: numbers, booleans, text or dates, with None or NaN for a missing value.

    Durations become numbers of days.
    """
    column = [None if value is None or value != value else _in_days(value) for value in values]  # noqa: PLR0124  # NaN
    kinds = {*map(type, column)} - {type(None)}  # few, so that each is checked once
    for kind in kinds:
        if not issubclass(kind, numbers.Real | np.bool_ | str | dt.date | dt.time | np.datetime64):
            value = next(each for each in column if type(each) is kind)
            raise TypeError(f"column {name!r} must hold numbers, text, booleans or dates, got {validation.show(value)}")
    if all(issubclass(kind, numbers.Real) and not issubclass(kind, bool) for kind in kinds):
        return np.array(column, float)  # None becomes NaN
    return np.array([None if value is None else present_text(spelled(value)) for value in column], object)


def _in_days(value: Any) -> Any:
    """Return a duration as a number of days, and any other value as it is."""
    if isinstance(value, np.timedelta64):
        return value / np.timedelta64(1, "D")
    return value / dt.timedelta(days=1) if isinstance(value, dt.timedelta) else value


def present_text(cell: str) -> str | None:
    """Return a cell without surrounding white space, or None for a missing value."""
    stripped = cell.strip()
    return None if stripped.lower() in MISSING else stripped
