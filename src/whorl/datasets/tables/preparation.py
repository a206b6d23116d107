"""What was learnt about a table's columns, so that new rows become numbers in the very same way.

Letters: n rows, d features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.datasets.tables import features
from whorl.datasets.tables.features import Category, Number
from whorl.datasets.tables.sources import Source, read, strings
from whorl.datasets.tables.target import Target

IGNORED = "ignored, as asked"
"""Why a column is left out, if somebody wished so."""


@dataclass(frozen=True)
class Preparation:
    """How a table's columns become the numbers that a network takes.

    - A number stays a number: nothing is scaled here. Where it is missing stands the median of the training rows, and if
      any was missing there, a second feature says where (1) and where not (0).
    - Text is a category, and so are booleans and dates: one feature for each category, 1 or 0. A category of less than
      one in 500 rows, or beyond the 50 commonest of its column, counts as "other"; a missing one is a category of its own.
    - Left out are columns that are always the same, and columns of text that has more than 20 different values, and
      different ones in more than 90 % of the rows: those are names.

    In new rows, a category that the training rows did not have counts as "other" too; where they had no others, all the
    features of the column are 0, and so for a missing category where none was missing.

    Parameters
    ----------
    columns : sequence of Number and Category
        The columns that are used, in the order of their features.
    left_out : mapping from str to str, optional
        The columns that are not, and why.
    target : Target, optional
        What is to be learnt.

    Examples
    --------
    >>> preparation = Preparation.learn({"rooms": [3, None, 5], "heating": ["gas", "gas", "oil"]})
    >>> preparation.names
    ('rooms', 'rooms (missing)', 'heating=gas', 'heating=oil')
    >>> preparation.transform({"heating": ["oil", "coal"], "rooms": [2, None]})
    array([[2., 0., 0., 1.],
           [4., 1., 0., 0.]])
    """

    columns: tuple[Number | Category, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    target: Target | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        for i, column in enumerate(self.columns):
            if not isinstance(column, Number | Category):
                raise TypeError(f"columns[{i}] must be a Number or a Category, got {validation.show(column)}")
        if not self.columns:
            raise ValueError("columns must hold at least one column, got none")
        if self.target is not None:
            validation.instance("target", self.target, Target, 'Target("price", "regression")')
        names = [column.name for column in self.columns] + ([self.target.name] if self.target else [])
        features.distinct("columns and target", [*names, *self.left_out])

    @classmethod
    def learn(cls, source: Source, target: str | Target | None = None, *, ignore: Iterable[str] = ()) -> Preparation:
        """Look at the rows of a table, which should be those to train on, and decide how each column becomes numbers.

        Parameters
        ----------
        source : str, path, data frame or mapping
            As for `table`.
        target : str or Target, optional
            The column to learn, which is then not among the features.
        ignore : iterable of str, optional
            Columns to leave out.

        Raises
        ------
        ValueError
            If there is no such column, or none is left.
        """
        sheet = read(source)
        target = Target.learn(sheet, target, None) if isinstance(target, str) else target
        ignore = strings("ignore", ignore)
        for name in ignore:
            if name not in sheet.columns:
                raise ValueError(
                    f"ignore must name columns of {sheet.title}, which has {', '.join(sheet)}, got {name!r}"
                )
            if target and name == target.name:
                raise ValueError(f"ignore must not name the target, got {name!r}")
        used: list[Number | Category] = []
        left_out = {}
        for name in sheet:
            if target and name == target.name:
                continue
            found = IGNORED if name in ignore else features.learn(sheet, name)
            if isinstance(found, str):
                left_out[name] = found
            else:
                used.append(found)
        if not used:
            why = "; ".join(f"{name!r}: {reason}" for name, reason in left_out.items())
            raise ValueError(f"{sheet.title} has no column to learn from ({why or 'the target is the only one'})")
        return cls(tuple(used), left_out, target)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the d features."""
        return tuple(name for column in self.columns for name in column.names)

    def transform(self, source: Source, *, columns: Sequence[str] | None = None, skip: int = 0) -> Array:
        """Turn new rows into numbers, as the training rows were.

        Parameters
        ----------
        source : str, path, data frame or mapping
            The order of its columns does not matter, and those that are not needed may be missing or any.
        columns, skip
            As for `table`.

        Returns
        -------
        ndarray of float64, shape (n, d)

        Raises
        ------
        ValueError
            If a column is missing, or has text where the training rows had numbers, or something else where they had true
            and false. The message says where.
        """
        sheet = read(source, columns=columns, skip=skip)
        sheet.need(column.name for column in self.columns)
        return np.concatenate([column.encode(sheet) for column in self.columns], axis=1)

    def describe(self) -> dict[str, Any]:
        """Return all that was learnt as plain data, for a file: dicts, lists, text, numbers and truth values.

        Examples
        --------
        >>> Preparation.learn({"rooms": [3, 5]}).describe()
        {'columns': [{'is': 'Number', 'name': 'rooms', 'fill': 4.0, 'gaps': False}], 'left_out': {}, 'target': None}
        """
        return {
            "columns": [features.describe(column) for column in self.columns],
            "left_out": dict(self.left_out),
            "target": self.target and self.target.describe(),
        }

    @classmethod
    def rebuild(cls, description: Any) -> Preparation:
        """Return the preparation that was described. Nothing in a description is ever run.

        Raises
        ------
        ValueError
            If the description is not that of a preparation; the message says what does not fit.

        Examples
        --------
        >>> preparation = Preparation.learn({"rooms": [3, 5]})
        >>> Preparation.rebuild(preparation.describe()) == preparation
        True
        """
        if not isinstance(description, Mapping) or set(description) != {"columns", "left_out", "target"}:
            raise ValueError(
                f"a preparation must have columns, left_out and target, got {validation.show(description)}"
            )
        columns, left_out, target = description["columns"], description["left_out"], description["target"]
        if not isinstance(columns, list) or not columns:
            raise ValueError(f"columns must be a list that is not empty, got {validation.show(columns)}")
        if not isinstance(left_out, dict) or not all(
            isinstance(item, str) for pair in left_out.items() for item in pair
        ):
            raise ValueError(f"left_out must give each column a reason, got {validation.show(left_out)}")
        rebuilt = tuple(features.rebuild(f"columns[{i}]", column) for i, column in enumerate(columns))
        return cls(rebuilt, dict(left_out), None if target is None else Target.rebuild(target))
