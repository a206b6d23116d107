"""Learn the preparation of a table that is larger than memory, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.tables.frame import Frame
from whorl.tables.parquet_files import Files, Part
from whorl.tables.preparation import Preparation
from whorl.tables.read import check_columns, column_names, settle_stray
from whorl.tables.target import FEW, Target, Task

SAMPLE, VALUES = 100_000, 2_500_000
"""The largest numbers of rows, and of values, in the sample."""

BATCH = 2**14
"""Rows that are looked at together."""

DIFFERENT = 20_000
"""Of a column with more different texts, those of the sample are counted."""


@dataclass(frozen=True, eq=False)
class Sample(Frame):
    """A sample of the rows of a table, in which the texts of all rows are counted.

    Parameters
    ----------
    all_counts : mapping of str to Counter
        How often each text occurs in the table, for columns without too many different ones.
    total : int
        The number of rows of the table.
    """

    all_counts: dict[str, Counter[str]] = field(default_factory=dict)
    total: int = 0

    def counts(self, name: str) -> Counter[str]:
        found = self.all_counts.get(name)
        return super().counts(name) if found is None or self.is_number(name) else found

    def counted(self, name: str) -> int:
        return self.total if name in self.all_counts and not self.is_number(name) else len(self)


class Collector:
    """Collects a sample of rows, evenly spaced, and beside it the rows that matter.

    These are, for each column, the first row where it is missing, the first where it is not, and those of the least and the largest
    number; and the first rows of the values of the target. So the sample shows what is missing, constant or a class.

    Parameters
    ----------
    title : str
        The source, for error messages.
    target : str
    most : int
        If the target has more different values, they are not all in the sample.
    """

    title: str
    target: str
    most: int
    total: int
    stride: int

    def __init__(self, title: str, target: str, most: int) -> None:
        self.title, self.target, self.most = title, target, most
        self.total, self.stride = 0, 1
        self.frames: list[Frame] = []
        self.kept: int = 0
        self.special: dict[tuple[str, str], tuple[float, int, Frame]] = {}
        self.texts: dict[str, Counter[str] | None] = {}
        self.values: set[Any] = set()  # of the target

    def add(self, frame: Frame) -> None:
        """Add the rows that follow."""
        rows = np.arange(self.total, self.total + len(frame))
        self.total += len(frame)
        frame = replace(frame, rows=rows)
        self._keep(frame.take(np.flatnonzero(rows % self.stride == 0)))
        for name in frame:
            self._look(frame, name)

    def _keep(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.kept += len(frame)
        while self.kept > min(SAMPLE, VALUES // len(frame.columns)):
            self.stride *= 2
            self.frames = [each.take(np.flatnonzero(each.rows % self.stride == 0)) for each in self.frames]
            self.kept = sum(map(len, self.frames))

    def _look(self, frame: Frame, name: str) -> None:
        missing = frame.missing(name)
        present = np.flatnonzero(~missing)
        if missing.any():
            self._first(frame, name, "missing", int(np.argmax(missing)))
        if not len(present):
            return
        self._first(frame, name, "present", int(present[0]))
        if frame.is_number(name):
            values = frame.numbers(name)
            for kind, sign, row in (("least", 1, np.nanargmin(values)), ("largest", -1, np.nanargmax(values))):
                value, known = sign * float(values[row]), self.special.get((name, kind))
                if known is None or value < known[0]:
                    self.special[name, kind] = value, int(frame.rows[row]), frame.take(np.array([row]))
        elif (counts := self.texts.setdefault(name, Counter())) is not None:
            counts.update(frame.counts(name))
            if len(counts) > DIFFERENT:
                self.texts[name] = None
        if name == self.target and len(self.values) <= self.most:
            column = frame[name][present].tolist()
            new = islice((value for value in dict.fromkeys(column) if value not in self.values), self.most + 1)
            for value in [*new]:
                self._first(frame, name, f"value {value}", int(present[column.index(value)]))
                self.values.add(value)

    def _first(self, frame: Frame, name: str, kind: str, row: int) -> None:
        if (name, kind) not in self.special:
            self.special[name, kind] = 0.0, int(frame.rows[row]), frame.take(np.array([row]))

    def sample(self) -> Sample:
        """Return the sample."""
        special = {row: frame for _, row, frame in self.special.values() if row % self.stride}
        frames = [*self.frames, *(special[row] for row in sorted(special))]
        rows = np.concatenate([each.rows for each in frames])
        order = np.argsort(rows)
        columns = {name: _joined([each[name] for each in frames])[order] for name in self.frames[0]}
        counts = {name: each for name, each in self.texts.items() if each is not None}
        return Sample(self.title, columns, rows[order], all_counts=counts, total=self.total)


def _joined(parts: list[Array]) -> Array:
    """Return parts of a column as one; where values are missing only, a part may be one of numbers."""
    if any(part.dtype.kind == "O" for part in parts):
        parts = [part if part.dtype.kind == "O" else np.full(len(part), None, object) for part in parts]
    return np.concatenate(parts)


def learn(
    files: Files,
    target: str | None,
    *,
    ignore: Iterable[str],
    use: Iterable[str],
    task: Task | None,
    preparation: Preparation | None,
) -> tuple[Preparation, Array, tuple[str, ...]]:
    """Return the preparation of the rows that have a target, the number of them in each row group, and remarks."""
    if preparation is not None:
        validation.instance("preparation", preparation, Preparation, "table.preparation")
        if target is not None or task is not None or (*ignore, *use):
            raise ValueError("preparation includes target, ignore, use and task: leave them out")
        if preparation.target is None:
            raise ValueError("preparation must have a target, got one without")
        return preparation, _known(files, preparation.target.name), ()
    ignore, use = column_names("ignore", ignore), column_names("use", use)
    if not isinstance(target, str):
        raise TypeError(f"target must be the name of a column, got {validation.show(target)}")
    empty = Frame(files.title, {name: np.empty(0) for name in files.types}, np.arange(0))
    check_columns(empty, target, ignore=ignore, use=use)
    most = FEW if task is None else DIFFERENT  # which tell classes from other numbers
    collector, counts = Collector(files.title, target, most), []
    for part in files.parts:
        known = 0
        for frame in _batches(files, part, [name for name in files.types if name not in ignore]):
            rows = np.flatnonzero(~frame.missing(target))
            known += len(rows)
            if len(rows):
                collector.add(frame.take(rows))
        counts.append(known)
    if not collector.total:
        raise ValueError(f"target {target!r} has no values in {files.title}")
    sample = collector.sample()
    settle_stray(sample, "error", list(sample))
    frame = replace(sample, columns={name: sample.columns.get(name, np.empty(0)) for name in files.types})
    learned = Preparation.learn(frame, Target.learn(sample, target, task), ignore=ignore, use=use)
    return learned, np.array(counts), tuple(sample.remarks(ignore))


def _batches(files: Files, part: Part, columns: list[str]) -> Iterator[Frame]:
    """Yield the rows of a row group, some at a time."""
    table: Any = files.read(part, columns)
    for start in range(0, table.num_rows, BATCH):
        yield files.converted(part, table.slice(start, BATCH))


def _known(files: Files, target: str) -> Array:
    """Return the number of rows with a target in each row group."""
    if target not in files.types:
        raise ValueError(
            f"target must be a column of {files.title}, which has {', '.join(files.types)}, got {target!r}"
        )
    return np.array([int((~files.frame(part, [target]).missing(target)).sum()) for part in files.parts])
