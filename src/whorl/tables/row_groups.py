"""Row groups of Parquet files as features and labels, in few steps: they are read while a network trains.

Letters: n rows, d features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.memory import MemoryPool
from whorl._core.types import Array
from whorl.tables.encoding import Number
from whorl.tables.frame import Frame
from whorl.tables.kinds import Encoding
from whorl.tables.parquet_files import Files, Part
from whorl.tables.preparation import Preparation

PADDING = 80
"""Unused elements after each column."""

PLAIN = frozenset(
    ["float", "double", "halffloat", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]
)
"""PyArrow's names of the types of numbers that are converted without a frame."""


class RowGroups:
    """Reads the features and the labels of row groups. Both are read at once; the labels are kept until they are asked for.

    Parameters
    ----------
    files : Files
    preparation : Preparation
        With a target.
    dtype : dtype
        The type of the features.
    most : int
        Labels of so many row groups are kept.

    Attributes
    ----------
    labels_dtype : dtype
        int64 for labels, float64 for numbers.
    regression : bool
        Whether the labels are numbers.
    """

    files: Files
    dtype: np.dtype[Any]
    most: int
    labels_dtype: np.dtype[Any]
    regression: bool

    def __init__(self, files: Files, preparation: Preparation, dtype: np.dtype[Any], most: int) -> None:
        assert preparation.target is not None
        self.files, self.target, self.dtype, self.most = files, preparation.target, dtype, most
        self.regression = self.target.task == "regression"
        self.labels_dtype = np.dtype(np.float64 if self.regression else np.int64)
        self.kept: dict[int, Array] = {}
        self.plain: dict[int, Number] = {}  # columns of numbers, by the place of their first feature
        self.others: dict[int, Encoding] = {}
        self.pool = MemoryPool()
        self.width = 0
        for each in preparation.columns:
            if isinstance(each, Number) and self._plain(each.name):
                self.plain[self.width] = each
            else:
                self.others[self.width] = each
            self.width += len(each.feature_names)
        self.names: list[str] = [*(each.name for each in preparation.columns), self.target.name]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "kept": {}}

    def _plain(self, name: str) -> bool:
        return str(self.files.types[name]) in PLAIN

    def features(self, number: int) -> Array:
        """Return the features of the rows of a row group that have a target."""
        part = self.files.parts[number]
        table = self.files.read(part, self.names)
        columns = dict(zip(table.column_names, table.columns, strict=True))
        self.kept[number], known = self._labels(part, table)
        for old in [*self.kept][: max(0, len(self.kept) - self.most)]:
            self.kept.pop(old, None)  # that was read first
        # By column, as Parquet has them. The padding keeps the columns from competing for the same lines of the cache.
        memory = self.pool.empty((self.width, table.num_rows + PADDING), self.dtype)
        memory[:, table.num_rows :] = 0
        rows = memory[:, : table.num_rows]
        for place, other in self.others.items():
            own = rows[place : place + len(other.feature_names)]
            own[...] = _by_value(part, table, other.name, other.encode).T
        with np.errstate(over="ignore"):  # a number that is too large is reported when it is used
            for place, each in self.plain.items():
                rows[place] = columns[each.name].to_numpy()
                rows[place + 1 : place + len(each.feature_names)] = 0
            finite = validation.all_finite(memory)
            for place, each in self.plain.items():
                if each.offset or not finite:
                    own = rows[place : place + len(each.feature_names)]
                    _encode_numbers(each, columns[each.name].to_numpy(), own, part)
        if not known.all():
            rows = rows[:, known]
        features = self.pool.empty(rows.T.shape, self.dtype)
        features[...] = rows.T
        return features

    def labels(self, number: int) -> Array:
        """Return the labels of the rows of a row group that have them."""
        kept = self.kept.pop(number, None)
        if kept is not None:
            return kept
        part = self.files.parts[number]
        return self._labels(part, self.files.read(part, [self.target.name]))[0]

    def _labels(self, part: Part, table: Any) -> tuple[Array, Array]:
        """Return the labels (n,) or numbers (n, 1) of the rows that have them, and which rows these are."""
        name = self.target.name
        if self.regression and self._plain(name):
            numbers = table[name].to_numpy().astype(np.float64)
            known = ~np.isnan(numbers)
            if validation.all_finite(numbers[known]):
                return numbers[known, None], known
        found = _by_value(part, table, name, self._encoded)
        known = found[:, 1] != 0
        return (found[known, :1] if self.regression else found[known, 0]), known

    def _encoded(self, frame: Frame) -> Array:
        """Return the labels or numbers in the column of the target, 0 where it is missing, and where it is not: (n, 2)."""
        known = ~frame.missing(self.target.name)
        found = np.zeros((len(frame), 2), self.labels_dtype)
        found[known, 0] = self.target.encode(frame.take(np.flatnonzero(known))).reshape(-1)
        found[:, 1] = known
        return found


def _by_value(part: Part, table: Any, name: str, encode: Callable[[Frame], Array]) -> Array:
    """Return the encoding of a column; `encode` is called with a frame that has each different value once."""
    column = table.select([name])
    try:
        values, places = _distinct(column)
        return encode(Files.converted(part, values))[places]
    except (TypeError, ValueError, IndexError, NotImplementedError):  # an error must name the row of the file
        return encode(Files.converted(part, column))


def _distinct(table: Any) -> tuple[Any, Array]:
    """Return the different values of the only column of a table, and the place of the value of each row among them."""
    import pyarrow as pa
    from pyarrow import compute

    (column,), (name,) = table.columns, table.column_names
    values = compute.unique(column)
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    places: Array = compute.index_in(column.cast(plain), value_set=values.cast(plain)).to_numpy()
    return pa.table({name: values}), places


def _encode_numbers(column: Number, numbers: Array, out: Array, part: Part) -> None:
    """Write the features of a column of numbers, as `Number.encode` returns them, into (k, n)."""
    numbers = numbers.astype(np.float64)
    missing = np.isnan(numbers)
    if missing.any():
        numbers = np.where(missing, column.fill, numbers)
    if not validation.all_finite(numbers):
        row = int(np.flatnonzero(np.isinf(numbers))[0])
        frame = Frame(str(part.path), {column.name: numbers}, np.arange(part.first, part.first + len(numbers)))
        raise frame.error(row, column.name, "a finite number", float(numbers[row]))
    out[0] = numbers - column.offset
    if column.missing:
        out[1] = missing
