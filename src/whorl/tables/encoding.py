"""The encoding of one column: a number as it is, a category as one feature for each of its values.

Letters: n rows, k features.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl.tables.frame import BOOLEANS, Frame

RARE = 500
"""Categories of less than one in so many rows are combined."""
STEPS = 100
"""The fewest steps of float32 in a standard deviation."""
MOST = 50
"""The largest number of categories of a column; the less frequent ones are combined."""


def text(name: str, value: object) -> str:
    """Return `value` if it is text and not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} must be text, got {validation.show(value)}")
    return value


def distinct_texts(name: str, value: object) -> tuple[str, ...]:
    """Return a list of different texts as a tuple."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list of texts, got {validation.show(value)}")
    texts = tuple(text(f"{name}[{i}]", item) for i, item in enumerate(value))
    if len(set(texts)) < len(texts):
        raise ValueError(f"{name} must be different, got {validation.show(value)}")
    return texts


def _categories(name: str, value: object) -> tuple[str, ...]:
    categories = distinct_texts(name, value)
    if not 1 <= len(categories) <= MOST:
        raise ValueError(f"{name} must be 1 to {MOST}, got {len(categories)}")
    return categories


def unresolved(x: Array) -> Any:
    """Whether each column of numbers (n, …) is so large beside its differences that float32 can hardly tell its values apart.

    That is, whether its standard deviation has fewer than `STEPS` steps of float32. A constant has no differences to lose.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        size, deviation = np.abs(x).max(axis=0), x.std(axis=0, dtype=np.float64)
        step = np.spacing(np.minimum(size, np.finfo(np.float32).max).astype(np.float32))
        return (deviation > 0) & (STEPS * step > deviation)


class Number(Description):
    """A column of numbers: one feature, not scaled, and a second one if values were missing.

    Parameters
    ----------
    name : str
    fill : float
        Replaces a missing number: the median of the training rows.
    missing : bool
        Whether numbers were missing in the training rows. If so, a second feature is 1 where they are and 0 elsewhere.
    offset : float
        Subtracted from all numbers: the median, if the numbers are so large beside their differences that float32 could hardly tell them
        apart, such as seconds since 1970; else 0.

    Examples
    --------
    >>> from whorl.tables import read
    >>> Number("age", 30.0, missing=True).encode(read({"age": [22, None]}))
    array([[22.,  0.],
           [30.,  1.]])
    """

    kind: ClassVar[str] = "number"
    name: str = argument(text)
    fill: float = argument(validation.number)
    _: KW_ONLY
    missing: bool = argument(validation.truth, default=False)
    offset: float = argument(validation.number, default=0.0)

    @classmethod
    def learn(cls, frame: Frame, name: str) -> Number | Excluded:
        """Learn the encoding from the training rows."""
        gaps = frame.missing(name)
        if gaps.all():
            return Excluded.empty(name)
        present = frame.numbers(name)[~gaps]
        if not gaps.any() and present.min() == present.max():
            return Excluded.constant(name, f"{present[0]:g}")
        median = float(np.median(present))
        offset = median if unresolved(present) else 0.0
        return cls(name, median, missing=bool(gaps.any()), offset=offset)

    def relearn(self, frame: Frame) -> Number | Excluded:
        """Learn the encoding again, from other rows."""
        return self.learn(frame, self.name)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features."""
        return (self.name, f"{self.name} (missing)") if self.missing else (self.name,)

    def encode(self, frame: Frame) -> Array:
        """Return the features of the column, (n, k)."""
        values = frame.numbers(self.name)
        missing = np.isnan(values)
        values = np.where(missing, self.fill, values) - self.offset
        return np.column_stack([values, missing]) if self.missing else values[:, None]

    def describe(self, frame: Frame) -> str:
        """Return what the values are, for the summary of a table."""
        return frame.span(self.name)


class Category(Description):
    """A column of text or booleans: one feature for each category, 1 in the rows of that category, else 0.

    A category that was not in the training rows is encoded as "other", if the training rows had rare categories that
    were combined into it; else all features are 0. All are 0 also for a missing value, if none was missing in the
    training rows. If the categories are true and false, the values may be in capital letters, and any other value is an
    error.

    Parameters
    ----------
    name : str
    categories : sequence of str
        In alphabetical order.
    other : bool
        Whether rare categories are combined into one more feature.
    missing : bool
        Whether values were missing in the training rows; if so, that is one more category.

    Examples
    --------
    >>> from whorl.tables import read
    >>> colour = Category("colour", ["green", "red"], other=True)
    >>> colour.feature_names
    ('colour=green', 'colour=red', 'colour (other)')
    >>> colour.encode(read({"colour": ["red", "ochre", None]}))
    array([[0., 1., 0.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """

    kind: ClassVar[str] = "category"
    name: str = argument(text)
    categories: Sequence[str] = argument(_categories)
    _: KW_ONLY
    other: bool = argument(validation.truth, default=False)
    missing: bool = argument(validation.truth, default=False)

    @classmethod
    def learn(cls, frame: Frame, name: str) -> Category | Excluded:
        """Learn the encoding from the training rows."""
        counts, missing = frame.counts(name), bool(frame.missing(name).any())
        if not counts:
            return Excluded.empty(name)
        if not missing and len(counts) == 1:
            return Excluded.constant(name, validation.show(*counts))
        frequent = sorted(counts, key=lambda value: (-counts[value], value))[:MOST]
        enough = 0 if BOOLEANS.issuperset(counts) else frame.counted(name) / RARE
        kept = sorted(value for value in frequent if counts[value] >= enough)
        if not kept:
            return Excluded(name, f"none of its {len(counts):,} different values is in at least one of {RARE} rows")
        return cls(name, kept, other=len(kept) < len(counts), missing=missing)

    def relearn(self, frame: Frame) -> Category | Excluded:
        """Learn the encoding again, from other rows."""
        return self.learn(frame, self.name)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features."""
        own = [f"{self.name}={category}" for category in self.categories]
        return (*own, *[f"{self.name} (other)"] * self.other, *[f"{self.name} (missing)"] * self.missing)

    def encode(self, frame: Frame) -> Array:
        """Return the features of the column, (n, k)."""
        k = len(self.categories)
        position: dict[str | None, int] = {category: i for i, category in enumerate(self.categories)}
        other = k if self.other else -1
        position[None] = k + self.other if self.missing else -1
        values = frame.texts(self.name)
        if BOOLEANS.issuperset(self.categories) and not self.other:
            values = [value and value.lower() for value in values]
            for row, value in enumerate(values):
                if value is not None and value not in BOOLEANS:
                    raise frame.error(row, self.name, "true or false", value)
        codes = np.array([position.get(value, other) for value in values])  # (n,)
        known = np.flatnonzero(codes >= 0)
        encoded = np.zeros((len(codes), k + self.other + self.missing))
        encoded[known, codes[known]] = 1
        return encoded

    def unseen(self, frame: Frame) -> dict[str, int]:
        """Return the categories in new rows that were not in the training rows, with their numbers of rows."""
        known = {*self.categories, None}
        values = frame.texts(self.name)
        if BOOLEANS.issuperset(self.categories):
            values = [value and value.lower() for value in values]
        return dict(Counter(value for value in values if value is not None and value not in known))

    def describe(self, frame: Frame) -> str:
        """Return the first categories, for the summary of a table."""
        return f"{len(self.categories)}{' and others' if self.other else ''}: {first_of(self.categories)}"


class Excluded(Description):
    """A column that is not used, and the reason."""

    kind: ClassVar[str] = "left out"
    name: str = argument(text)
    reason: str = argument(text)

    @classmethod
    def empty(cls, name: str) -> Excluded:
        """Return the exclusion of a column without values."""
        return cls(name, "it has no values")

    @classmethod
    def constant(cls, name: str, value: str) -> Excluded:
        """Return the exclusion of a column that has the same value in all rows."""
        return cls(name, f"it is always {value}")

    def relearn(self, frame: Frame) -> Excluded:
        """Return the column itself: it remains excluded, for the same reason."""
        return self

    def describe(self, frame: Frame) -> str:
        """Return the reason, for the summary of a table."""
        return self.reason


def first_of(names: Sequence[str]) -> str:
    """Write the first five names, for the summary of a table."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
