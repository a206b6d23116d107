"""A table of rows, described in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from whorl._core import text
from whorl.datasets.tables.features import Category
from whorl.datasets.tables.preparation import Preparation
from whorl.datasets.tables.sheet import Sheet
from whorl.datasets.tables.target import Target


def summary(sheet: Sheet, preparation: Preparation, dropped: int) -> text.Table:
    """Return a line for each column: what kind it is, how many values are missing, what they are."""
    used = {column.name: column for column in preparation.columns}
    target = preparation.target
    rows = [["column", "kind", "missing", ""]]
    for name in sheet:
        if target and name == target.name:
            kind, content = "target", _target(sheet, target)
        elif name in used:
            column = used[name]
            kind, content = column.kind, _category(column) if isinstance(column, Category) else _number(sheet, name)
        else:
            kind, content = "left out", preparation.left_out.get(name, "not among the columns of the preparation")
        rows.append([name, kind, f"{sheet.missing(name).sum():,}", content])
    total = f"{len(sheet):,} rows, {len(preparation.names)} features"
    total += f"; {target.task}" if target else ""
    total += f"; {dropped:,} more rows have no target" if dropped else ""
    return text.Table(f"{text.align(rows, right={2})}\n{total}")


def _number(sheet: Sheet, name: str) -> str:
    values = sheet.numbers(name)
    values = values[~np.isnan(values)]
    return f"{values.min():g} to {values.max():g}, median {np.median(values):g}" if len(values) else ""


def _category(column: Category) -> str:
    return f"{len(column.categories)}{' and others' if column.other else ''}: {_few(column.categories)}"


def _target(sheet: Sheet, target: Target) -> str:
    if target.task == "regression":
        return _number(sheet, target.name)
    counts = Counter(target.encode(sheet).tolist())
    return f"{len(target.classes)} classes: {_few([f'{name} {counts[k]:,}' for k, name in enumerate(target.classes)])}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
