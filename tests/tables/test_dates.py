"""Columns of dates: their features, whatever they come from, and what a network learns of them."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import whorl
from whorl._core.notation import parse
from whorl.tables import KNOWN, Category, Date, Excluded, Preparation, read, table

DAY, at = dt.timedelta(days=1), dt.datetime.fromisoformat


def learned(values):
    return Preparation.learn({"sold": values, "a": range(len(values))}).columns[0]


def encoded(date, values):
    return dict(zip(date.feature_names, date.encode(read({"sold": values})).T, strict=True))


def test_years_are_counted_from_the_median():
    date = learned(["2024-03-01", "2023-03-01", None, "2026-03-01"])
    assert date == Date("sold", "ymd", "2024-03-01", ("year", "week"), missing=True)
    years = encoded(date, ["2024-03-01", "2023-03-01", None, "2026-03-01"])["sold (years)"]
    np.testing.assert_allclose(years, [0, -366 / 365.2425, 0, 730 / 365.2425], rtol=1e-15)


def test_seconds_remain_in_float32():
    moments = [at("2024-01-31 12:00") + dt.timedelta(seconds=i) for i in range(100)]
    years = encoded(learned(moments), moments)["sold (years)"].astype(np.float32)
    np.testing.assert_allclose(np.diff(years) * 31_556_952, 1, rtol=1e-5)


def test_places_in_the_year_the_week_and_the_day():
    date = Date("sold", "ymd", "2024-01-01", ["day", "year", "week"])
    assert date.cycles == ("year", "week", "day")
    values = ["2024-01-01", "2023-07-02 12:00", "1969-12-30 18:00", "2024-12-31 23:59:59.999999"]
    found = encoded(date, values)
    places = {
        "year": [0, 0.5, (363 + 0.75) / 365, 1],
        "week": [0, 6 / 7, 1 / 7, 1 / 7],  # Monday, Sunday, Tuesday, Tuesday
        "day": [0, 0.5, 0.75, 1],
    }
    for cycle, place in places.items():
        np.testing.assert_allclose(found[f"sold ({cycle}, sin)"], np.sin(2 * np.pi * np.array(place)), atol=1e-9)
        np.testing.assert_allclose(found[f"sold ({cycle}, cos)"], np.cos(2 * np.pi * np.array(place)), atol=1e-9)


@pytest.mark.parametrize(
    ("values", "cycles"),
    [
        ([dt.date(2024, 1, 1) + i * DAY for i in range(61)], ("week",)),
        ([dt.date(2024, 1, 1) + i * DAY for i in range(62)], ("year", "week")),
        ([dt.date(2024, 1, 1) + 7 * i * DAY for i in range(20)], ("year",)),
        ([at("2024-01-01 12:00"), at("2024-01-08 12:00")], ()),
        ([at("2024-01-01 12:00"), at("2024-01-08 13:00")], ("day",)),
        ([dt.date(2018, 1, 1), dt.date(2024, 1, 1)], ()),  # Mondays, and the same time of the year
    ],
)
def test_cycles_are_in_use_if_the_rows_differ_in_them(values, cycles):
    assert learned(values).cycles == cycles


def test_a_missing_date_has_the_median_and_no_place_in_the_cycles():
    date = learned(["2024-01-31", None, "2024-06-01 12:00", "2024-03-01"])
    assert date.feature_names == (
        *["sold (years)", "sold (year, sin)", "sold (year, cos)", "sold (week, sin)", "sold (week, cos)"],
        *["sold (day, sin)", "sold (day, cos)", "sold (missing)"],
    )
    gap = date.encode(read({"sold": [None]}))
    np.testing.assert_array_equal(gap, [[0, 0, 0, 0, 0, 0, 0, 1]])
    complete = Date("sold", "ymd", "2024-01-31", ["week"])
    np.testing.assert_array_equal(complete.encode(read({"sold": [None]})), [[0, 0, 0]])


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["31/01/2024", "1/2/2024"], "dmy"),
        (["01/31/2024", "2/1/2024 00:00"], "mdy"),
        (["31.01.2024", "01.02.2024"], "dmy"),
        (["2024/1/31", "2024-02-01T00:00:00Z"], "ymd"),
    ],
)
def test_the_order_is_learned_from_the_column(values, order):
    date = learned(values)
    assert date == Date("sold", order, "2024-01-31", ("week",))
    days = [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]  # whose text has the year first, which any order understands
    np.testing.assert_array_equal(date.encode(read({"sold": values})), date.encode(read({"sold": days})))


def test_dates_whose_order_is_not_known_are_text(write):
    path = write("sold,a,y\n" + "".join(f"0{i % 4 + 1}/0{i % 3 + 1}/2024,{i},{i % 2}\n" for i in range(30)))
    t = table(path, "y")
    assert t.preparation.columns[0].kind == "category"
    assert t.notes[0] == (
        "column 'sold' is text: its dates may be day/month/year or month/day/year; to use them as dates, write them as"
        " year-month-day, such as 2024-12-31"
    )
    assert table(path, "y", ignore=["sold"]).notes == ()
    different = table(
        {"sold": [f"0{i % 9 + 1}/0{i // 9 + 1}/2024" for i in range(30)], "a": range(30), "y": [0, 1] * 15}, "y"
    )
    assert [note.partition(":")[0] for note in different.notes] == [
        "column 'sold' is text",
        "column 'sold' is left out",
    ]


def test_a_column_with_anything_else_is_text():
    dates = [f"2024-01-{i % 9 + 1:02}" for i in range(40)]
    assert learned(dates).kind == "date"
    assert learned([*dates, "soon"]).kind == "category"


def test_many_different_dates_are_no_identifier_and_one_date_is_constant():
    days = [dt.date(2024, 1, 1) + i * DAY for i in range(400)]
    assert learned(days).kind == "date"
    rows = {"a": [1, 2], "sold": ["2024-01-31"] * 2}
    assert Preparation.learn(rows).excluded == (Excluded("sold", "it is always 2024-01-31"),)
    assert Preparation.learn(rows | {"sold": ["2024-01-31", None]}).columns[1].missing


def test_new_rows_with_something_else_are_an_error(write):
    preparation = Preparation.learn({"sold": ["31.01.2024", "01.02.2024"]})
    path = write("sold\n\n31.01.2024\n12/2024\n", "b.csv")
    with pytest.raises(
        ValueError, match=r"b\.csv line 4, column 'sold': must be a date, day\.month\.year, got '12/2024'"
    ):
        preparation.transform(path)
    for wrong in ("01/31/2024", 2024):
        with pytest.raises(ValueError, match="the mapping, row 1, column 'sold': must be a date, day"):
            preparation.transform({"sold": ["31/01/2024", wrong]})
    assert preparation.transform({"sold": [None, None]}).shape == (2, 3)


def test_the_summary_has_the_first_and_the_last_date():
    t = table({"sold": ["2024-02-01 12:30", None, "2023-12-24"], "y": [0, 1, 0]}, "y")
    assert str(t.summary()).splitlines()[1] == "sold    date          1  2023-12-24 to 2024-02-01 12:30:00"
    empty = table({"sold": [None], "y": [0]}, preparation=t.preparation)
    assert str(empty.summary()).splitlines()[1] == "sold    date          1"


def test_the_text_is_read_back_and_has_no_more_than_it_must():
    date = Date("sold", "dmy", "2024/1/31 12:30 +01:00", ["week", "year"], missing=True)
    assert repr(date) == "Date('sold', 'dmy', '2024-01-31 11:30:00', ('year', 'week'), missing=True)"
    assert parse(repr(date), KNOWN) == date
    assert repr(Date("sold", "ymd", "2024-01-31")) == "Date('sold', 'ymd', '2024-01-31')"
    for text, words in {
        "Date('sold', 'ydm', '2024-01-31')": "order must be 'ymd' or 'dmy' or 'mdy', got 'ydm'",
        "Date('sold', 'dmy', '31.01.2024')": "reference must be a date such as '2024-01-31', got '31.01.2024'",
        "Date('sold', 'ymd', '2024-01-31', ['month'])": "cycles must be 'year' or 'week' or 'day', got 'month'",
        "Date('sold', 'ymd', '2024-01-31', 'year')": "cycles must be a list of texts, got 'year'",
    }.items():
        with pytest.raises(ValueError, match=f"Date: {words}"):
            parse(text, KNOWN)


# Where the dates come from

BERLIN = dt.timezone(dt.timedelta(hours=2))
MOMENTS = [at("2024-01-31 12:30"), None, at("2024-05-01 01:02:03.004000"), at("2023-07-14 00:00")]
WRITTEN = "sold\n2024-01-31 12:30:00\n?\n2024-05-01T01:02:03.004Z\n2023-07-14\n"
MADE = {
    "mapping": lambda values: {"sold": values},
    "pandas": lambda values: pd.DataFrame({"sold": pd.to_datetime(pd.Series(values), format="ISO8601")}),
    "pandas, objects": lambda values: pd.DataFrame({"sold": pd.Series(values, dtype=object)}),
    "pandas, arrow": lambda values: pd.DataFrame({"sold": values}).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda values: pl.DataFrame({"sold": values}),
    "pyarrow": lambda values: pa.table({"sold": values}),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_moments_are_those_of_a_csv_file(make, write):
    path = write(WRITTEN)
    preparation, found = Preparation.learn(path), Preparation.learn(make(MOMENTS))
    assert found == preparation
    assert found.columns[0].cycles == ("year", "week", "day")
    np.testing.assert_array_equal(found.transform(make(MOMENTS)), preparation.transform(path))
    american = Preparation.learn({"sold": ["12/31/2023", "7/14/2024"]})
    np.testing.assert_array_equal(american.transform(make(MOMENTS)), american.transform(path))


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_times_with_an_offset_are_converted_to_utc(make, write):
    aware = [moment and moment.replace(tzinfo=dt.UTC).astimezone(BERLIN) for moment in MOMENTS]
    assert Preparation.learn(make(aware)) == Preparation.learn(write(WRITTEN))
    assert Preparation.learn(write("sold\n2024-01-31 14:30+02:00\n2024-02-01 00:00\n")).columns[0].reference == (
        "2024-01-31 12:30:00"
    )


def test_moments_of_numpy():
    for unit in ("s", "ns"):
        values = np.array(["2024-01-31T12:30", "NaT", "2024-05-01"], f"M8[{unit}]")
        assert learned(values) == learned(["2024-01-31 12:30", None, "2024-05-01"])
    assert learned(np.array(["2024-01", "2023-01"], "M8[M]")) == learned(["2024-01-01", "2023-01-01"])


DURATIONS = [36 * DAY / 24, None, -DAY]


@pytest.mark.parametrize("make", [*MADE.values(), lambda v: {"sold": np.array([36, "NaT", -24], "m8[h]")}])
def test_durations_are_numbers_of_days(make):
    frame = read(pd.DataFrame({"sold": DURATIONS}) if make is MADE["pandas"] else make(DURATIONS))
    np.testing.assert_array_equal(frame.numbers("sold"), [1.5, np.nan, -1])


def test_times_of_the_day_are_text():
    assert not read({"at": [dt.time(12, 30)]}).is_number("at")


# The target


def test_a_date_as_the_target_is_refused():
    rows = {"a": range(40), "sold": [dt.date(2024, 1, 1 + i % 4) for i in range(40)]}
    for task in (None, "regression"):
        with pytest.raises(
            ValueError, match="target 'sold' holds dates in the mapping, but must hold classes or numbers"
        ):
            table(rows, "sold", task=task)
    assert len(table(rows, "sold", task="classification").classes) == 4


# What a network learns


def seasons(rng, n=500):
    """Sales by day, with a high in summer."""
    days = np.datetime64("2022-01-01") + rng.integers(0, 3 * 365, n)
    season = np.cos(2 * np.pi * ((days - np.datetime64("2022-07-15")) / np.timedelta64(1, "D")) / 365.25)
    return {"day": days.astype(str).tolist(), "sales": 10 + 3 * season + rng.normal(scale=0.3, size=n)}


def test_a_network_learns_the_seasons_from_dates_and_not_from_categories(rng):
    rows = seasons(rng)
    dates = table(rows, "sales")
    assert [column.kind for column in dates.preparation.columns] == ["date"]
    categories = Category.learn(read(rows), "day")
    texts = table(rows, preparation=Preparation([categories], target=dates.target))
    r2 = {}
    for name, whole in {"dates": dates, "categories": texts}.items():
        train, test = whole.split(rng=0)
        layers = [whorl.Standardize(), whorl.Dense(16), whorl.Tanh(), whorl.Dense(1)]
        model = whorl.Model(layers, inputs=train.X.shape[1], rng=0)
        options = {"loss": whorl.MeanSquaredError(), "optimizer": whorl.Adam(0.02), "epochs": 60, "batch_size": 32}
        model.fit(train.X, (train.y - 10) / 3, **options, rng=0)
        r2[name] = whorl.metrics.r2((test.y - 10) / 3, model.predict(test.X))
    assert r2["dates"] > 0.95
    assert r2["categories"] < 0.3
