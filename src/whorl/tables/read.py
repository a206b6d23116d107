"""Reading tables: CSV and Parquet files, data frames, and mappings from name to list."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.tables.csv_reader import read_csv
from whorl.tables.frame import Frame, check_distinct, from_values, spelled

Source: TypeAlias = Any
"""A path, a data frame of pandas, Polars or PyArrow, or a mapping from the name of a column to a list of values."""

Stray: TypeAlias = Literal["error", "missing", "category"]
"""What text is in a column where nearly all values are numbers."""

EXTRA = "needs narwhals and PyArrow, which the extra whorl[tables] installs"


def read(source: Source, *, columns: Sequence[str] | None = None, skip: int = 0, text: Collection[str] = ()) -> Frame:
    """Read a table. A path that ends in .parquet or .pq is a Parquet file; any other is a CSV file.

    Parameters
    ----------
    source, columns, skip
        As in `table`, and so are the errors.
    text : collection of str, optional
        Columns of a CSV file to read as text even if they look like numbers.

    Examples
    --------
    >>> frame = read({"rooms": [3, 4], "street": ["Mill", None]})
    >>> frame.numbers("rooms"), frame.texts("street")
    (array([3., 4.]), ['Mill', None])
    """
    if isinstance(source, Frame):
        return source
    skip = validation.integer("skip", skip, minimum=0)
    is_path = isinstance(source, str | os.PathLike)
    if is_path and not os.fspath(source).lower().endswith((".parquet", ".pq")):
        names = None if columns is None else column_names("columns", columns)
        return read_csv(source, names=names, skip=skip, text=text)
    if columns is not None or skip:
        raise ValueError("columns and skip are for CSV files; this source has names for its columns")
    if is_path:
        return data_frame(os.fspath(source), _parquet(source))
    if isinstance(source, Mapping):
        return _mapping(source)
    if hasattr(type(source), "columns"):
        return data_frame("the data frame", source)
    raise TypeError(
        f"source must be a path, a data frame, or a mapping from column to list, got {validation.show(source)}"
    )


def with_target(frame: Frame, target: Any) -> tuple[Frame, str]:
    """Return the frame with one more column, and its name: that of a series, or "target"."""
    name = str(getattr(target, "name", None) or "target")
    if name in frame.columns:
        raise ValueError(f"target is a column named {name!r}, which {frame.title} has too: give its name instead")
    values = target.to_list() if hasattr(target, "to_list") else list(target)
    if len(values) != len(frame):
        raise ValueError(f"target must have a value for each of the {len(frame)} rows, got {len(values)}")
    column = from_values(name, [None if value != value else value for value in values])  # noqa: PLR0124  # NaN
    return replace(frame, columns={**frame.columns, name: column}), name


def check_columns(frame: Frame, target: object, *, ignore: Sequence[str], use: Sequence[str]) -> None:
    """Raise ValueError unless the columns that these arguments name exist, and each is named by one of them only."""
    if isinstance(target, str):
        frame.require([target], "target must be a column")
    for argument, names in {"ignore": ignore, "use": use}.items():
        if len(names) == 1 and names[0] not in frame and all(name in frame for name in names[0].split(",")):
            raise ValueError(
                f"{argument} must name columns one by one, got {names[0]!r}: separate them by blanks, without commas"
            )
        frame.require(names, f"{argument} must name columns")
        if target in names:
            raise ValueError(f"{argument} must not name the target, got {target!r}")
    for name in use:
        if name in ignore:
            raise ValueError(f"use must not name a column of ignore, got {name!r}")


def settle_stray(frame: Frame, stray: Stray, names: Iterable[str]) -> Frame:
    """Return the frame with what `stray` says of text in these columns, if nearly all of their values are numbers."""
    validation.choice("stray", stray, get_args(Stray))
    for name in names:
        found = frame.stray_text(name) if stray != "category" else None
        if found is None:
            continue
        row, text, remark, few = found
        if stray == "error" or not few:
            choices = "stray='missing' (--stray missing) makes it a missing value, 'category' keeps the column as text"
            choices = choices if few else "stray='category' (--stray category) keeps the column as text"
            raise ValueError(f"{frame.error(row, name, 'a number', text)}: {remark}; {choices}")
        frame = frame.without_stray_text(name)
    return frame


def column_names(argument: str, value: object) -> tuple[str, ...]:
    """Return a list of names as a tuple; raise TypeError if it is anything else."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"{argument} must be a list of column names, got {validation.show(value)}")
    names = tuple(value)
    for item in names:
        if not isinstance(item, str):
            raise TypeError(f"{argument} must hold column names, got {validation.show(item)}")
    return names


def _mapping(source: Mapping[str, Any]) -> Frame:
    columns = {}
    for name, values in zip(column_names("source", source), source.values(), strict=True):
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise TypeError(f"source[{name!r}] must be a list of values, got {validation.show(values)}")
        columns[name] = from_values(name, values)
    return _frame("the mapping", columns)


def parquet_module() -> Any:
    """Return ``pyarrow.parquet``; raise ImportError, with the name of the extra, if it or narwhals is missing."""
    try:
        import narwhals as _  # noqa: F401  # needed afterwards: report it before reading
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(f"a Parquet file {EXTRA}") from error
    return parquet


def _parquet(path: str | os.PathLike[str]) -> Any:
    parquet = parquet_module()
    import pyarrow as pa

    with open(path, "rb") as file:  # raises the usual error if the file does not exist
        try:
            return parquet.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path} is not a Parquet file: {' '.join(str(error).split())}") from None


def data_frame(title: str, source: Any) -> Frame:
    """Return a data frame of pandas, Polars or PyArrow as a frame of this title."""
    try:
        import narwhals as nw
    except ImportError as error:
        raise ImportError(f"a data frame {EXTRA}") from error
    try:
        series = list(nw.from_native(source, eager_only=True).iter_columns())
    except (TypeError, ValueError) as error:
        raise type(error)(f"source cannot be read: {' '.join(str(error).split())}") from None
    check_distinct(title, [str(each.name) for each in series])
    columns = {}
    for each in series:
        name = str(each.name)
        if each.dtype.is_numeric():
            columns[name] = each.cast(nw.Float64).to_numpy().astype(np.float64)
            continue
        values = [None if gap else value for value, gap in zip(each.to_list(), each.is_null().to_list(), strict=True)]
        if each.dtype in (nw.Categorical, nw.Enum):  # categories, even if they are numbers
            values = [None if value is None else spelled(value) for value in values]
        columns[name] = from_values(name, values)
    return _frame(title, columns)


def _frame(title: str, columns: dict[str, Array]) -> Frame:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{title} must have columns of equal length, got {lengths}")
    rows = max(lengths.values(), default=0)
    if not rows:
        raise ValueError(f"{title} has no rows")
    return Frame(title, columns, np.arange(rows))
