"""Parquet files and data frames give the same tables as CSV files."""

import copy
import datetime as dt
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Sigmoid, Softmax, Standardize, load
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


def houses(count=60):
    rng = np.random.default_rng(0)
    rooms, heating = rng.integers(1, 7, count), rng.choice(["gas", "oil"], count)
    return pd.DataFrame(
        {"rooms": rooms, "heating": heating, "sold": np.where((rooms > 3) ^ (heating == "oil"), "yes", "no")}
    )


def learned():
    frame = houses()
    rows = table(frame, "sold")
    model = Model([Standardize(), Dense(16), ReLU(), Dense(2), Softmax()], inputs=rows.X.shape[1], rng=0)
    model.fit(rows.X, rows.y, loss=CrossEntropy(), optimizer=Adam(0.02), epochs=60, rng=0, fast=False)
    model.preparation = rows.preparation
    return frame, rows, model


@pytest.mark.parametrize(
    "convert",
    [lambda frame: frame, pl.from_pandas, lambda frame: frame.to_dict("list")],
    ids=["pandas", "polars", "mapping"],
)
def test_a_model_that_has_learned_a_table_predicts_data_frames(convert, tmp_path):
    frame, rows, model = learned()
    np.testing.assert_array_equal(model.predict(convert(frame.drop(columns="sold"))), model.predict(rows.X))
    assert model.classes == ("no", "yes")
    assert (model.predict_classes(convert(frame)) == frame["sold"]).mean() > 0.9
    model.save(tmp_path / "houses.npz")
    again = load(tmp_path / "houses.npz")
    np.testing.assert_array_equal(again.predict_classes(convert(frame)), model.predict_classes(rows.X))
    with pytest.raises(ValueError, match="has no column 'heating'"):
        model.predict(convert(frame[["rooms"]]))


def test_a_model_of_arrays_points_to_the_tables():
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    assert model.classes == ()
    with pytest.raises(
        TypeError, match=r"X must hold real numbers.*; whorl.tables.table converts data frames with text"
    ):
        model.predict(houses()[["rooms", "heating"]])
    with pytest.raises(ValueError, match=r"X must hold finite numbers.*; whorl.tables.table converts"):
        model.predict(pd.DataFrame({"a": [1.0, np.nan], "b": [1.0, 2.0]}))
    numbers = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    np.testing.assert_array_equal(model.predict(numbers), model.predict(numbers.to_numpy()))
    np.testing.assert_array_equal(model.predict_classes(numbers), model.predict(numbers).argmax(axis=1))


@pytest.mark.parametrize(
    "convert",
    [lambda frame: frame, pl.from_pandas, lambda frame: frame.to_dict("list")],
    ids=["pandas", "polars", "mapping"],
)
def test_all_methods_take_the_table_that_a_model_has_learned(convert):
    frame, rows, model = learned()
    X, loss = convert(frame.drop(columns="sold")), CrossEntropy()
    assert model.evaluate(X, rows.y, loss=loss) == model.evaluate(rows.X, rows.y, loss=loss)
    assert model.loss_and_gradients(X, rows.y, loss=loss)[0] == model.loss_and_gradients(rows.X, rows.y, loss=loss)[0]
    np.testing.assert_array_equal(model.activations(X)[0], model.activations(rows.X)[0])
    other = copy.copy(model)
    given = {"loss": loss, "optimizer": Adam(0.02), "epochs": 2, "rng": 0}
    names = convert(frame)["sold"]
    assert model.evaluate(X, names, loss=loss) == model.evaluate(rows.X, rows.y, loss=loss)
    with pytest.raises(
        ValueError, match="y must hold the classes of the model's table, no, yes, but y\\[0\\] is 'maybe'"
    ):
        model.evaluate(X, ["maybe"] * len(rows.y), loss=loss)
    history = model.fit(X, rows.y, validation=(X, rows.y), **given)
    assert history["val_loss"] == other.fit(rows.X, rows.y, validation=(rows.X, rows.y), **given)["val_loss"]
    model.adapt(X)
    with pytest.raises(TypeError, match=r"^evaluate needs y \(whorl\.tables\.table\(frame, target\) makes X and y"):
        model.evaluate(convert(frame), loss=loss)


def test_all_methods_take_data_frames_of_numbers():
    numbers, y = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}), pd.Series([0, 1])
    model, loss = Model([Dense(2), Softmax()], inputs=2, rng=0), CrossEntropy()
    for frame in (numbers, pl.from_pandas(numbers)):
        assert model.evaluate(frame, y, loss=loss) == model.evaluate(numbers.to_numpy(), y.to_numpy(), loss=loss)
        model.adapt(frame)
    one, other = copy.copy(model), copy.copy(model)
    for each, X in ((one, numbers), (other, numbers.to_numpy())):
        each.fit(X, y, loss=loss, optimizer=Adam(0.02), epochs=2, rng=0)
    np.testing.assert_array_equal(one.parameters, other.parameters)
    words = r"^X must hold real numbers, got a mapping with the columns a, b; whorl\.tables\.table converts"
    with pytest.raises(TypeError, match=words):
        model.evaluate({"a": [1.0], "b": [2.0]}, [0], loss=loss)


def test_classes_need_one_dimension_of_outputs():
    with pytest.raises(
        ValueError,
        match=r"predict_classes needs a model with an output for each class, or with one and Sigmoid.*outputs of shape \(2, 2\)",
    ):
        Model([ReLU()], inputs=(2, 2)).predict_classes(np.zeros((1, 2, 2)))


def test_one_output_is_a_class_too():
    model = Model([Dense(1), Sigmoid()], inputs=2, rng=0)
    X = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_array_equal(model.predict_classes(X), (model.predict(X)[:, 0] >= 0.5).astype(int))


@pytest.mark.parametrize(
    "convert",
    [lambda y: y, np.asarray, list, lambda y: pl.Series("sold", y.to_list())],
    ids=["pandas", "array", "list", "polars"],
)
def test_the_target_may_be_a_series(convert):
    frame = houses()
    named, given = table(frame, "sold"), table(frame.drop(columns="sold"), convert(frame["sold"]))
    np.testing.assert_array_equal(named.X, given.X)
    np.testing.assert_array_equal(named.y, given.y)
    assert given.target.name in ("sold", "target")
    gap = frame["rooms"].astype(float).where(frame["rooms"] > 1)
    assert table(frame[["heating"]], gap).dropped == int(gap.isna().sum())
    with pytest.raises(ValueError, match="target must have a value for each of the 60 rows, got 3"):
        table(frame.drop(columns="sold"), convert(frame["sold"][:3]))
    with pytest.raises(ValueError, match="target is a column named 'sold', which the data frame has too"):
        table(frame, frame["sold"])


def test_columns_may_have_numbers_as_names():
    frame = houses().rename(columns={"rooms": 0, "heating": 1})
    assert table(frame, "sold").preparation.feature_names == ("0", "1=gas", "1=oil")
