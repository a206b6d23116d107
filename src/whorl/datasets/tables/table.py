"""A table of rows to learn from: read, understood, and turned into numbers.

Letters: n rows, d features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from whorl._core import randomness, validation
from whorl._core import text as layout
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.datasets.tables.preparation import IGNORED, Preparation
from whorl.datasets.tables.sheet import Sheet
from whorl.datasets.tables.sources import Source, read
from whorl.datasets.tables.summary import summary
from whorl.datasets.tables.target import Target, Task


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows to learn from.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        The features, under the names `preparation.names`.
    y : ndarray
        Labels, int64 (n,), in a classification; float64 (n, 1) in a regression.
    preparation : Preparation
        How they were made, and how new rows are.
    dropped : int
        Rows that were left out, because nobody knows their target.
    sheet : Sheet
        The n rows as they were read.
    """

    X: Array
    y: Array
    preparation: Preparation
    dropped: int = 0
    sheet: Sheet = field(kw_only=True)

    @property
    def target(self) -> Target:
        """The column to learn."""
        assert self.preparation.target is not None
        return self.preparation.target

    @property
    def task(self) -> Task:
        """What is to be learnt: "classification" or "regression"."""
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the labels 0, 1, …; none in a regression."""
        return self.target.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know: the columns that were left out unasked, and why."""
        left_out = [(name, why) for name, why in self.preparation.left_out.items() if why != IGNORED]
        return self.sheet.notes + tuple(f"column {name!r} is left out: {why}" for name, why in left_out)

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        return f"<Table of {len(self):,} rows, {self.X.shape[1]} features: {self.task} of {self.target.name!r}>"

    def split(self, fraction: float = 0.2, *, rng: RNG = None, stratify: bool = True) -> tuple[Table, Table]:
        """Set a part of the rows aside, and learn the preparation from the others alone, so that nothing leaks.

        What kind a column is, and the classes, are those of the whole table; medians, categories, and which columns are
        of use are learnt anew. The rows keep their order.

        Parameters
        ----------
        fraction : float, optional
            Part of the rows to set aside, above 0 and below 1.
        rng : int, Generator or None, optional
        stratify : bool, optional
            Whether each class has the same part set aside, to within a row. A regression has no classes.

        Returns
        -------
        train, test : Table
            Both with the preparation learnt from `train`.

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
        stay, aside = randomness.divide(n, held_out, randomness.generator(rng), classes)
        ignore = [name for name, why in self.preparation.left_out.items() if why == IGNORED]
        sheet = self.sheet.take(np.sort(stay))
        preparation = Preparation.learn(sheet, self.target, ignore=ignore)
        return _table(sheet, preparation), _table(self.sheet.take(np.sort(aside)), preparation)

    def summary(self) -> layout.Table:
        """Return a table of the columns: what kind each is, how many values are missing, what they are.

        Examples
        --------
        >>> table({"rooms": [3, 4, None], "heating": ["gas", "oil", "gas"]}, target="heating").summary()
        column   kind    missing
        rooms    number        1  3 to 4, median 3.5
        heating  target        0  2 classes: gas 2, oil 1
        3 rows, 2 features; classification
        """
        return summary(self.sheet, self.preparation, self.dropped)


def table(
    source: Source,
    target: str | None = None,
    *,
    ignore: Iterable[str] = (),
    task: Task | None = None,
    columns: Sequence[str] | None = None,
    skip: int = 0,
    preparation: Preparation | None = None,
) -> Table:
    """Read a table, find out what its columns are, and turn it into numbers to learn from.

    `Preparation` says how each column becomes numbers. It is learnt from all the rows; `Table.split` learns it from the
    training rows alone. Text is read without the blanks around it; none, ``?``, ``NA``, ``N/A``, ``nan`` and ``null``, in
    capital or small letters, stand for a missing value.

    Parameters
    ----------
    source : str, path, data frame or mapping
        A CSV file, in UTF-8, separated by commas, semicolons, tabs or ``|``; a Parquet file, if the name ends in
        ``.parquet`` or ``.pq``; a data frame of pandas, Polars, PyArrow; or a mapping from a column's name to a list of
        values. Parquet and data frames need the extra: ``pip install 'whorl[tables]'``.
    target : str
        The column to learn. Rows where it is missing are left out.
    ignore : iterable of str, optional
        Columns to leave out.
    task : {"classification", "regression"}, optional
        If none is named, text and booleans are classes, and so are whole numbers with at most 20 different values; all
        other numbers are a regression.
    columns : sequence of str, optional
        Names for the columns of a CSV file that has no line of names.
    skip : int, optional
        Lines to leave out at the top of a CSV file.
    preparation : Preparation, optional
        What was learnt from another table, whose target and features this one then has: it says what `target`, `ignore`
        and `task` would.

    Returns
    -------
    Table

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    TypeError, ValueError
        If the table is damaged, or has no such column, or nothing to learn; the message says where.
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
    sheet = read(source, columns=columns, skip=skip)
    if preparation is None:
        goal = Target.learn(sheet, target, task)
    else:
        validation.instance("preparation", preparation, Preparation, "table.preparation")
        if target is not None or task is not None or tuple(ignore):
            raise ValueError("preparation says what target, ignore and task are: leave them out beside it")
        if preparation.target is None:
            raise ValueError("preparation must have been learnt with a target, got one without")
        goal = preparation.target
    known = np.flatnonzero(~sheet.missing(goal.name))
    if not len(known):
        raise ValueError(f"target {goal.name!r} has no values in {sheet.title}")
    dropped = len(sheet) - len(known)
    sheet = sheet.take(known) if dropped else sheet
    return _table(sheet, preparation or Preparation.learn(sheet, goal, ignore=ignore), dropped)


def _table(sheet: Sheet, preparation: Preparation, dropped: int = 0) -> Table:
    assert preparation.target is not None
    return Table(preparation.transform(sheet), preparation.target.encode(sheet), preparation, dropped, sheet=sheet)
