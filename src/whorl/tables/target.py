"""The column to predict: classes, or a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.hints import did_you_mean
from whorl._core.types import Array
from whorl.tables.encoding import distinct_texts, is_identifier, text
from whorl.tables.frame import Frame, number, spelled

Task: TypeAlias = Literal["classification", "regression"]

FEW = 20
"""Whole numbers are classes by default if there are at most so many different ones."""


def _task(name: str, value: object) -> Task:
    if value not in ("classification", "regression"):
        raise ValueError(f"{name} must be 'classification' or 'regression', got {validation.show(value)}")
    return value


class Target(Description):
    """The column to predict.

    Parameters
    ----------
    name : str
    task : {"classification", "regression"}
    classes : sequence of str, optional
        The names of the labels 0, 1, …, if the task is classification.

    Examples
    --------
    >>> Target("heating", "classification", ["gas", "oil"])
    Target('heating', 'classification', ('gas', 'oil'))
    """

    name: str = argument(text)
    task: Task = argument(_task)
    classes: Sequence[str] = argument(distinct_texts, default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.task == "classification" and len(self.classes) < 2:
            raise ValueError(f"classes must be at least 2, got {len(self.classes)}")
        if self.task == "regression" and self.classes:
            raise ValueError(f"classes are for classification, got {len(self.classes)} for a regression")

    @classmethod
    def learn(cls, frame: Frame, name: object, task: Task | None = None) -> Target:
        """Return the target that a column makes; the task is found out if it is None.

        Classes are in alphabetical order if they are text, in ascending order if they are numbers, and false before
        true.
        """
        if not isinstance(name, str):
            raise TypeError(f"target must be the name of a column, got {validation.show(name)}")
        if task is not None:
            task = _task("task", task)
        if name not in frame.columns:
            hint = did_you_mean(name, frame)
            raise ValueError(
                f"target must be a column of {frame.title}, which has {frame.listed()}, got {name!r}{hint}"
            )
        classes = _classes(frame, name)
        if len(classes) < 2:
            found = f"is always {classes[0]!r}" if classes else "has no values"
            raise ValueError(f"target {name!r} {found} in {frame.title}: there is nothing to learn")
        task = task or _find_task(frame, name, classes)
        if task == "regression":
            frame.numbers(name)
            return cls(name, task)
        return cls(name, task, classes)

    def encode(self, frame: Frame) -> Array:
        """Return the labels, int64 (n,), or the numbers, float64 (n, 1). No value may be missing."""
        if self.task == "regression":
            return frame.numbers(self.name)[:, None]
        values = frame.texts(self.name)
        labels = {value: self._label(value) for value in set(values) if value is not None}
        for row, value in enumerate(values):
            if labels.get(str(value)) is None:
                wrong = f"must be one of {validation.show(list(self.classes))}, got {validation.show(value)}"
                raise ValueError(f"{frame.location(row)}, column {self.name!r}: {wrong}")
        return np.array([labels[str(value)] for value in values], np.int64)

    def _label(self, value: str) -> int | None:
        """Return the label of a class. 1.0 and 1 are the same class, and so are True and true."""
        as_number = number(value)
        spellings = {value, value if as_number is None else spelled(as_number)}
        if self.classes == ("false", "true"):
            spellings.add(value.lower())
        return next((label for label, name in enumerate(self.classes) if name in spellings), None)


def _classes(frame: Frame, name: str) -> list[str]:
    if frame[name].kind == "number":
        values = np.unique(frame.numbers(name))
        return [spelled(value) for value in values[~np.isnan(values)].tolist()]
    boolean = frame[name].kind == "boolean"
    return sorted({value.lower() if boolean else value for value in frame.texts(name) if value is not None})


def _find_task(frame: Frame, name: str, classes: Sequence[str]) -> Task:
    """Return classification for text, booleans and at most `FEW` different whole numbers, else regression."""
    if frame[name].kind == "number":
        values = frame.numbers(name)
        values = values[~np.isnan(values)]
        whole = len(classes) <= FEW and bool((values == np.floor(values)).all())
        return "classification" if whole else "regression"
    if is_identifier(Counter(value for value in frame.texts(name) if value is not None)):
        remark = frame.stray_text(name) or "to use them as classes, set task='classification'"
        found = f"{len(classes):,} different texts in {len(frame):,} rows"
        raise ValueError(f"target {name!r} has {found}, too many to be classes; {remark}")
    return "classification"
