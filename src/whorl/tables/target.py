"""The column to predict: classes, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl.tables.encoding import distinct_texts, first_of, text
from whorl.tables.frame import BOOLEANS, Frame, number, spelled
from whorl.tables.kinds import is_identifier

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

    kind: ClassVar[str] = "target"
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
        frame.require([name], "target must be a column")
        if frame.is_number(name):
            values = np.unique(frame.numbers(name)[~frame.missing(name)])
            classes = [spelled(value) for value in values.tolist()]
            likely = len(classes) <= FEW and bool((values == np.floor(values)).all())
        else:
            classes, likely = sorted(frame.counts(name)), True
        if len(classes) < 2:
            found = f"is always {classes[0]!r}" if classes else "has no values"
            raise ValueError(f"target {name!r} {found} in {frame.title}: there is nothing to learn")
        if task != "classification" and frame.date_orders(name):
            raise ValueError(
                f"target {name!r} holds dates in {frame.title}, but must hold classes or numbers: make it a number, such as"
                " the days since a date, or set task='classification' (--task classification) to use each date as a class"
            )
        if task is None and not frame.is_number(name) and is_identifier(frame.counts(name), frame.counted(name)):
            remark = frame.stray_remark(name) or "to use them as classes, set task='classification'"
            found = f"{len(classes):,} different texts in {len(frame):,} rows"
            raise ValueError(f"target {name!r} has {found}, too many to be classes; {remark}")
        if task == "classification" or (task is None and likely):
            return cls(name, "classification", classes)
        frame.numbers(name)  # text is an error
        return cls(name, "regression")

    def encode(self, frame: Frame) -> Array:
        """Return the labels, int64 (n,), or the numbers, float64 (n, 1). No value may be missing."""
        if self.task == "regression":
            return frame.numbers(self.name)[:, None]
        values = frame.texts(self.name)
        labels = {value: self._label(value) for value in set(values)}
        for row, value in enumerate(values):
            if labels[value] is None:
                raise frame.error(row, self.name, f"one of {validation.show(list(self.classes))}", value)
        return np.array([labels[value] for value in values], np.int64)

    def _label(self, value: str | None) -> int | None:
        """Return the label of a class. 1.0 and 1 are the same class, and so are True and true."""
        if value is None:
            return None
        as_number = number(value)
        spellings = {value, value if as_number is None else spelled(as_number)}
        if BOOLEANS.issuperset(self.classes):
            spellings.add(value.lower())
        return next((label for label, name in enumerate(self.classes) if name in spellings), None)

    def describe(self, frame: Frame) -> str:
        """Return the range of the numbers, or the classes with their frequencies, for the summary of a table."""
        if self.task == "regression":
            return frame.span(self.name)
        counts = np.bincount(self.encode(frame), minlength=len(self.classes))
        named = [f"{name} {count:,}" for name, count in zip(self.classes, counts, strict=True)]
        return f"{len(named)} classes: {first_of(named)}"
