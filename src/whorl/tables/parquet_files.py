"""Parquet files with the same columns, whose row groups are read one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.memory import return_freed_memory
from whorl.tables.frame import Frame
from whorl.tables.read import data_frame, parquet_module


@dataclass(frozen=True)
class Part:
    """A row group: its file, its number there, its first row in the file, and its rows."""

    path: Path
    number: int
    first: int
    rows: int


class Files:
    """Parquet files with the same columns.

    Parameters
    ----------
    path : str or path
        A folder, whose files ending in .parquet or .pq are read in alphabetical order, those of folders in it too; or one file.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    ValueError
        If there is no such file, a file is no Parquet file, or its columns are not those of the first one.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.title = validation.path("path", path)
        self.paths = _files(Path(path))
        parquet = parquet_module()
        self._metadata = {each: _metadata(parquet, each) for each in self.paths}
        schemas = [self._metadata[each].schema.to_arrow_schema().remove_metadata() for each in self.paths]
        self.types: dict[str, Any] = {field.name: field.type for field in schemas[0]}
        for each, schema in zip(self.paths, schemas, strict=True):
            _check_same(each, {field.name: field.type for field in schema}, self.paths[0], self.types)
        self.parts = [part for each in self.paths for part in self._parts(each)]

    def _parts(self, path: Path) -> Iterator[Part]:
        first, metadata = 0, self._metadata[path]
        for number in range(metadata.num_row_groups):
            rows = metadata.row_group(number).num_rows
            if rows:
                yield Part(path, number, first, rows)
            first += rows

    def read(self, part: Part, columns: Sequence[str]) -> Any:
        """Return these columns of a row group, as a table of PyArrow."""
        parquet = parquet_module()
        with parquet.ParquetFile(part.path, metadata=self._metadata[part.path]) as file:
            return file.read_row_group(part.number, columns=list(columns), use_threads=False)

    def frame(self, part: Part, columns: Sequence[str]) -> Frame:
        """Return these columns of a row group as a frame, whose rows are those of the file."""
        return self.converted(part, self.read(part, columns))

    @staticmethod
    def return_memory() -> None:
        """Return to the system what reading has needed, and PyArrow and the C library keep for more."""
        import pyarrow as pa

        pa.default_memory_pool().release_unused()
        return_freed_memory()

    @staticmethod
    def converted(part: Part, table: Any) -> Frame:
        """Return a table of PyArrow that was read from a row group as a frame."""
        frame = data_frame(str(part.path), table)
        return Frame(frame.title, frame.columns, np.arange(part.first, part.first + len(frame)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        path.stat()  # raises FileNotFoundError
        return [path]
    found = [
        each
        for each in sorted(path.rglob("*"))
        if each.suffix.lower() in (".parquet", ".pq") and not each.name.startswith((".", "_")) and each.is_file()
    ]
    if not found:
        raise ValueError(f"{path} has no file whose name ends in .parquet or .pq")
    return found


def _metadata(parquet: Any, path: Path) -> Any:
    try:
        return parquet.read_metadata(path)
    except (ValueError, OSError) as error:  # those of PyArrow are ValueErrors
        raise ValueError(f"{path} is not a Parquet file: {' '.join(str(error).split())}") from None


def _check_same(path: Path, types: dict[str, Any], first: Path, expected: dict[str, Any]) -> None:
    for name in [*expected, *types]:
        own, other = (str(each[name]) if name in each else "no such column" for each in (types, expected))
        if own != other:
            raise ValueError(
                f"{path} must have the columns of {first.name}: column {name!r} is {other} there, and here {own}"
            )
