"""The preparation of a table: how its columns become features, learned from the training rows.

Letters: n rows, d features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl.tables.encoding import Category, Excluded, Number, choose_encoding, distinct_texts
from whorl.tables.frame import Frame
from whorl.tables.read import Source, Stray, column_names, read, settle_stray
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
    - Text, booleans and dates are encoded as in `Category`: one feature for each category. Categories of less than one in
      500 rows, or beyond the 50 most frequent ones, are combined into "other".
    - Constant columns are excluded, and so are identifiers: columns of text with more than 20 different values,
      different in more than 90 % of the rows.

    A preparation is saved with its model: its ``repr`` is the code that makes it. It needs NumPy alone.

    Parameters
    ----------
    columns : sequence of Number and Category
        The columns in use, in the order of their features.
    excluded : sequence of Excluded, optional
        The columns not in use, with the reasons.
    target : Target, optional
        The column to predict.

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

    columns: Sequence[Number | Category] = argument(
        _instances, kinds=(Number, Category), expected="a Number or a Category"
    )
    excluded: Sequence[Excluded] = argument(_instances, kinds=(Excluded,), expected="Excluded", default=())
    target: Target | None = argument(
        validation.instance, kind=Target, example='Target("price", "regression")', default=None
    )

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
        stray: Stray = "error",
    ) -> Preparation:
        """Learn the preparation from the training rows.

        The arguments and errors are those of `table`. The target, by name or as a `Target`, is not used as a feature.
        """
        frame = read(source)
        if isinstance(target, str):
            target = Target.learn(frame, target)
        ignore = column_names("ignore", ignore)
        frame.require(ignore, "ignore must name columns")
        if not isinstance(source, Frame):  # else it has been settled
            frame = settle_stray(frame, stray, [name for name in frame if name not in ignore])
        goal = target and target.name
        if goal in ignore:
            raise ValueError(f"ignore must not name the target, got {goal!r}")
        encodings = [
            Excluded(name, IGNORED) if name in ignore else choose_encoding(frame, name)
            for name in frame
            if name != goal
        ]
        used = [column for column in encodings if not isinstance(column, Excluded)]
        excluded = [column for column in encodings if isinstance(column, Excluded)]
        if not used:
            why = "; ".join(f"{column.name!r}: {column.reason}" for column in excluded[:20])
            raise ValueError(f"{frame.title} has no column to learn from ({why or 'the target is the only one'})")
        return cls(used, excluded, target)

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
        """The names of the columns whose values are text, the target among them if it has classes."""
        names = {column.name for column in self.columns if isinstance(column, Category)}
        return frozenset(names | ({self.target.name} if self.target and self.target.classes else set()))

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
            If a column does not exist, or holds text instead of numbers, or values other than true and false; the
            message says where.
        """
        frame = read(source, columns=columns, skip=skip, text=self.text_columns)
        frame.require(column.name for column in self.columns)
        return np.hstack([column.encode(frame) for column in self.columns])
