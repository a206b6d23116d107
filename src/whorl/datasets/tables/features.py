"""How one column becomes numbers: as it is, or as one number for each category. Learnt from the training rows.

Letters: n rows, k categories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.datasets.tables.sheet import Sheet

COMMON = 500
"""A category is one of its own if at least one row in so many has it; the others go together into one."""
MOST = 50
"""Categories that a column has at most, the commonest ones; the others go together into one."""
DISTINCT = 20
"""Text with more different values than this, and nearly as many as rows, names the rows and says nothing of others."""
NEARLY = 0.9


@dataclass(frozen=True)
class Number:
    """A column of numbers: it stays what it is, and may get a second column that says where it was missing.

    Parameters
    ----------
    name : str
    fill : float
        Stands where there is no number: the median of the training rows.
    gaps : bool
        Whether a number was missing in the training rows; then a 1 in the second column says so, and a 0 that not.

    Examples
    --------
    >>> from whorl.datasets.tables.sources import read
    >>> Number("age", fill=30.0, gaps=True).encode(read({"age": [22, None]}))
    array([[22.,  0.],
           [30.,  1.]])
    """

    name: str
    fill: float
    gaps: bool
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        text("name", self.name)
        object.__setattr__(self, "fill", validation.number("fill", self.fill))
        validation.truth("gaps", self.gaps)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what comes out."""
        return (self.name, f"{self.name} (missing)") if self.gaps else (self.name,)

    def encode(self, sheet: Sheet) -> Array:
        """Return the column as numbers, (n, 1) or (n, 2)."""
        values = sheet.numbers(self.name)
        missing = np.isnan(values)
        filled = np.where(missing, self.fill, values)
        return np.column_stack([filled, missing] if self.gaps else [filled])


@dataclass(frozen=True)
class Category:
    """A column of text or booleans: one number for each category, 1 for the one it is and 0 for the others.

    A category that the training rows did not have counts as one of the others; if they had no others, all numbers are 0.
    The same holds for a missing value.

    Parameters
    ----------
    name : str
    categories : tuple of str
        Those with a number of their own, in alphabetical order.
    other : bool
        Whether the training rows had others, which were too rare.
    missing : bool
        Whether a value was missing in the training rows; it is a category then.
    boolean : bool
        Whether they are true and false; then capital and small letters are the same, and anything else is refused.

    Examples
    --------
    >>> from whorl.datasets.tables.sources import read
    >>> colour = Category("colour", ("green", "red"), other=True, missing=False)
    >>> colour.names
    ('colour=green', 'colour=red', 'colour (other)')
    >>> colour.encode(read({"colour": ["red", "ochre", None]}))
    array([[0., 1., 0.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """

    name: str
    categories: tuple[str, ...]
    other: bool
    missing: bool
    boolean: bool = False
    kind: ClassVar[str] = "category"

    def __post_init__(self) -> None:
        text("name", self.name)
        object.__setattr__(self, "categories", distinct("categories", self.categories))
        if not 1 <= len(self.categories) <= MOST:
            raise ValueError(f"categories must be 1 to {MOST}, got {len(self.categories)}")
        for name in ("other", "missing", "boolean"):
            validation.truth(name, getattr(self, name))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what comes out."""
        own = [f"{self.name}={category}" for category in self.categories]
        return (*own, *[f"{self.name} (other)"] * self.other, *[f"{self.name} (missing)"] * self.missing)

    def encode(self, sheet: Sheet) -> Array:
        """Return the column as numbers, (n, k), k counting the others and the missing ones where there were any."""
        k = len(self.categories)
        place = {category: i for i, category in enumerate(self.categories)}
        values = sheet.texts(self.name)
        if self.boolean:
            values = [self._truth(sheet, row, value) for row, value in enumerate(values)]
        unknown, gap = k if self.other else -1, k + self.other if self.missing else -1
        codes = np.array([gap if value is None else place.get(value, unknown) for value in values])  # (n,)
        encoded = np.zeros((len(codes), k + self.other + self.missing))
        known = np.flatnonzero(codes >= 0)
        encoded[known, codes[known]] = 1
        return encoded

    def _truth(self, sheet: Sheet, row: int, value: str | None) -> str | None:
        lower = value and value.lower()
        if lower not in {None, "true", "false"}:
            raise ValueError(f"{sheet.place(row, self.name)}: must be true or false, got {validation.show(value)}")
        return lower


Feature = Number | Category
KNOWN: dict[str, type[Number | Category]] = {"Number": Number, "Category": Category}
"""What a description may name."""


def learn(sheet: Sheet, name: str) -> Feature | str:
    """Return how to encode a column, or why it is of no use."""
    missing = sheet.missing(name)
    if missing.all():
        return "it has no values"
    gaps = bool(missing.any())
    return _number(sheet, name, gaps=gaps) if sheet[name].kind == "number" else _category(sheet, name, gaps=gaps)


def _number(sheet: Sheet, name: str, *, gaps: bool) -> Number | str:
    values = sheet.numbers(name)
    present = values[~np.isnan(values)]
    if not gaps and present.min() == present.max():
        return f"it is always {present[0]:g}"
    return Number(name, float(np.median(present)), gaps)


def _category(sheet: Sheet, name: str, *, gaps: bool) -> Category | str:
    boolean = sheet[name].kind == "boolean"
    counts = Counter(value.lower() if boolean else value for value in sheet.texts(name) if value is not None)
    if not gaps and len(counts) == 1:
        return f"it is always {validation.show(*counts)}"
    if len(counts) > DISTINCT and len(counts) > NEARLY * counts.total():
        return (
            f"its {counts.total()} texts have {len(counts)} different values, which name the rows and tell nothing else"
        )
    enough = len(sheet) / COMMON
    common = sorted((value for value in counts if counts[value] >= enough), key=lambda value: (-counts[value], value))
    if not common:
        return f"none of its {len(counts)} different values is found in one of {COMMON} rows"
    kept = tuple(sorted(common[:MOST]))
    return Category(name, kept, other=len(kept) < len(counts), missing=gaps, boolean=boolean)


def describe(feature: Feature) -> dict[str, Any]:
    """Return a feature as plain data, which JSON can write.

    Examples
    --------
    >>> describe(Number("age", 30.0, gaps=False))
    {'is': 'Number', 'name': 'age', 'fill': 30.0, 'gaps': False}
    """
    return {"is": type(feature).__name__} | {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(feature).items()
    }


def rebuild(place: str, description: Any) -> Feature:
    """Return what was described at that place; raise ValueError if it does not fit."""
    kind = KNOWN.get(str(description.get("is"))) if isinstance(description, Mapping) else None
    if kind is None:
        raise ValueError(f"{place} must be one of {', '.join(KNOWN)}, got {validation.show(description)}")
    arguments = {name: value for name, value in description.items() if name != "is"}
    expected = {each.name for each in fields(kind)}
    if set(arguments) != expected:
        raise ValueError(f"{place}, a {kind.__name__}, must have {sorted(expected)}, got {sorted(map(str, arguments))}")
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}, a {kind.__name__}, does not fit: {error}") from None


def text(name: str, value: object) -> str:
    """Return `value` if it is text with something in it."""
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} must be text, got {validation.show(value)}")
    return value


def distinct(name: str, value: object) -> tuple[str, ...]:
    """Return a list of different texts as a tuple."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list of texts, got {validation.show(value)}")
    texts = tuple(text(f"{name}[{i}]", item) for i, item in enumerate(value))
    if len(set(texts)) < len(texts):
        raise ValueError(f"{name} must hold each text once, got {validation.show(value)}")
    return texts
