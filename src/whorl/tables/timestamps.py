"""Dates and times written as text.

A year has four digits. Where it comes first, the month is second; where it comes last, the *order* of the column says what
comes first. A time may follow, with an offset from UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Literal, TypeAlias

import numpy as np

Order: TypeAlias = Literal["ymd", "dmy", "mdy"]
"""The order of year, month and day."""

WRITTEN: dict[Order, str] = {"ymd": "year-month-day", "dmy": "day.month.year", "mdy": "month/day/year"}
"""How dates of each order are usually written."""

AMBIGUOUS = (
    "its dates may be day/month/year or month/day/year; to use them as dates, write them as year-month-day, such as"
    " 2024-12-31"
)
"""The remark on dates whose order is not known."""

FORM = re.compile(
    r"(\d{1,2}|\d{4})([-/.])(\d{1,2})\2(\d{1,2}|\d{4})"
    r"(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|UTC|[-+][01]\d(?::?[0-5]\d){0,2}))?)?",
    re.ASCII,
)
DAY = 86_400_000_000
"""Microseconds."""
EPOCH = dt.date(1970, 1, 1).toordinal()


def parse(text: str, order: Order) -> int | None:
    """Return the microseconds from 1970-01-01 to a moment, or None if the text is none.

    A time with an offset is converted to UTC; one without an offset is taken as it is.

    Examples
    --------
    >>> parse("1970-01-02", "ymd"), parse("02.01.1970 00:00:00.5", "dmy"), parse("1970-01-02T01:00+01:00", "mdy")
    (86400000000, 86400500000, 86400000000)
    >>> parse("31/01/1970", "mdy"), parse("1970-02-30", "ymd"), parse("May 1970", "ymd")
    (None, None, None)
    """
    found = FORM.fullmatch(text)
    if found is None:
        return None
    first, mark, second, third, hour, minute, second_of_minute, fraction, zone = found.groups()
    if len(first) == 4:
        year, month, day = first, second, third
    elif order == "dmy":
        day, month, year = first, second, third
    elif order == "mdy" and mark != ".":  # 31.12.2024 begins with the day everywhere
        month, day, year = first, second, third
    else:
        return None
    if len(year) != 4 or len(day) > 2:
        return None
    try:
        days = dt.date(int(year), int(month), int(day)).toordinal() - EPOCH
        time = dt.time(int(hour or 0), int(minute or 0), int(second_of_minute or 0))
    except ValueError:  # there is no such day or time
        return None
    seconds = time.hour * 3600 + time.minute * 60 + time.second - _offset(zone or "Z")
    return days * DAY + seconds * 1_000_000 + int((fraction or "0").ljust(6, "0")[:6])


def _offset(zone: str) -> int:
    """Return the seconds by which the clocks of a zone, such as ``+01:00``, are ahead of UTC."""
    if zone in ("Z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
    return -seconds if zone[0] == "-" else seconds


def orders(texts: Collection[str]) -> list[Order]:
    """Return the orders in which every text is a date: one, if the texts tell; none, if they are not dates.

    Examples
    --------
    >>> orders(["2024-01-31"]), orders(["31/01/2024", "01/02/2024"]), orders(["03/04/2024"]), orders(["red"])
    (['ymd'], ['dmy'], ['dmy', 'mdy'], [])
    """
    if not texts:
        return []
    fitting: list[Order] = []
    for order in WRITTEN:
        if all(parse(text, order) is not None for text in texts):
            fitting.append(order)
            if order == "ymd":  # the others would fit too: a year that comes first says it all
                break
    return fitting


def spell(moment: np.datetime64) -> str:
    """Write a moment as text: ``2024-01-31``, or ``2024-01-31 12:30:00`` if it is not midnight.

    Examples
    --------
    >>> spell(np.datetime64("2024-01-31", "us")), spell(np.datetime64("2024-01-31T12:30", "us"))
    ('2024-01-31', '2024-01-31 12:30:00')
    """
    return str(moment).removesuffix(".000000").removesuffix("T00:00:00").replace("T", " ")
