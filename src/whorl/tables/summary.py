"""The summary of a table, one line for each column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from whorl._core import text
from whorl.tables.encoding import Category
from whorl.tables.frame import Frame
from whorl.tables.preparation import Preparation
from whorl.tables.target import Target


def summary(frame: Frame, preparation: Preparation, dropped: int) -> text.Table:
    """Return a text table of the columns: kind, number of missing values, and what the values are."""
    used = {column.name: column for column in preparation.columns}
    reasons = {column.name: column.reason for column in preparation.excluded}
    target = preparation.target
    rows = [["column", "kind", "missing", ""]]
    for name in frame:
        if target and name == target.name:
            kind, content = "target", _target(frame, target)
        elif name in used:
            column = used[name]
            kind, content = column.kind, _category(column) if isinstance(column, Category) else _number(frame, name)
        else:
            kind, content = "left out", reasons.get(name, "not a column of the preparation")
        rows.append([name, kind, f"{frame.missing(name).sum():,}", content])
    total = f"{len(frame):,} rows, {len(preparation.feature_names)} features"
    total += f"; {target.task}" if target else ""
    total += f"; {dropped:,} more rows have no target" if dropped else ""
    return text.Table(f"{text.align(rows, right={2})}\n{total}")


def _number(frame: Frame, name: str) -> str:
    values = frame.numbers(name)
    values = values[~np.isnan(values)]
    return f"{values.min():g} to {values.max():g}, median {np.median(values):g}" if len(values) else ""


def _category(column: Category) -> str:
    return f"{len(column.categories)}{' and others' if column.other else ''}: {_first(column.categories)}"


def _target(frame: Frame, target: Target) -> str:
    if target.task == "regression":
        return _number(frame, target.name)
    counts = Counter(target.encode(frame).tolist())
    return (
        f"{len(target.classes)} classes: {_first([f'{name} {counts[k]:,}' for k, name in enumerate(target.classes)])}"
    )


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
