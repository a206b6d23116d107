"""Encoding new rows again and again, a few at a time: all columns of numbers at once, and categories from a dictionary.

`Preparation.transform` looks at each column by itself, and does not know what will be in it: for one row, that costs hundreds of small steps. An
`Encoder` does what it can before the first row.

Letters: n rows, d features, m columns of numbers, c columns of categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import all_finite
from whorl.tables.dates import Date
from whorl.tables.encoding import Category, Number
from whorl.tables.frame import present_text, spelled
from whorl.tables.kinds import Encoding
from whorl.tables.preparation import Preparation

Cells: TypeAlias = Sequence[Any]
"""The values of a column: numbers, text, booleans, and None where missing."""

NUMBERS = frozenset({int, float, type(None)})
SCALARS = NUMBERS | {str, bool}
"""The types of cells that are encoded here."""


class _Irregular(Exception):
    """A cell that needs `Preparation.transform`, such as text in a column of numbers; it may be an error."""


class Encoder:
    """Encodes columns as `Preparation.transform` does, to the bit, and much faster if the rows are few.

    Parameters
    ----------
    preparation : Preparation

    Examples
    --------
    >>> preparation = Preparation.learn({"rooms": [3, None, 5], "heating": ["gas", "gas", "oil"]})
    >>> Encoder(preparation).encode({"rooms": [2, None], "heating": ["oil", "coal"]})
    array([[2., 0., 0., 1.],
           [4., 1., 0., 0.]])
    """

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        widths = [len(column.feature_names) for column in preparation.columns]
        starts = np.cumsum([0, *widths]).tolist()
        self._width = starts.pop()
        placed = list(zip(preparation.columns, starts, strict=True))
        numbers = [(column, start) for column, start in placed if isinstance(column, Number)]
        self._numbers = [column.name for column, _ in numbers]
        self._fill, self._offset = (
            np.array([(column.fill, column.offset) for column, _ in numbers]).reshape(-1, 2, 1).swapaxes(0, 1)
        )
        self._places = np.array([start for _, start in numbers], np.intp)
        self._with_gaps = np.array([i for i, (column, _) in enumerate(numbers) if column.missing], np.intp)
        self._categories = [
            (column.name, *self._codes(column, start)) for column, start in placed if isinstance(column, Category)
        ]
        self._dates = [
            (column, start, start + width)
            for (column, start), width in zip(placed, widths, strict=True)
            if isinstance(column, Date)
        ]

    def encode(self, columns: Mapping[str, Cells]) -> Array:
        """Return the features of rows, float64 (n, d).

        Parameters
        ----------
        columns : mapping from str to sequence
            The cells of each column in use: at least one, and equally many.

        Raises
        ------
        TypeError, ValueError
            As `Preparation.transform` does for a mapping.
        """
        n = len(next(iter(columns.values())))
        X = np.zeros((n, self._width + 1))  # the last column is for categories without a feature
        try:
            self._encode_numbers([columns[name] for name in self._numbers], X)
            codes = [code for name, known, unseen in self._categories for code in _coded(columns[name], known, unseen)]
        except _Irregular:
            return self._preparation.transform(columns)
        X[np.arange(n), np.array(codes, np.intp).reshape(-1, n)] = 1  # codes: (c, n)
        for column, start, end in self._dates:
            X[:, start:end] = self._transformed(column, columns[column.name])
        return X[:, :-1]

    def _encode_numbers(self, cells: Sequence[Cells], X: Array) -> None:
        flat = [*chain.from_iterable(cells)]
        if not NUMBERS.issuperset(map(type, flat)):
            raise _Irregular
        x = np.array(flat, float).reshape(len(cells), len(X))  # (m, n), NaN where missing
        if None in flat:
            missing = np.isnan(x)
            x = np.where(missing, self._fill, x)
            X[:, self._places[self._with_gaps] + 1] = missing[self._with_gaps].T
        x -= self._offset
        if not all_finite(x):
            raise _Irregular
        X[:, self._places] = x.T

    def _codes(self, column: Category, start: int) -> tuple[dict[Any, int], int | None]:
        """Return the feature of each category and of None, and that of an unseen one; None if there must be none."""

        def features(*texts: str | None) -> list[int]:
            encoded = self._transformed(column, texts)
            found: list[int] = np.where(encoded.any(axis=1), start + encoded.argmax(axis=1), self._width).tolist()
            return found

        cells = [*column.categories, None]
        known = dict(zip(cells, features(*cells), strict=True))
        try:
            (unseen,) = features("\0".join(["", *column.categories]))  # longer than any of them
        except ValueError:  # only true and false are allowed
            return known, None
        return known, unseen

    def _transformed(self, column: Encoding, cells: Cells) -> Array:
        """Return the features of one column, (n, k), the usual way."""
        return column.encode(self._preparation.read({column.name: cells}))


def _coded(cells: Cells, known: Mapping[Any, int], unseen: int | None) -> list[int]:
    """Return the feature of each cell of a column of categories."""
    try:
        return [*map(known.__getitem__, cells)]
    except KeyError:
        return [_code(cell, known, unseen) for cell in cells]
    except TypeError:  # a list
        raise _Irregular from None


def _code(cell: Any, known: Mapping[Any, int], unseen: int | None) -> int:
    """Return the feature of a cell, which may be a number or a boolean, have white space, or spell a missing value."""
    if type(cell) not in SCALARS:
        raise _Irregular
    code = known[cell] if cell in known else known.get(present_text(spelled(cell)), unseen)
    if code is None:
        raise _Irregular
    return code
