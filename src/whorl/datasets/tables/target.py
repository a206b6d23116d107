"""What a table's rows are to be told by: classes, or a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.datasets.tables.features import distinct, text
from whorl.datasets.tables.records import number
from whorl.datasets.tables.sheet import Sheet, spelled

Task: TypeAlias = Literal["classification", "regression"]

TASKS = ("classification", "regression")

FEW = 20
"""Whole numbers with at most so many different values are taken for classes, unless a task is named."""


@dataclass(frozen=True)
class Target:
    """The column to learn.

    Parameters
    ----------
    name : str
    task : {"classification", "regression"}
    classes : tuple of str
        Names of the labels 0, 1, …: text in alphabetical order, numbers by size, false before true. None in regression.
    """

    name: str
    task: Task
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        text("name", self.name)
        if self.task not in TASKS:
            raise ValueError(f"task must be 'classification' or 'regression', got {validation.show(self.task)}")
        object.__setattr__(self, "classes", distinct("classes", self.classes))
        if self.task == "classification" and len(self.classes) < 2:
            raise ValueError(f"classes must be at least 2, got {len(self.classes)}")
        if self.task == "regression" and self.classes:
            raise ValueError(f"classes are for classification, got {len(self.classes)} for a regression")

    @classmethod
    def learn(cls, sheet: Sheet, name: object, task: Task | None) -> Target:
        """Look at a column, and find out what there is to learn."""
        if not isinstance(name, str):
            raise TypeError(f"target must be a column's name, got {validation.show(name)}")
        if task not in (None, *TASKS):
            raise ValueError(f"task must be 'classification', 'regression' or None, got {validation.show(task)}")
        if name not in sheet.columns:
            raise ValueError(f"target must be a column of {sheet.title}, which has {', '.join(sheet)}, got {name!r}")
        names = _classes(sheet, name)
        if len(names) < 2:
            found = f"is always {names[0]!r}" if names else "has no values"
            raise ValueError(f"target {name!r} {found} in {sheet.title}: there is nothing to tell apart")
        if task is None:
            task = "classification" if sheet[name].kind != "number" or _few(sheet.numbers(name)) else "regression"
        if task == "regression":
            sheet.numbers(name)
        return cls(name, task, tuple(names) if task == "classification" else ())

    def encode(self, sheet: Sheet) -> Array:
        """Return the labels as int64 (n,), or the numbers as float64 (n, 1); no row may lack its own."""
        if self.task == "regression":
            return sheet.numbers(self.name)[:, None]
        values = sheet.texts(self.name)
        labels = {value: self._label(value) for value in set(values) if value is not None}
        for row, value in enumerate(values):
            if labels[str(value)] is None:
                raise ValueError(
                    f"{sheet.place(row, self.name)}: must be one of {validation.show(list(self.classes))}, got {validation.show(value)}"
                )
        return np.array([labels[str(value)] for value in values], np.int64)

    def describe(self) -> dict[str, Any]:
        """Return the target as plain data."""
        return {"name": self.name, "task": self.task, "classes": list(self.classes)}

    @classmethod
    def rebuild(cls, description: Any) -> Target:
        """Return what was described; raise ValueError if it does not fit."""
        if not isinstance(description, Mapping) or set(description) != {"name", "task", "classes"}:
            raise ValueError(f"target must have a name, a task and classes, got {validation.show(description)}")
        try:
            return cls(**description)
        except (TypeError, ValueError) as error:
            raise ValueError(f"target does not fit: {error}") from None

    def _label(self, value: str) -> int | None:
        """Return the number of a class: 1.0 and 1 are the same one, and so are True and true."""
        as_number = number(value)
        spellings = {value, value if as_number is None else spelled(as_number)}
        if self.classes == ("false", "true"):
            spellings.add(value.lower())
        return next((label for label, name in enumerate(self.classes) if name in spellings), None)


def _classes(sheet: Sheet, name: str) -> list[str]:
    kind = sheet[name].kind
    if kind == "number":
        values = np.unique(sheet.numbers(name))
        return [spelled(x) for x in values[~np.isnan(values)].tolist()]
    return sorted({value.lower() if kind == "boolean" else value for value in sheet.texts(name) if value is not None})


def _few(values: Array) -> bool:
    present = np.unique(values[~np.isnan(values)])
    return len(present) <= FEW and bool((present == np.floor(present)).all())
