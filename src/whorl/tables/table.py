"""A table ready for training: its rows as features and labels.

Letters: n rows, d features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core import html, randomness, text, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.tables.frame import Frame
from whorl.tables.preparation import Preparation
from whorl.tables.read import Source, Stray, check_columns, column_names, read, settle_stray, with_target
from whorl.tables.target import Target, Task


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows to train on.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        The features, named `preparation.feature_names`.
    y : ndarray
        Labels, int64 (n,), for classification; float64 (n, 1) for regression.
    preparation : Preparation
        How X and y were made.
    frame : Frame
        The n rows as they were read.
    dropped : int
        The number of rows that were dropped because their target is missing.
    """

    X: Array
    y: Array
    preparation: Preparation
    frame: Frame
    dropped: int = 0

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
    def remarks(self) -> tuple[str, ...]:
        """Remarks on what the reader left out, text that may be meant as numbers or dates, and rows without a target."""
        remarks = self.frame.remarks(self.preparation.ignored)
        if self.dropped:
            remarks.append(f"{self.dropped:,} rows are left out: they have no {self.target.name!r}")
        return tuple(remarks)

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks, and the columns that are left out without being asked for."""
        excluded = [column for column in self.preparation.excluded if column.name not in self.preparation.ignored]
        return (*self.remarks, *(f"column {column.name!r} is left out: {column.reason}" for column in excluded))

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        return f"<Table of {len(self):,} rows, {self.X.shape[1]} features: {self.task} of {self.target.name!r}>"

    def split(self, fraction: float = 0.2, *, rng: RNG = None, stratify: bool = True) -> tuple[Table, Table]:
        """Split the rows at random into training and test rows, and learn the preparation from the training rows alone.

        The kinds of the columns, the excluded columns and the classes are those of the whole table; medians and categories
        are learned again, so that nothing of the test rows leaks into training. The rows keep their order.

        Parameters
        ----------
        fraction : float, optional
            The fraction of test rows, above 0 and below 1.
        rng : int, Generator or None, optional
        stratify : bool, optional
            Whether to take the same fraction of each class, to within a row. No effect in a regression.

        Examples
        --------
        >>> houses = table({"rooms": [3, 4, 5, 6], "heating": ["gas", "oil", "gas", "oil"]}, target="heating")
        >>> train, test = houses.split(0.5, rng=0)
        >>> sorted(train.y.tolist()), sorted(test.y.tolist())
        ([0, 1], [0, 1])
        """
        fraction = validation.number("fraction", fraction, above=0, below=1)
        validation.truth("stratify", stratify)
        n = len(self)
        held_out = round(fraction * n)
        if not 0 < held_out < n:
            raise ValueError(f"fraction must leave rows on both sides, but {fraction} of {n} rows is {held_out}")
        classes = self.y if stratify and self.task == "classification" else None
        train, test = (
            self.frame.take(np.sort(rows))
            for rows in randomness.divide(n, held_out, randomness.generator(rng), classes)
        )
        preparation = self.preparation.relearn(train)
        return _table(train, preparation), _table(test, preparation)

    def summary(self) -> text.Table:
        """Return a text table of the columns: kind, number of missing values, and what the values are.

        Examples
        --------
        >>> table({"rooms": [3, 4, None], "heating": ["gas", "oil", "gas"]}, target="heating").summary()
        column   kind    missing
        rooms    number        1  3 to 4, median 3.5
        heating  target        0  2 classes: gas 2, oil 1
        3 rows, 2 features; classification
        """
        return text.Table(f"{text.align(self.preparation.describe(self.frame), right={2})}\n{self.caption}")

    def _repr_html_(self) -> str:
        """Show the summary in a notebook."""
        return html.table(self.preparation.describe(self.frame), {2}, caption=self.caption)

    @property
    def caption(self) -> str:
        """The line below the summary."""
        total = f"{len(self):,} rows, {self.X.shape[1]} features; {self.task}"
        return f"{total}; {self.dropped:,} more rows have no target" if self.dropped else total


def table(
    source: Source,
    target: Any = None,
    *,
    ignore: Iterable[str] = (),
    use: Iterable[str] = (),
    task: Task | None = None,
    columns: Sequence[str] | None = None,
    skip: int = 0,
    preparation: Preparation | None = None,
    stray: Stray = "error",
) -> Table:
    """Read a table and turn its columns into features and labels.

    `Preparation` describes how. It is learned from all the rows; use `Table.split` to learn it from training rows
    alone. White space around text is removed. An empty cell, ``?``, ``-``, ``NA``, ``N/A``, ``n.a.``, ``#N/A``, ``<NA>``,
    ``nan`` and ``null``, in capital or small letters, are missing values.

    Parameters
    ----------
    source : str, path, data frame or mapping
        A CSV file in UTF-8, delimited by commas, semicolons, tabs or ``|``; a Parquet file, if the name ends in
        ``.parquet`` or ``.pq``; a data frame of pandas, Polars or PyArrow; or a mapping from the name of a column to a
        list of values. Parquet files and data frames need the extra ``whorl[tables]``.
    target : str or sequence
        The column to predict, or its values: a series, an array or a list. Rows where it is missing are dropped.
    ignore : iterable of str, optional
        Columns to exclude.
    use : iterable of str, optional
        Columns to use even if they look like identifiers.
    task : {"classification", "regression"}, optional
        By default text and booleans are classes, and so are whole numbers with at most 20 different values; other
        numbers are a regression.
    columns : sequence of str, optional
        The names of the columns, for a CSV file without a header.
    skip : int, optional
        The number of lines to skip at the top of a CSV file.
    preparation : Preparation, optional
        The preparation of another table, to use for this one, instead of `target`, `ignore`, `use`, `task` and `stray`.
    stray : {"error", "missing", "category"}, optional
        What text is in a column where at least 90 % of the values are numbers, or all but up to three different texts, or are written like ``$3,000`` or ``12,5``: an error
        that names the cell, a missing value, or a category, with all numbers of the column. The preparation remembers it for new rows.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    TypeError, ValueError
        If the table is malformed, a column does not exist, or there is nothing to learn; the message says where.
    ImportError
        If a package of the extra is missing.

    Examples
    --------
    >>> houses = table({"rooms": [3, 4, None], "heating": ["gas", "oil", "gas"]}, target="heating")
    >>> houses.X
    array([[3. , 0. ],
           [4. , 0. ],
           [3.5, 1. ]])
    >>> houses.y, houses.classes
    (array([0, 1, 0]), ('gas', 'oil'))
    """
    if preparation is not None:
        validation.instance("preparation", preparation, Preparation, "table.preparation")
        if target is not None or task is not None or (*ignore, *use) or stray != "error":
            raise ValueError("preparation includes target, ignore, use, task and stray: leave them out")
        if preparation.target is None:
            raise ValueError("preparation must have a target, got one without")
        frame, goal = preparation.read(source, columns=columns, skip=skip), preparation.target
    else:
        frame = read(source, columns=columns, skip=skip)
        if isinstance(target, Iterable) and not isinstance(target, str | bytes):
            frame, target = with_target(frame, target)
        ignore, use = column_names("ignore", ignore), column_names("use", use)
        check_columns(frame, target, ignore=ignore, use=use)
        frame = settle_stray(frame, stray, [name for name in frame if name not in ignore])
        goal = Target.learn(frame, target, task)
    known = np.flatnonzero(~frame.missing(goal.name))
    if not len(known):
        raise ValueError(f"target {goal.name!r} has no values in {frame.title}")
    dropped = len(frame) - len(known)
    frame = frame.take(known) if dropped else frame
    if preparation is None:
        preparation = Preparation.learn(frame, goal, ignore=ignore, use=use, stray=stray)
    return _table(frame, preparation, dropped)


def _table(frame: Frame, preparation: Preparation, dropped: int = 0) -> Table:
    assert preparation.target is not None
    return Table(preparation.transform(frame), preparation.target.encode(frame), preparation, frame, dropped)
