"""Dates and times as text: what is one, and in which order."""

import datetime as dt

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from whorl.tables.timestamps import orders, parse, spell

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
YEARS = [dt.datetime.fromisoformat(f"{year}-01-01") for year in ("0002", "9998")]  # in any zone
ZONE = st.none() | st.timedeltas(dt.timedelta(hours=-14), dt.timedelta(hours=14)).map(
    lambda offset: dt.timezone(dt.timedelta(minutes=offset // dt.timedelta(minutes=1)))
)


@given(st.datetimes(*YEARS, timezones=ZONE))
def test_every_moment_that_python_writes(moment):
    utc = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
    expected = (utc - EPOCH) // dt.timedelta(microseconds=1)
    for text in (str(moment), moment.isoformat()):
        for order in ("ymd", "dmy", "mdy"):
            assert parse(text, order) == expected
    day = f"{moment.day:02}", f"{moment.month}", f"{moment.year:04}"
    time = str(moment)[10:]
    assert parse("/".join(day) + time, "dmy") == parse(".".join(day) + time, "dmy") == expected
    assert parse(f"{day[1]}/{day[0]}/{day[2]}{time}", "mdy") == expected


@given(st.datetimes())
def test_a_moment_is_the_same_after_writing_and_reading(moment):
    text = spell(np.datetime64(moment, "us"))
    assert np.datetime64(parse(text, "ymd"), "us") == np.datetime64(moment, "us")
    assert len(text) == 10 or moment.time() != dt.time(0)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2024/1/31", "2024-01-31"),
        ("2024-01-31 9:05", "2024-01-31 09:05:00"),
        ("2024-01-31T09:05:07.123456789", "2024-01-31 09:05:07.123456"),
        ("2024-01-31 09:05:07,5", "2024-01-31 09:05:07.500000"),
        ("2024-01-31T09:05Z", "2024-01-31 09:05:00"),
        ("2024-01-31 09:05 UTC", "2024-01-31 09:05:00"),
        ("2024-01-31 01:00:00+0200", "2024-01-30 23:00:00"),
        ("2024-01-31 23:00:00 -02", "2024-02-01 01:00:00"),
        ("1969-12-31 12:00", "1969-12-31 12:00:00"),
    ],
)
def test_other_ways_to_write_a_moment(text, same):
    assert spell(np.datetime64(parse(text, "ymd"), "us")) == same


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "today",
            "2024",
            "2024-01",
            "20240131",
            "2023-02-29",
            "2024-13-01",
            "2024-01-00",
            "0000-01-01",
            "24-01-31",
            "1.2.3",
        ],
        *[
            "2024-01/31",
            "2024-1-31x",
            "2024-01-31 25:00",
            "2024-01-31 12:60",
            "2024-01-31 12",
            "2024-01-31Z",
            "1/2/20244",
        ],
        *["2024-01-2024", "1-2024-3", "2024-01-31 12:00+99:00", "٢٠٢٤-٠١-٣١", "31.04.2024"],
    ],
)
def test_what_is_no_moment(text):
    assert orders([text]) == []


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["2024-01-31", "2024/02/01 10:00"], ["ymd"]),
        (["03/04/2024", "13/04/2024"], ["dmy"]),
        (["03/04/2024", "04/13/2024"], ["mdy"]),
        (["03/04/2024", "04/05/2024"], ["dmy", "mdy"]),
        (["13/04/2024", "04/13/2024"], []),
        (["03.04.2024"], ["dmy"]),  # with dots, the day is first everywhere
        (["2024-01-31", "13/04/2024"], ["dmy"]),
        (["2024-01-31", "red"], []),
        ([], []),
    ],
)
def test_the_order_is_the_one_that_fits_all(texts, found):
    assert orders(texts) == found
