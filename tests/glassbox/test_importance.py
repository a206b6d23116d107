"""What permutation importance measures: hand-worked cases, its expectation, and scikit-learn's numbers."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import permutation_importance as of_sklearn

import whorl
from whorl import BatchNorm, CrossEntropy, Dense, MeanSquaredError, Model, Sigmoid, Softmax, Tanh
from whorl.glassbox import permutation_importance


class Wrapped(RegressorMixin, BaseEstimator):
    """A fitted estimator of scikit-learn that predicts what a model does."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.model.predict(X)[:, 0]


@pytest.fixture
def regression():
    """A model of three inputs, and targets that it does not quite predict."""
    model = Model([Dense(8), Tanh(), Dense(1)], inputs=3, rng=1, dtype="float64")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return model, X, model.predict(X) + rng.normal(0, 0.1, (60, 1))


def houses(rows=200):
    """A table with each kind of column, and a model of it, whose parameters are random."""
    rng = np.random.default_rng(0)
    area = np.where(np.arange(rows) % 9, rng.normal(100, 20, rows), np.nan)
    columns = {
        "area": area.tolist(),
        "heating": rng.choice(["gas", "oil", "wood"], rows).tolist(),
        "sold": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(rows)],
        "price": (rng.normal(300, 50, rows) + np.nan_to_num(area)).tolist(),
    }
    table = whorl.tables.table(columns, "price")
    model = Model([whorl.Standardize(), Dense(8), Tanh(), Dense(1)], inputs=table.X.shape[1], rng=0, dtype="float64")
    model.adapt(table.X, rng=0)
    model.preparation = table.preparation
    return model, table, columns


def expected(model, X, y, features):
    """The mean over all permutations: each row gets each value with the same probability."""
    pairs = [np.where(np.isin(np.arange(X.shape[1]), features), row, X) for row in X]
    losses = [model.evaluate(each, y, loss=MeanSquaredError())["loss"] for each in pairs]
    return np.mean(losses) - model.evaluate(X, y, loss=MeanSquaredError())["loss"]


def test_one_shuffle_by_hand():
    """f = 2 x₀ predicts y exactly; shuffled, the loss is the mean of 4 (x₀[π] − x₀)²."""
    model = Model([Dense(1)], inputs=2, dtype="float64")
    model.parameters = [2, 0, 0]
    X = np.array([[1.0, 5], [2, 6], [4, 7]])
    found = permutation_importance(model, X, 2 * X[:, :1], loss=MeanSquaredError(), repeats=3, rng=7)
    rng = np.random.default_rng(7)
    by_hand = [4 * np.mean((X[rng.permutation(3), 0] - X[:, 0]) ** 2) for _ in range(3)]
    assert found.columns == ("feature 0", "feature 1")
    np.testing.assert_allclose(found.values, [by_hand, [0, 0, 0]])
    np.testing.assert_allclose((found.mean[0], found.std[0]), (np.mean(by_hand), np.std(by_hand)))
    assert (found.baseline, found.samples, found.measure) == (0, 3, "loss")


def test_a_column_that_the_network_ignores_has_exactly_0():
    model = Model([Dense(16), BatchNorm(), Tanh(), Dense(3), Softmax()], inputs=4, rng=0)
    model.named_parameters()["w1"][2] = 0
    X = np.random.default_rng(0).normal(size=(50, 4))
    found = permutation_importance(model, X, np.arange(50) % 3, loss=CrossEntropy(label_smoothing=0.1))
    ignored = found.values[found.columns.index("feature 2")]
    assert (ignored == 0).all()
    assert (found.values[found.columns.index("feature 1")] != 0).all()


def test_the_mean_tends_to_the_one_over_all_permutations(regression):
    model, X, y = regression
    found = permutation_importance(model, X, y, loss=MeanSquaredError(), repeats=400)
    assert list(found.mean) == sorted(found.mean, reverse=True)
    for name, mean, std in zip(found.columns, found.mean, found.std, strict=True):
        assert abs(mean - expected(model, X, y, [int(name[-1])])) < 4 * std / 20


def test_the_numbers_of_scikit_learn(regression):
    model, X, y = regression
    found = permutation_importance(model, X, y, loss=MeanSquaredError(), metric="r2", repeats=200)
    theirs = of_sklearn(Wrapped(model), X, y[:, 0], scoring="r2", n_repeats=200, random_state=0)
    assert found.change == "decrease of r2"
    for name, mean, std in zip(found.columns, found.mean, found.std, strict=True):
        j = int(name[-1])
        assert abs(mean - theirs.importances_mean[j]) < 4 * np.hypot(std, theirs.importances_std[j]) / np.sqrt(200)
        assert std == pytest.approx(theirs.importances_std[j], rel=0.25)


def test_the_features_of_a_column_are_shuffled_together():
    model, table, columns = houses()
    found = permutation_importance(model, table.X, table.y, loss=MeanSquaredError(), repeats=100)
    names = table.preparation.feature_names
    assert sorted(found.columns) == ["area", "heating", "sold"]
    assert sum(name.startswith("sold") for name in names) > 2
    for name, mean, std in zip(found.columns, found.mean, found.std, strict=True):
        features = [i for i, feature in enumerate(names) if feature.startswith(name)]
        assert abs(mean - expected(model, table.X, table.y, features)) < 4 * std / 10
    of_frame = permutation_importance(model, columns, table.y, loss=MeanSquaredError(), repeats=100)
    np.testing.assert_array_equal(of_frame.values, found.values)


def test_the_metric_says_what_is_worse(regression):
    model, X, y = regression
    rmse = permutation_importance(model, X, y, loss=MeanSquaredError(), metric="rmse", repeats=3)
    assert rmse.change == "increase of rmse"
    assert rmse.baseline == pytest.approx(whorl.metrics.root_mean_squared_error(y, model.predict(X)))
    assert (rmse.values > 0).all()

    def negative(target, prediction):
        return -whorl.metrics.root_mean_squared_error(target, prediction)

    own = permutation_importance(model, X, y, loss=MeanSquaredError(), metric=negative, repeats=3)
    np.testing.assert_array_equal(own.values, rmse.values)
    assert own.change == "decrease of negative"


def test_equal_seeds_give_equal_numbers_and_nothing_is_changed(regression):
    model, X, y = regression
    before, parameters = X.copy(), model.parameters.copy()
    one, same, other = (
        permutation_importance(model, X, y, loss=MeanSquaredError(), rng=rng).values for rng in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(model.parameters, parameters)


def test_images_and_one_output():
    model = Model([whorl.Flatten(), Dense(1), Sigmoid()], inputs=(2, 2), dtype="float64")
    model.parameters = [0, 0, 3, 0, 0]
    X = np.random.default_rng(0).normal(size=(40, 2, 2))
    found = permutation_importance(model, X, (X[:, 1, 0] > 0)[:, None], loss=whorl.BinaryCrossEntropy())
    assert found.columns[0] == "feature 1, 0"
    assert (found.mean > 0).tolist() == [True, False, False, False]


def test_it_prints_as_a_table(regression):
    model, X, y = regression
    found = permutation_importance(model, X, y, loss=MeanSquaredError(), repeats=2)
    lines = repr(found).splitlines()
    assert lines[0].split("  ")[0] == "column"
    assert lines[1].split() == [*found.columns[0].split(), f"{found.mean[0]:.4g}", f"{found.std[0]:.2g}"]
    assert lines[-1] == f"loss {found.baseline:.4g} on 60 samples; each column shuffled 2 times"
    assert f">{found.mean[0]:.4g}</td>" in found._repr_html_()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"repeats": 0}, "repeats must be"),
        ({"metric": "r3"}, "metrics must be among"),
        ({"y": np.zeros((59, 1))}, "X and y must have the same number of samples, got 60 and 59"),
        ({"X": np.zeros((1, 3)), "y": np.zeros((1, 1))}, "X must have at least 2 samples to shuffle, got 1"),
    ],
)
def test_wrong_arguments(regression, changed, message):
    model, X, y = regression
    given = {"X": X, "y": y, "loss": MeanSquaredError(), **changed}
    with pytest.raises(ValueError, match=message):
        permutation_importance(model, **given)
