"""The encoding of a column of dates: the time in years, and its place in the year, the week and the day.

Letters: n rows, k features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl.tables.encoding import Excluded, distinct_texts, text
from whorl.tables.frame import Frame
from whorl.tables.timestamps import WRITTEN, Order, parse, spell

YEAR = np.timedelta64(31_556_952, "s")
"""The mean year of the Gregorian calendar: 365.2425 days."""
SEASONS = np.timedelta64(60, "D")
"""Dates that span no more say nothing about the seasons."""


def _time_of_year(moments: Array) -> Array:
    start = moments.astype("M8[Y]")
    phase: Array = (moments - start) / ((start + 1).astype("M8[us]") - start)
    return phase


def _day_of_week(moments: Array) -> Array:
    """Return the place of the day in the week, 0 on Monday."""
    phase: Array = (moments.astype("M8[D]").astype(np.int64) + 3) % 7 / 7  # 1970-01-01 was a Thursday
    return phase


def _time_of_day(moments: Array) -> Array:
    phase: Array = (moments - moments.astype("M8[D]")) / np.timedelta64(1, "D")
    return phase


CYCLES: dict[str, Callable[[Array], Array]] = {"year": _time_of_year, "week": _day_of_week, "day": _time_of_day}
"""Functions from moments (n,) to their place in the cycle, from 0 to below 1 (n,)."""


def _moment(name: str, value: object) -> str:
    """Return a moment, written with the year first, as `spell` writes it."""
    moment = parse(text(name, value), "ymd")
    if moment is None:
        raise ValueError(f"{name} must be a date such as '2024-01-31', got {validation.show(value)}")
    return spell(np.datetime64(moment, "us"))


def _cycles(name: str, value: object) -> tuple[str, ...]:
    cycles = distinct_texts(name, value)
    for each in cycles:
        validation.choice(name, each, list(CYCLES))
    return tuple(each for each in CYCLES if each in cycles)


class Date(Description):
    """A column of dates, with or without times: the time in years, and its place in cycles as sine and cosine.

    With the place in a cycle p, from 0 to below 1, the features of the cycle are sin 2πp and cos 2πp, so that the end of the year
    is next to its beginning. They are 0 for a missing date. Times with an offset are converted to UTC; times without
    one are taken as they are.

    Parameters
    ----------
    name : str
    order : {"ymd", "dmy", "mdy"}
        The order of year, month and day in text. A year that comes first is understood in any case.
    reference : str
        The date from which the years are counted, which also replaces a missing one: the median of the training rows.
        Counted from the year 0, hours would be lost in float32.
    cycles : sequence of {"year", "week", "day"}, optional
        The cycles in use: the time of the year, the day of the week, and the time of the day.
    missing : bool
        Whether dates were missing in the training rows. If so, one more feature is 1 where they are and 0 elsewhere.

    Examples
    --------
    >>> from whorl.tables import read
    >>> sold = Date("sold", "ymd", "2024-01-01", ["year"], missing=True)
    >>> sold.feature_names
    ('sold (years)', 'sold (year, sin)', 'sold (year, cos)', 'sold (missing)')
    >>> sold.encode(read({"sold": ["2024-07-02", "2023-01-01", None]})).round(2)
    array([[ 0.5,  0. , -1. ,  0. ],
           [-1. ,  0. ,  1. ,  0. ],
           [ 0. ,  0. ,  0. ,  1. ]])
    """

    kind: ClassVar[str] = "date"
    name: str = argument(text)
    order: Order = argument(validation.choice, choices=list(WRITTEN))
    reference: str = argument(_moment)
    cycles: Sequence[str] = argument(_cycles, default=())
    _: KW_ONLY
    missing: bool = argument(validation.truth, default=False)

    @classmethod
    def learn(cls, frame: Frame, name: str, order: Order) -> Date | Excluded:
        """Learn the encoding from the training rows. Cycles are in use if the rows differ in them."""
        moments = _moments(frame, name, order)
        known = np.sort(moments[~np.isnat(moments)])
        missing = len(known) < len(moments)
        if not len(known):
            return Excluded.empty(name)
        first, last = known[0], known[-1]
        if first == last and not missing:
            return Excluded.constant(name, spell(first))
        cycles = [cycle for cycle, phase in CYCLES.items() if np.ptp(phase(known)) > 0]
        if last - first <= SEASONS and "year" in cycles:
            cycles.remove("year")
        return cls(name, order, spell(known[(len(known) - 1) // 2]), cycles, missing=missing)

    def relearn(self, frame: Frame) -> Date | Excluded:
        """Learn the encoding again, from other rows; the order remains."""
        return self.learn(frame, self.name, self.order)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features."""
        waves = [f"{self.name} ({cycle}, {wave})" for cycle in self.cycles for wave in ("sin", "cos")]
        return (f"{self.name} (years)", *waves, *[f"{self.name} (missing)"] * self.missing)

    def encode(self, frame: Frame) -> Array:
        """Return the features of the column, (n, k)."""
        moments, reference = _moments(frame, self.name, self.order), np.datetime64(self.reference, "us")
        missing = np.isnat(moments)
        moments[missing] = reference
        features: list[Any] = [(moments - reference) / YEAR]
        for cycle in self.cycles:
            angle = 2 * np.pi * CYCLES[cycle](moments)
            features += [np.where(missing, 0, np.sin(angle)), np.where(missing, 0, np.cos(angle))]
        return np.column_stack([*features, missing] if self.missing else features)

    def describe(self, frame: Frame) -> str:
        """Return the first and the last date, for the summary of a table."""
        moments = _moments(frame, self.name, self.order)
        known = moments[~np.isnat(moments)]
        return f"{spell(known.min())} to {spell(known.max())}" if len(known) else ""


def _moments(frame: Frame, name: str, order: Order) -> Array:
    """Return the column as moments, datetime64[us] (n,), NaT where missing; raise ValueError if it has other values."""
    texts = frame.texts(name)
    parsed = {each: parse(each, order) for each in set(texts) if each is not None}
    if None in parsed.values():
        row = next(row for row, each in enumerate(texts) if each is not None and parsed[each] is None)
        raise frame.error(row, name, f"a date, {WRITTEN[order]}", texts[row])
    nat = np.iinfo(np.int64).min
    return np.array([nat if each is None else parsed[each] for each in texts], np.int64).view("M8[us]")
