"""The preparation of a table: how its columns become features, learned from the training rows.

Letters: n rows, d features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY
from typing import Any, get_args

import numpy as np

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl.tables.dates import Date
from whorl.tables.encoding import Category, Excluded, Number, distinct_texts
from whorl.tables.frame import Frame
from whorl.tables.kinds import Encoding, choose_encoding
from whorl.tables.read import Source, Stray, check_columns, column_names, read, settle_stray
from whorl.tables.target import Target

IGNORED = "ignored, as requested"
"""The reason to exclude a column of the argument `ignore`."""


def _instances(name: str, value: object, *, kinds: tuple[type, ...], expected: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list, got {validation.show(value)}")
    for i, item in enumerate(value):
        if not isinstance(item, kinds):
            raise TypeError(f"{name}[{i}] must be {expected}, got {validation.show(item)}")
    return tuple(value)


class Preparation(Description):
    """How the columns of a table become the features of a network.

    - A number is encoded as in `Number`: one feature, not scaled. A missing one is replaced by the median.
    - A date is encoded as in `Date`: the time in years, and the time of the year, the day of the week and the time of the day
      as sine and cosine, where the rows differ in them. All values of the column must be dates, in the one order of
      year, month and day that fits them all; a column of dates such as 03/04/2024 alone, which may be in March or in April, is text.
    - Text and booleans are encoded as in `Category`: one feature for each category. Categories of less than one in
      500 rows, or beyond the 50 most frequent ones, are combined into "other".
    - Constant columns are excluded, and so are columns that look like identifiers, unless `learn` is told to `use` them: text with
      more than 20 different values, more than 90 % of the number of values or 70 % of the number of rows; and more than 20 whole
      numbers, all different, if the name of the column ends in a word such as ``id``, ``index``, ``key`` or ``number``, or begins
      with ``Unnamed:``.

    A preparation is saved with its model: its ``repr`` is the code that makes it. It needs NumPy alone.

    Parameters
    ----------
    columns : sequence of Number, Date and Category
        The columns in use, in the order of their features.
    excluded : sequence of Excluded, optional
        The columns not in use, with the reasons.
    target : Target, optional
        The column to predict.
    stray : {"error", "missing", "category"}, optional
        What `table` was told of text in columns of numbers. With "missing", it is missing in new rows too; else it is an error.

    Examples
    --------
    >>> preparation = Preparation.learn({"rooms": [3, None, 5], "heating": ["gas", "gas", "oil"]})
    >>> preparation
    Preparation((Number('rooms', 4.0, missing=True), Category('heating', ('gas', 'oil'))))
    >>> preparation.feature_names
    ('rooms', 'rooms (missing)', 'heating=gas', 'heating=oil')
    >>> preparation.transform({"heating": ["oil", "coal"], "rooms": [2, None]})
    array([[2., 0., 0., 1.],
           [4., 1., 0., 0.]])
    """

    columns: Sequence[Encoding] = argument(
        _instances, kinds=(Number, Date, Category), expected="a Number, a Date or a Category"
    )
    excluded: Sequence[Excluded] = argument(_instances, kinds=(Excluded,), expected="Excluded", default=())
    target: Target | None = argument(
        validation.instance, kind=Target, example='Target("price", "regression")', default=None
    )
    _: KW_ONLY
    stray: Stray = argument(validation.choice, choices=get_args(Stray), default="error")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.columns:
            raise ValueError("columns must hold at least one column, got none")
        names = [column.name for column in (*self.columns, *self.excluded)]
        distinct_texts("names of columns", names + ([self.target.name] if self.target else []))

    @classmethod
    def learn(
        cls,
        source: Source,
        target: str | Target | None = None,
        *,
        ignore: Iterable[str] = (),
        use: Iterable[str] = (),
        stray: Stray = "error",
    ) -> Preparation:
        """Learn the preparation from the training rows.

        The arguments and errors are those of `table`. The target, by name or as a `Target`, is not used as a feature.
        """
        frame = read(source)
        ignore, use = column_names("ignore", ignore), column_names("use", use)
        goal = target.name if isinstance(target, Target) else target
        check_columns(frame, goal, ignore=ignore, use=use)
        if not isinstance(source, Frame):  # else it has been settled
            frame = settle_stray(frame, stray, [name for name in frame if name not in ignore])
        if isinstance(target, str):
            target = Target.learn(frame, target)
        encodings: list[Encoding | Excluded] = [
            Excluded(name, IGNORED) if name in ignore else choose_encoding(frame, name, use=name in use)
            for name in frame
            if name != goal
        ]
        return cls._of(frame, encodings, target, stray)

    def relearn(self, frame: Frame) -> Preparation:
        """Learn the preparation again, from other training rows.

        The columns keep their kinds, and those that are excluded remain so, for the same reasons. Medians, categories and cycles are
        learned; a column that is constant in these rows is excluded.
        """
        encodings = [column.relearn(frame) for column in (*self.excluded, *self.columns)]
        return self._of(frame, encodings, self.target, self.stray)

    @classmethod
    def _of(
        cls, frame: Frame, columns: Sequence[Encoding | Excluded], target: Target | None, stray: Stray
    ) -> Preparation:
        """Return the preparation with these columns, of which at least one must be in use."""
        used = [column for column in columns if not isinstance(column, Excluded)]
        excluded = [column for column in columns if isinstance(column, Excluded)]
        if not used:
            why = "; ".join(f"{column.name!r}: {column.reason}" for column in excluded[:20])
            raise ValueError(f"{frame.title} has no column to learn from ({why or 'the target is the only one'})")
        return cls(used, excluded, target, stray=stray)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the d features."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The names of the columns that were excluded on request."""
        return tuple(column.name for column in self.excluded if column.reason == IGNORED)

    @property
    def text_columns(self) -> frozenset[str]:
        """The names of the columns whose values are text or dates, the target among them if it has classes."""
        names = {column.name for column in self.columns if not isinstance(column, Number)}
        return frozenset(names | ({self.target.name} if self.target and self.target.classes else set()))

    def read(self, source: Source, *, columns: Sequence[str] | None = None, skip: int = 0) -> Frame:
        """Return new rows as `transform` uses them: what was text in the training rows is not read as numbers.

        The arguments are those of `transform`.
        """
        frame = read(source, columns=columns, skip=skip, text=self.text_columns)
        known = {column.name for column in (*self.columns, *([self.target] if self.target else []))}
        for name in frame:
            if self.stray == "missing" and name in known - self.text_columns and not frame.is_number(name):
                frame = frame.without_stray_text(name)
        return frame

    def transform(self, source: Source, *, columns: Sequence[str] | None = None, skip: int = 0) -> Array:
        """Return the features of new rows, float64 (n, d).

        Parameters
        ----------
        source : str, path, data frame or mapping
            Must have all the columns in use, in any order; other columns are ignored.
        columns, skip
            As in `table`.

        Raises
        ------
        ValueError
            If a column does not exist, or holds text instead of numbers or dates, or values other than true and false; the
            message says where.
        """
        frame = self.read(source, columns=columns, skip=skip)
        frame.require(column.name for column in self.columns)
        return np.hstack([column.encode(frame) for column in self.columns])

    def describe(self, frame: Frame) -> list[list[str]]:
        """Return the cells of a table of the columns of a frame: name, kind, number of missing values, and what they are.

        The first row is the heading.
        """
        known = {each.name: each for each in (*self.columns, *self.excluded, *([self.target] if self.target else []))}
        rows = [["column", "kind", "missing", ""]]
        for name in frame:
            column = known.get(name) or Excluded(name, "not a column of the preparation")
            rows.append([name, column.kind, f"{frame.missing(name).sum():,}", column.describe(frame)])
        return rows
