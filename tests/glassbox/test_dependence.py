"""What partial dependence is: hand-worked cases, scikit-learn's numbers, and each kind of column of a table."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import partial_dependence as of_sklearn

import whorl
from whorl import Dense, Model, Softmax, Standardize, Tanh
from whorl.glassbox import partial_dependence


class Classifies(ClassifierMixin, BaseEstimator):
    """A fitted classifier of scikit-learn that predicts what a model does."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        return np.arange(self.model.outputs[0])

    def predict_proba(self, X):
        return self.model.predict(X)


@pytest.fixture
def three():
    model = Model([Dense(8), Tanh(), Dense(3), Softmax()], inputs=4, rng=0, dtype="float64")
    return model, np.random.default_rng(0).normal(size=(80, 4))


ROWS = {
    "area": [50.0, 80.0, None, 120.0, 65.0, 90.0],
    "heating": ["gas", "oil", "gas", None, "wood", "gas"],
    "sold": ["2024-01-05", "2024-03-09", "2023-07-01", "2022-12-31", "2024-06-15", "2023-02-28"],
    "rooms": [2, 3, 3, 5, 2, 4],
    "price": [1.0, 2.5, 3.0, 4.5, 5.0, 6.5],
}


@pytest.fixture
def houses():
    table = whorl.tables.table(ROWS, "price")
    model = Model([Standardize(), Dense(8), Tanh(), Dense(1)], inputs=table.X.shape[1], rng=0, dtype="float64")
    model.adapt(table.X, rng=0)
    model.preparation = table.preparation
    return model, table


def with_all(name, value):
    """The rows, with the same value in all of a column."""
    return {key: values if key != name else [value] * len(values) for key, values in ROWS.items()}


@pytest.mark.parametrize("column", [0, 3])
def test_the_numbers_of_scikit_learn(three, column):
    model, X = three
    ours = partial_dependence(model, X, column, grid=9)
    theirs = of_sklearn(
        Classifies(model),
        X,
        [column],
        method="brute",
        response_method="predict_proba",
        custom_values={column: ours.grid},
    )
    np.testing.assert_allclose(ours.prediction.T, theirs["average"], rtol=1e-12)


def test_all_values_if_they_are_few(three):
    model, X = three
    X[:, 1] = np.round(X[:, 1])
    ours = partial_dependence(model, X, 1)
    theirs = of_sklearn(Classifies(model), X, [1], method="brute", response_method="predict_proba")
    np.testing.assert_array_equal(ours.grid, theirs["grid_values"][0])
    np.testing.assert_allclose(ours.prediction.T, theirs["average"], rtol=1e-12)


def test_the_grid_has_the_quantiles(three):
    model, X = three
    X[:, 0] = np.arange(80) ** 2
    grid = partial_dependence(model, X, 0, grid=5).grid
    np.testing.assert_array_equal(grid, np.array([0, 20, 40, 59, 79]) ** 2)


def test_a_product_by_hand():
    """The mean over x₁ of x₀ + 2 x₁, and the mean of an image's pixel."""
    model = Model([whorl.Flatten(), Dense(1)], inputs=(1, 2), dtype="float64")
    model.parameters = [1, 2, 0.5]
    X = np.array([[[0.0, 1]], [[3, 5]]])
    found = partial_dependence(model, X, (0, 1))
    np.testing.assert_array_equal(found.grid, [1, 5])
    np.testing.assert_array_equal(found.prediction[:, 0], [1.5 + 2 + 0.5, 1.5 + 10 + 0.5])
    assert (found.column, found.outputs) == ("feature 0, 1", ("output",))


def test_categories_take_all_values(houses):
    model, table = houses
    found = partial_dependence(model, table.X, "heating")
    assert found.grid.tolist() == ["gas", "oil", "wood", "(missing)"]
    for value, mean in zip(["gas", "oil", "wood", None], found.prediction[:, 0], strict=True):
        assert mean == pytest.approx(model.predict(with_all("heating", value)).mean(), rel=1e-12)
    assert repr(found).splitlines()[0].split() == ["heating", "price"]


@pytest.mark.parametrize("column", ["area", "rooms"])
def test_numbers_are_those_of_the_column(houses, column):
    found = partial_dependence(model := houses[0], ROWS, column)
    assert found.grid.tolist() == sorted({value for value in ROWS[column] if value is not None})
    for value, mean in zip(found.grid.tolist(), found.prediction[:, 0], strict=True):
        assert mean == pytest.approx(model.predict(with_all(column, value)).mean(), rel=1e-12)


def test_dates(houses):
    model, table = houses
    found = partial_dependence(model, table.X, "sold")
    assert found.grid.astype(str).tolist() == sorted(ROWS["sold"])
    for value, mean in zip(found.grid.astype(str), found.prediction[:, 0], strict=True):
        assert mean == pytest.approx(model.predict(with_all("sold", str(value))).mean(), rel=1e-9)
    assert "2022-12-31" in repr(found)


def test_dates_with_times_in_float32():
    rows = {"at": [f"2020-0{1 + i % 9}-11 {i % 24:02}:30" for i in range(60)], "y": np.arange(60.0).tolist()}
    table = whorl.tables.table(rows, "y")
    model = Model([Dense(1)], inputs=table.X.shape[1], rng=0)
    model.preparation = table.preparation
    found = partial_dependence(model, table.X, "at", grid=60)
    assert found.grid.astype(str).tolist() == sorted({each.replace(" ", "T") for each in rows["at"]})


def test_numbers_with_an_offset():
    seconds = (1.7e9 + np.arange(6)).tolist()
    table = whorl.tables.table({"time": seconds, "y": np.arange(6.0).tolist()}, "y")
    model = Model([Dense(1)], inputs=1, rng=0)
    model.preparation = table.preparation
    assert partial_dependence(model, table.X, "time").grid.tolist() == seconds


def test_wrong_arguments(three, houses):
    model, X = three
    of_table, table = houses
    for column in (4, -1):
        with pytest.raises(ValueError, match=r"index of a feature in a sample of shape \(4,\), got"):
            partial_dependence(model, X, column)
    for column in ("area", (0, 1), 1.0):
        with pytest.raises(TypeError, match="column must be the index of a feature"):
            partial_dependence(model, X, column)
    with pytest.raises(ValueError, match=r"column must be one of area, heating, sold, rooms, got 'aera'.*'area'"):
        partial_dependence(of_table, table.X, "aera")
    with pytest.raises(ValueError, match="grid must be"):
        partial_dependence(model, X, 0, grid=1)
    with pytest.raises(ValueError, match="but all of 'area' are missing"):
        partial_dependence(of_table, with_all("area", None), "area")
