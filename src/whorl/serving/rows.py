"""From the JSON of a request to the samples of a model: rows of a table, or lists of numbers.

Letters: n rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from whorl._core.hints import similar
from whorl._core.types import Array, Shape
from whorl._core.validation import all_finite, show
from whorl.serving.errors import Place, RequestError, invalid, named
from whorl.tables import Preparation
from whorl.tables.encoder import SCALARS, Encoder
from whorl.tables.frame import CellError


class Numbers:
    """Rows of a model without column names: each is a list of numbers, nested as the inputs are.

    Parameters
    ----------
    inputs : tuple of int
        The shape of a sample.
    dtype : dtype
    """

    forms: tuple[str, ...] = ("rows",)
    """The keys of a request that can hold the rows."""

    def __init__(self, inputs: Shape, dtype: np.dtype[Any]) -> None:
        self.inputs: Shape = inputs
        self.dtype: np.dtype[Any] = dtype

    def samples(self, form: str, rows: list[Any]) -> Array:
        """Return the samples of rows, (n, *inputs); raise RequestError if a row is not as it must be."""
        numbers = rows
        for size in self.inputs:
            if {*map(type, numbers)} != {list} or {*map(len, numbers)} != {size}:
                raise self._misplaced(rows)
            numbers = [*chain.from_iterable(numbers)]
        if not {*map(type, numbers)} <= {float, int}:
            raise self._misplaced(rows)
        x = np.array(numbers, self.dtype)
        if not all_finite(x):
            raise self._misplaced(rows)
        return x.reshape(len(rows), *self.inputs)

    def _misplaced(self, rows: list[Any]) -> RequestError:
        """Return the error for the first value that is not as it must be."""
        return next(filter(None, (self._error(row, self.inputs, ("rows", i)) for i, row in enumerate(rows))))

    def _error(self, value: object, shape: Shape, where: Place) -> RequestError | None:
        if not shape:
            return _number_error(value, self.dtype, where)
        if not isinstance(value, list) or len(value) != shape[0]:
            what = "numbers" if len(shape) == 1 else "lists"
            return invalid(f"must be a list of {shape[0]} {what}, got {named(value)}", where)
        return next(filter(None, (self._error(each, shape[1:], (*where, i)) for i, each in enumerate(value))), None)


class Table:
    """Rows of a model that has learned a table: cells by column name.

    Parameters
    ----------
    preparation : Preparation
    dtype : dtype
    """

    forms: tuple[str, ...] = ("rows", "columns")

    def __init__(self, preparation: Preparation, dtype: np.dtype[Any]) -> None:
        self.dtype: np.dtype[Any] = dtype
        self._encoder = Encoder(preparation)
        self.names: tuple[str, ...] = tuple(column.name for column in preparation.columns)
        self._pick = {name: itemgetter(name) for name in self.names}
        others = [column.name for column in preparation.excluded]
        if preparation.target:
            others.append(preparation.target.name)
        self._known = frozenset((*self.names, *others))
        self._of_feature = [column.name for column in preparation.columns for _ in column.feature_names]

    def samples(self, form: str, table: Any) -> Array:
        """Return the samples of rows or columns, (n, d); raise RequestError if one is not as it must be."""
        columns = self._from_rows(table) if form == "rows" else self._from_columns(table)
        try:
            X = self._encoder.encode(columns)
        except CellError as error:
            raise invalid(error.message, _place(form, error.row, error.column)) from None
        except (TypeError, RecursionError):
            raise self._nested(form, columns) from None
        x = X.astype(self.dtype)
        if not all_finite(x):
            row, feature = np.argwhere(~np.isfinite(x))[0].tolist()
            name = self._of_feature[feature]
            raise invalid(f"must be a smaller number, got {named(columns[name][row])}", _place(form, row, name))
        return x

    def _from_rows(self, rows: list[Any]) -> dict[str, list[Any]]:
        if {*map(type, rows)} != {dict}:
            i = next(i for i, row in enumerate(rows) if not isinstance(row, dict))
            raise invalid(f"must be an object with a value for each column, got {named(rows[i])}", ("rows", i))
        if not all(map(self._known.issuperset, rows)):
            i = next(i for i, row in enumerate(rows) if not self._known.issuperset(row))
            raise self._unknown(rows[i], ("rows", i))
        try:
            return {name: [*map(pick, rows)] for name, pick in self._pick.items()}
        except KeyError as error:
            name = error.args[0]
            raise _missing(name, ("rows", next(i for i, row in enumerate(rows) if name not in row))) from None

    def _from_columns(self, columns: Any) -> dict[str, list[Any]]:
        if not self._known.issuperset(columns):
            raise self._unknown(columns, ("columns",))
        for name in self.names:
            if name not in columns:
                raise _missing(name, ("columns",))
        return {name: columns[name] for name in self.names}

    def _unknown(self, given: Iterable[str], where: Place) -> RequestError:
        name = next(name for name in given if name not in self._known)
        hint = similar(name[:100], self.names) or f"; there are {_listed(self.names)}"
        return invalid(f"there is no column {show(name)}{hint}", where)

    def _nested(self, form: str, columns: Mapping[str, list[Any]]) -> RequestError:
        """Return the error for the first list or object in place of a value."""
        found = (
            (name, i, cell) for name in columns for i, cell in enumerate(columns[name]) if type(cell) not in SCALARS
        )
        name, row, cell = next(found)
        return invalid(f"must be a number, text, true, false or null, got {named(cell)}", _place(form, row, name))


def _place(form: str, row: int, name: str) -> Place:
    return ("rows", row, name) if form == "rows" else ("columns", name, row)


def _missing(name: str, where: Place) -> RequestError:
    return invalid(f"there is no value for the column {name!r}; null is a missing value", where)


def read(table: Numbers | Table, document: Any, most: int) -> tuple[str, Any, int]:
    """Return the form of the rows of a request, the rows or columns, and their number.

    Parameters
    ----------
    table : Numbers or Table
    document : object
        The body, from JSON.
    most : int
        The largest number of rows.

    Raises
    ------
    RequestError
        If the body has no rows, or too many, or keys that are not known.
    """
    known = (*table.forms, "coverage")
    expected = f"the body must be an object with {' or '.join(map(repr, table.forms))}"
    if not isinstance(document, dict):
        raise invalid(f"{expected}, got {named(document)}")
    if unknown := document.keys() - known:
        name = min(unknown)
        raise invalid(f"{expected}, got {show(name)}{similar(name[:100], known)}")
    forms = [form for form in table.forms if form in document]
    if len(forms) != 1:
        raise invalid(f"{expected}, got {'both' if forms else 'none'}")
    (form,) = forms
    given = document[form]
    n = _count(form, given)
    if n > most:
        raise RequestError(413, f"there are {n} rows; at most {most} are allowed", (form,))
    if n == 0:
        raise invalid("must hold at least one row", (form,))
    return form, given, n


def _count(form: str, given: Any) -> int:
    """Return the number of rows; raise RequestError if the columns have different lengths."""
    if form == "rows":
        if not isinstance(given, list):
            raise invalid(f"must be a list of rows, got {named(given)}", (form,))
        return len(given)
    if not isinstance(given, Mapping):
        raise invalid(f"must be an object with a list for each column, got {named(given)}", (form,))
    lengths = set()
    for name, cells in given.items():
        if not isinstance(cells, list):
            raise invalid(f"column {show(name)} must be a list, got {named(cells)}", (form,))
        lengths.add(len(cells))
    if len(lengths) > 1:
        raise invalid(f"must be lists of equal length, got from {min(lengths)} to {max(lengths)} values", (form,))
    return lengths.pop() if lengths else 0


def _number_error(value: object, dtype: np.dtype[Any], where: Place) -> RequestError | None:
    """Return the error for a value that is not a finite number of this type; None if it is."""
    if type(value) not in (int, float):
        return invalid(f"must be a number, got {named(value)}", where)
    fits = np.isfinite(np.array(value, dtype))
    return None if fits else invalid(f"must be a number that {dtype} can hold, got {named(value)}", where)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f", … ({len(names):,} columns)" if len(names) > 20 else "")
