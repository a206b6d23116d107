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
        self.title: str = validation.path("path", path)
        self.paths: list[Path] = _files(Path(path))
        parquet = parquet_module()
        self.types: dict[str, Any] = {}
        self.parts: list[Part] = []
        for each in self.paths:
            metadata = _metadata(parquet, each)  # not kept: those of hundreds of files take 100 MB
            types = {field.name: field.type for field in metadata.schema.to_arrow_schema()}
            self.types = self.types or types
            _check_same(each, types, self.paths[0], self.types)
            self.parts += _parts(each, metadata)

    def read(self, part: Part, columns: Sequence[str]) -> Any:
        """Return these columns of a row group, as a table of PyArrow."""
        parquet = parquet_module()
        with parquet.ParquetFile(part.path) as file:
            rows = file.metadata.row_group(part.number).num_rows if part.number < file.num_row_groups else 0
            if rows != part.rows:
                raise ValueError(
                    f"{part.path} has changed since it was opened: its row group {part.number} had {part.rows} rows, and has {rows}"
                )
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


def _parts(path: Path, metadata: Any) -> Iterator[Part]:
    first = 0
    for number in range(metadata.num_row_groups):
        rows = metadata.row_group(number).num_rows
        if rows:
            yield Part(path, number, first, rows)
        first += rows


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
