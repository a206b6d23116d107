"""How each column of a table is used: as a number, a date or categories, or not at all if it identifies the rows."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from typing import TypeAlias

import numpy as np

from whorl.tables.dates import Date
from whorl.tables.encoding import Category, Excluded, Number
from whorl.tables.frame import DISTINCT, Frame

Encoding: TypeAlias = Number | Date | Category
"""How a column becomes features."""

NEARLY, MOSTLY = 0.9, 0.7
"""Text is an identifier if it is different in more than this share of its values, or in more than this share of all rows."""
NAMES = frozenset(
    [
        "id",
        "ids",
        "identifier",
        "identifiers",
        "uuid",
        "guid",
        "key",
        "index",
        "idx",
        "number",
        "num",
        "nr",
        "no",
        "row",
    ]
)
"""Whole numbers that are all different are an identifier if this is the last word of the column's name."""


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


def is_identifier(counts: Counter[str], rows: int) -> bool:
    """Return whether texts, given how often each occurs, identify the rows of a table."""
    return len(counts) > DISTINCT and (len(counts) > NEARLY * counts.total() or len(counts) > MOSTLY * rows)


def _evidence(frame: Frame, name: str) -> str:
    """Return why a column looks like an identifier, or ""."""
    if not frame.is_number(name):
        counts = frame.counts(name)
        return (
            f"{len(counts):,} different values in {counts.total():,} rows"
            if is_identifier(counts, frame.counted(name))
            else ""
        )
    values = frame.numbers(name)
    values = values[~np.isnan(values)]
    if not _names_identifier(name) or len(values) <= DISTINCT:
        return ""
    numbering = len(np.unique(values)) == len(values) and bool((values == np.floor(values)).all())
    return f"its name, and {len(values):,} whole numbers, all different" if numbering else ""


def _names_identifier(name: str) -> bool:
    """Return whether a column of this name may hold identifiers: ``PassengerId``, ``row_number``, ``Unnamed: 0``."""
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return name.startswith("Unnamed:") or bool(words and words[-1].lower() in NAMES)
