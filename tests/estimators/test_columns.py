"""The columns of data frames, in `fit` and in new rows."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, KFold

from whorl.sklearn import NetworkClassifier

X, Y = load_iris(return_X_y=True)


def small():
    return NetworkClassifier("Dense(8), ReLU()", epochs=3, optimizer="Adam(0.01)", random_state=0)


def test_columns_need_different_names_and_be_there():
    numbers = pd.DataFrame(X, columns=["a", "a", "b", "c"])
    mixed = pd.DataFrame({"1": X[:, 0], 1: X[:, 1], "t": ["u", "v", "w"] * 50})
    for frame, name in ((numbers, "a"), (mixed, "1"), (pa.Table.from_arrays([pa.array(Y)] * 2, names=["a", "a"]), "a")):
        with pytest.raises(ValueError, match=f"X must have columns with different names, but 2 are named '{name}'"):
            small().fit(frame, Y)
    with pytest.raises(ValueError, match="X must have at least one column"):
        small().fit(numbers[[]], Y)
    with pytest.raises(TypeError, match="Feature names are only supported if all input features have string names"):
        small().fit(numbers.set_axis(["a", 1, "b", "c"], axis=1), Y)
    with pytest.raises(ValueError, match="the data frame has no column to learn from"):
        small().fit(numbers.set_axis(list("abcd"), axis=1)[:1], Y[:1])


def test_columns_of_new_rows():
    numbers, text = pd.DataFrame(X, columns=list("abcd")), ["u", "v", "w"] * 50
    fitted = small().fit(numbers, Y)
    for other in (numbers[list("dcba")], numbers[list("abc")], numbers.assign(e=1)):
        with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
            fitted.predict(other)
    mixed = numbers.assign(t=text)
    fitted = small().fit(mixed, Y)
    expected = fitted.predict_proba(mixed)
    for other in (mixed[list("tdcba")], mixed.assign(e=1)):  # columns are found by name, and others are left out
        np.testing.assert_array_equal(fitted.predict_proba(other), expected)
    np.testing.assert_allclose(fitted.predict_proba(mixed[:1]), expected[:1], rtol=1e-5)
    with pytest.raises(ValueError, match="has no column 'd'"):
        fitted.predict(mixed.drop(columns="d"))
    with pytest.raises(ValueError, match="2 are named 'a'"):
        fitted.predict(pd.concat([mixed, numbers[["a"]]], axis=1))


def test_dates_are_features_of_an_estimator_in_a_search_and_after_pickling():
    """A frame with dates and an identifier: kept apart in the folds, the same after pickling, and refused as text of another form."""
    days = pd.date_range("2023-01-01", periods=240, freq="D")
    frame = pd.DataFrame({"id": range(240), "day": days, "x": np.arange(240) % 7})
    y = np.where(days.month.isin([5, 6, 7]), "warm", "cold")
    chosen = GridSearchCV(
        NetworkClassifier("Dense(16), ReLU()", epochs=60, optimizer="Adam(0.02)", random_state=0),
        {"use": [(), ("id",)]},
        cv=KFold(3, shuffle=True, random_state=0),
    ).fit(frame, y)
    assert chosen.best_score_ > 0.95
    best = chosen.best_estimator_
    assert {each.kind for each in best.preparation_.columns} == {"date", "number"}
    again = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(again.predict_proba(frame), best.predict_proba(frame))
    text = frame.assign(day=days.strftime("%Y-%m-%d"))
    np.testing.assert_array_equal(best.predict_proba(text), best.predict_proba(frame))
    with pytest.raises(ValueError, match=r"column 'day': must be a date, year-month-day, got 'May'"):
        best.predict(frame.assign(day="May"))
