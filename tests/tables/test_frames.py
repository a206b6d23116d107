"""Parquet files and data frames give the same tables as CSV files."""

import datetime as dt
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from whorl.tables import read, table

COLUMNS = {
    "count": [3, None, 5, 4],
    "size": [0.5, 1.25, None, 1e-3],
    "colour": ["red", None, "blue", "red"],
    "open": [True, False, True, False],
    "seen": [dt.date(2024, 1, 31), dt.date(2024, 2, 29), None, dt.date(2024, 1, 31)],
    "y": ["p", "q", "q", None],
}
CSV = (
    "count,size,colour,open,seen,y\n3,0.5,red,True,2024-01-31,p\n,1.25,,False,2024-02-29,q\n"
    "5,,blue,True,,q\n4,0.001,red,False,2024-01-31,\n"
)


def pandas_nullable():
    return pd.DataFrame(COLUMNS).convert_dtypes()


def pandas_categorical():
    frame = pd.DataFrame(COLUMNS)
    frame["colour"] = frame["colour"].astype("category")
    frame["seen"] = pd.to_datetime(frame["seen"])
    return frame


def polars_categorical():
    return pl.DataFrame(COLUMNS).with_columns(pl.col("colour").cast(pl.Categorical), pl.col("seen").cast(pl.Datetime))


FRAMES = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas, nullable": pandas_nullable,
    "pandas, categories and moments": pandas_categorical,
    "pandas, arrow": lambda: pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, categories and moments": polars_categorical,
    "pyarrow": lambda: pa.table(COLUMNS),
    "mapping": lambda: COLUMNS,
    "mapping of arrays": lambda: {name: np.array(values, object) for name, values in COLUMNS.items()},
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_data_frames_give_the_same_as_a_csv_file(write, make):
    expected, t = table(write(CSV), "y"), table(make(), "y")
    np.testing.assert_array_equal(t.X, expected.X)
    np.testing.assert_array_equal(t.y, expected.y)
    assert t.preparation == expected.preparation
    assert t.dropped == expected.dropped == 1
    np.testing.assert_array_equal(expected.preparation.transform(make()), expected.preparation.transform(write(CSV)))


def test_parquet_gives_the_same_as_a_csv_file(write, tmp_path):
    expected = table(write(CSV), "y")
    parquet.write_table(pa.table(COLUMNS), tmp_path / "a.parquet")
    pl.DataFrame(COLUMNS).write_parquet(tmp_path / "b.PQ")
    for name in ("a.parquet", "b.PQ"):
        t = table(str(tmp_path / name), "y")
        np.testing.assert_array_equal(t.X, expected.X)
        assert t.preparation == expected.preparation


def test_damaged_parquet(write):
    for content in (b"", b"a,b\n1,2\n", b"PAR1" + b"\0" * 40 + b"PAR1"):
        with pytest.raises(ValueError, match=r"a\.parquet is not a Parquet file: ") as caught:
            read(write(content, "a.parquet"))
        assert "\n" not in str(caught.value)


def test_categories_of_numbers_are_categories():
    frame = read(pd.DataFrame({"a": pd.Categorical([1, 2, None])}))
    assert (frame.is_number("a"), frame.texts("a")) == (False, ["1", "2", None])


def test_text_that_looks_like_numbers_is_text():
    assert not read(pl.DataFrame({"a": ["01", "2"]})).is_number("a")


def test_mixed_values_are_text():
    frame = read(pd.DataFrame({"a": [1, "x", None, 2.5, True]}))
    assert (frame.is_number("a"), frame.texts("a")) == (False, ["1", "x", None, "2.5", "true"])


def test_column_names_that_are_not_text():
    assert list(read(pd.DataFrame({0: [1], "b": [2]}))) == ["0", "b"]


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (
            lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
            ValueError,
            "source cannot be read: Expected unique column names",
        ),
        (lambda: pd.DataFrame([[1, 2]], columns=[1, "1"]), ValueError, "the data frame has 2 columns named '1'"),
        (lambda: pl.LazyFrame({"a": [1]}), TypeError, "source cannot be read: "),
        (lambda: pl.DataFrame({"a": []}), ValueError, "the data frame has no rows"),
        (pl.DataFrame, ValueError, "the data frame has no rows"),
        (lambda: pl.DataFrame({"a": [[1], [2]]}), TypeError, "column 'a' must hold numbers, text, booleans or dates"),
    ],
)
def test_unsuitable_frames(frame, error, words):
    with pytest.raises(error) as caught:
        read(frame())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_the_extra_the_error_names_it(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(
        ImportError, match=r"a data frame needs narwhals and PyArrow, which the extra whorl\[tables\] installs"
    ):
        read(pl.DataFrame({"a": [1]}))
    with pytest.raises(
        ImportError, match=r"a Parquet file needs narwhals and PyArrow, which the extra whorl\[tables\] installs"
    ):
        read("a.parquet")
    assert len(read(write("a,b\n1,2\n"))) == 1
