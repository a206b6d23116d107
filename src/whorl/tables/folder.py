"""Parquet files that are larger than memory: their rows as features and labels, read while a network trains.

Letters: n rows, d features.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from whorl._core import validation
from whorl._core.types import Array
from whorl.tables.parquet_files import Files
from whorl.tables.preparation import Preparation
from whorl.tables.row_groups import RowGroups
from whorl.tables.streaming import learn
from whorl.tables.target import Target, Task

BUFFER = 2**25
"""About how many bytes of features are shuffled together, in whole row groups."""

LARGE = 2**26
"""Row groups whose features take more bytes are remarked on."""


class Column:
    """Features or labels of the rows of a `Folder`: an array with a shape, a type and slices of rows, to train on.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    boundaries : ndarray of int
        The first row of each row group, and n: the blocks that are shuffled.
    buffer : int
        The number of row groups that are shuffled, and in memory, together.
    """

    folder: Folder
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    boundaries: Array
    buffer: int

    parallel = 2
    """Threads that may read at the same time: each needs memory for a row group."""

    def __init__(self, folder: Folder, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.folder, self.shape, self.dtype = folder, shape, dtype
        self.boundaries, self.buffer = folder.boundaries, folder.buffer

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: slice) -> Array:
        start, stop, step = place.indices(len(self))
        first, last = np.searchsorted(self.boundaries, [start, max(start, stop - 1)], side="right") - 1
        parts = [
            self.block(number)[max(0, start - self.boundaries[number]) : stop - self.boundaries[number]]
            for number in range(first, last + 1)
        ]
        rows: Array = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return rows[::step]

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:  # noqa: FBT001  # so NumPy calls it
        return np.asarray(self[:], dtype)

    def block(self, number: int) -> Array:
        """Return the rows of a row group."""
        raise NotImplementedError


class Features(Column):
    """The features of the rows, (n, d)."""

    def block(self, number: int) -> Array:
        return self.folder.groups.features(number)


class Labels(Column):
    """The labels, (n,), or the numbers to predict, (n, 1)."""

    def block(self, number: int) -> Array:
        return self.folder.groups.labels(number)


class Folder:
    """Rows of Parquet files to train on, larger than memory perhaps; `folder` returns it.

    Parameters
    ----------
    files : Files
    preparation : Preparation
        How the features and labels are made of the columns.
    counts : ndarray of int
        The number of rows with a target in each row group.
    buffer : int
        The number of row groups that are shuffled together.
    dtype : dtype
        The type of the features.
    remarks : tuple of str
        Remarks on the columns.

    Attributes
    ----------
    X : Features
        The features, (n, d), named `preparation.feature_names`, for ``fit``.
    y : Labels
        The labels (n,), or the numbers to predict (n, 1), for ``fit``.
    boundaries : ndarray of int
        The first row of each row group, and n, counting rows with a target only.
    dropped : int
        The number of rows that are left out because their target is missing.
    """

    files: Files
    preparation: Preparation
    buffer: int
    dtype: np.dtype[Any]
    remarks: tuple[str, ...]

    def __init__(
        self,
        files: Files,
        preparation: Preparation,
        counts: Array,
        buffer: int,
        dtype: np.dtype[Any],
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.files, self.preparation, self.buffer, self.dtype, self.remarks = files, preparation, buffer, dtype, remarks
        self.boundaries: Array = np.concatenate([[0], np.cumsum(counts)])
        count = int(self.boundaries[-1])
        self.dropped: int = sum(part.rows for part in files.parts) - count
        self.X = Features(self, (count, len(preparation.feature_names)), dtype)
        self.groups = groups = RowGroups(files, preparation, dtype, 2 * buffer)
        self.y: Labels = Labels(self, (count, 1) if groups.regression else (count,), groups.labels_dtype)

    @property
    def target(self) -> Target:
        """The column to predict."""
        assert self.preparation.target is not None
        return self.preparation.target

    @property
    def task(self) -> Task:
        """The kind of target: "classification" or "regression"."""
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the labels 0, 1, …; empty for a regression."""
        return tuple(self.target.classes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks, the number of rows that are left out, and the columns that are left out without being asked for."""
        excluded = [each for each in self.preparation.excluded if each.name not in self.preparation.ignored]
        dropped = [f"{self.dropped:,} rows are left out: they have no {self.target.name!r}"] if self.dropped else []
        return (*self.remarks, *dropped, *(f"column {each.name!r} is left out: {each.reason}" for each in excluded))

    def __len__(self) -> int:
        return int(self.boundaries[-1])

    def __repr__(self) -> str:
        files = f"{len(self.files.paths):,} file{'s' * (len(self.files.paths) > 1)}"
        return (
            f"<Folder of {files}, {len(self):,} rows, {self.X.shape[1]} features: {self.task} of {self.target.name!r}>"
        )


def folder(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    ignore: Iterable[str] = (),
    use: Iterable[str] = (),
    task: Task | None = None,
    preparation: Preparation | None = None,
    buffer: int | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> Folder:
    """Open Parquet files that may be larger than memory, and learn how their columns become features and labels.

    One pass over the files learns the preparation as `table` does. The number of different texts, of missing values, the least and the
    largest number are those of all rows; medians are those of a sample of 100,000 rows, evenly spaced, or of fewer if there are more than 25 columns. ``fit(data.X, data.y, …)``
    then reads the row groups in a random order, and the rows of several of them, which are in memory together, are shuffled.

    Parameters
    ----------
    path : str or path
        A folder of files that end in .parquet or .pq and have the same columns, or one such file.
    target : str
        The column to predict. Rows where it is missing are left out.
    ignore, use, task, preparation
        As in `table`.
    buffer : int, optional
        The number of row groups that are in memory together; by default an even number of them, since two threads may
        read, that takes about 32 MiB, and at least 2. As many again are read ahead.
    dtype : dtype_like, optional
        float32 or float64: the type of the features.

    Raises
    ------
    OSError
        If the path does not exist or a file cannot be read.
    TypeError, ValueError
        If the columns of the files differ, a column does not exist, or there is nothing to learn; the message says where.
    ImportError
        If PyArrow is missing, which is in the extra ``whorl[tables]``.
    """
    files, kind = Files(path), validation.float_type("dtype", dtype)
    if not files.parts:
        raise ValueError(f"{files.title} has no rows")
    learned, counts, remarks = learn(files, target, ignore=ignore, use=use, task=task, preparation=preparation)
    files.return_memory()  # training needs less
    size = len(learned.feature_names) * kind.itemsize * max(part.rows for part in files.parts)
    if size > LARGE:
        remarks = (
            *remarks,
            f"row groups take up to {size / 2**20:,.0f} MiB each, of which four or more are in memory: a smaller row_group_size takes less",
        )
    together = max(2, BUFFER // max(1, size) // 2 * 2) if buffer is None else validation.integer("buffer", buffer)
    return Folder(files, learned, counts, together, kind, remarks)
