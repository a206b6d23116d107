"""How each column of a table is used: as a number, a date or categories, or not at all if it identifies the rows."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TypeAlias

from whorl.tables.dates import Date
from whorl.tables.encoding import Category, Excluded, Number
from whorl.tables.frame import Frame

Encoding: TypeAlias = Number | Date | Category
"""How a column becomes features."""

DISTINCT = 20
NEARLY = 0.9
"""Text is an identifier if it has more than `DISTINCT` different values, and in more than this fraction of the rows."""


def choose_encoding(frame: Frame, name: str, *, use: bool = False) -> Encoding | Excluded:
    """Choose how to encode a column, given the training rows; with `use`, even if it looks like an identifier."""
    if len(found := frame.date_orders(name)) == 1:
        return Date.learn(frame, name, found[0])
    encoding = (Number if frame.is_number(name) else Category).learn(frame, name)
    evidence = "" if use else _evidence(frame, name)
    if not evidence:
        return encoding
    remedy = "" if isinstance(encoding, Excluded) else f"; use=[{name!r}] (--use {shlex.quote(name)}) keeps it"
    return Excluded(name, f"it looks like an identifier: {evidence}{remedy}")


def is_identifier(counts: Counter[str]) -> bool:
    """Return whether texts, given how often each occurs, identify the rows."""
    return len(counts) > DISTINCT and len(counts) > NEARLY * counts.total()


def _evidence(frame: Frame, name: str) -> str:
    """Return why a column looks like an identifier, or ""."""
    counts = Counter[str]() if frame.is_number(name) else frame.counts(name)
    return f"{len(counts):,} different values in {counts.total():,} rows" if is_identifier(counts) else ""
