"""What a table may come from: a CSV or Parquet file, a data frame of any make, a mapping from name to list."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from whorl._core import validation
from whorl.datasets.tables.records import records
from whorl.datasets.tables.sheet import Column, Sheet

Source: TypeAlias = Any
"""A path, a data frame of pandas, Polars or PyArrow, or a mapping from a column's name to a list of values."""

NEEDS = "needs narwhals and PyArrow, which are an extra: pip install 'whorl[tables]'"


def read(source: Source, *, columns: Sequence[str] | None = None, skip: int = 0) -> Sheet:
    """Read a table of whatever kind. A path that ends in .parquet or .pq is Parquet, every other one is CSV.

    Parameters
    ----------
    source : str, path, data frame or mapping
    columns : sequence of str, optional
        Names for the columns of a CSV file that has no line of names.
    skip : int, optional
        Lines to leave out at the top of a CSV file.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    TypeError
        If it is nothing of these, or a column holds neither numbers, text, booleans nor dates.
    ValueError
        If it is damaged, has two columns of one name, columns of different lengths, or no row.
    ImportError
        If it takes a package that is not installed; the message says which extra has it.

    Examples
    --------
    >>> sheet = read({"rooms": [3, 4], "street": ["Mill", None]})
    >>> [(name, sheet[name].kind) for name in sheet]
    [('rooms', 'number'), ('street', 'text')]
    """
    if isinstance(source, Sheet):
        return source
    skip = validation.integer("skip", skip, minimum=0)
    is_path = isinstance(source, str | os.PathLike)
    if is_path and not os.fspath(source).lower().endswith((".parquet", ".pq")):
        return _csv(source, None if columns is None else strings("columns", columns), skip)
    if columns is not None or skip:
        raise ValueError("columns and skip are for CSV files, and this source knows its columns' names")
    if is_path:
        return _parquet(os.fspath(source))
    if isinstance(source, Mapping):
        return _mapping(source)
    if hasattr(type(source), "columns"):
        return _frame("the data frame", source)
    raise TypeError(
        f"source must be a path, a data frame, or a mapping from column to list, got {validation.show(source)}"
    )


def strings(name: str, value: object) -> tuple[str, ...]:
    """Return a list of names as a tuple; raise TypeError if it is something else."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of columns' names, got {validation.show(value)}")
    names = tuple(value)
    for item in names:
        if not isinstance(item, str):
            raise TypeError(f"{name} must hold columns' names, got {validation.show(item)}")
    return names


def _csv(path: str | os.PathLike[str], names: tuple[str, ...] | None, skip: int) -> Sheet:
    found = records(path, skip=skip)
    rows, lines = found.rows, found.lines
    if names is None:
        names, rows, lines = tuple(cell.strip() for cell in rows[0]), rows[1:], lines[1:]
    elif len(names) != len(rows[0]):
        raise ValueError(f"columns must name the {len(rows[0])} columns of {found.title}, got {len(names)} names")
    _distinct(found.title, [name for name in names if name])
    if not rows:
        raise ValueError(f"{found.title} has the columns' names, but no row")
    cells = zip(names, zip(*rows, strict=True), strict=True)
    columns = {name: Column.of_cells(values) for name, values in cells if name}
    notes = tuple(f"column {i} is left out: it has no name" for i, name in enumerate(names, 1) if not name)
    return Sheet(found.title, columns, np.array(lines), in_lines=True, notes=notes)


def _mapping(source: Mapping[str, Any]) -> Sheet:
    columns = {}
    for name, values in zip(strings("source", source), source.values(), strict=True):
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise TypeError(f"source[{name!r}] must be a list of values, got {validation.show(values)}")
        columns[name] = Column.of_values(name, values)
    return _sheet("the mapping", columns)


def _parquet(path: str) -> Sheet:
    try:
        import narwhals as _  # noqa: F401  # `_frame` will want it: better to know before reading
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(f"Parquet {NEEDS}") from error
    with open(path, "rb") as file:  # so that a file that is not there raises what it always raises
        try:
            table = parquet.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path} is not a Parquet file: {' '.join(str(error).split())}") from None
    return _frame(path, table)


def _frame(title: str, frame: Any) -> Sheet:
    try:
        import narwhals as nw
    except ImportError as error:
        raise ImportError(f"a data frame {NEEDS}") from error
    try:
        data = nw.from_native(frame, eager_only=True)
        series = list(data.iter_columns())
    except (TypeError, ValueError) as error:
        raise type(error)(f"source cannot be read: {' '.join(str(error).split())}") from None
    _distinct(title, [str(each.name) for each in series])
    columns = {}
    for each in series:
        name = str(each.name)
        if each.dtype.is_numeric():
            columns[name] = Column(each.cast(nw.Float64).to_numpy().astype(np.float64), "number")
            continue
        values = [None if gap else value for value, gap in zip(each.to_list(), each.is_null().to_list(), strict=True)]
        if each.dtype in (nw.Categorical, nw.Enum):  # whoever made it says that these are no numbers
            values = [None if value is None else str(value) for value in values]
        columns[name] = Column.of_values(name, values)
    return _sheet(title, columns)


def _sheet(title: str, columns: dict[str, Column]) -> Sheet:
    lengths = {name: len(column.values) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{title} must have columns of one length, got {lengths}")
    rows = max(lengths.values(), default=0)
    if not rows:
        raise ValueError(f"{title} has no row")
    return Sheet(title, columns, np.arange(rows))


def _distinct(title: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f"{title} has {times} columns of the name {name!r}")
