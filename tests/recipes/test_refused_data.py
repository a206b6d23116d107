"""What recipes refuse, and numbers that float32 can hardly tell apart."""

import re

import numpy as np
import pytest

import whorl
from whorl import Adam, Dense, MeanSquaredError, ReLU
from whorl.layers import PeriodicEmbedding
from whorl.recipes import Recipe, ensemble
from whorl.tables import Preparation
from whorl.tables.encoding import Number, unresolved

ONE = Recipe([Dense(4), ReLU()], optimizer=Adam(0.01), epochs=1, batch_size=32)
X = np.random.default_rng(0).normal(size=(120, 2))
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (5, "X must have shape (n, features) and y one row for each sample, got (120, 2) and ()"),
        (Y - 1, "y must hold the classes 0, 1, …, got -1 to 0; for numbers to predict, give loss=MeanSquaredError()"),
        (Y * 10**9, "y must hold the classes 0, 1, …, got 0 to 1000000000"),
        (X[:, 0] * 1e200, "y must vary by more than float32 resolves beside its size, got numbers up to"),
        (1e9 + X[:, 0], "subtract a number from all, or divide them by one"),
    ],
)
def test_targets_that_cannot_be_learned(y, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        ONE.fit(X, y, rng=0)


@pytest.mark.parametrize(
    ("validation", "error", "words"),
    [
        (0.2, TypeError, "validation must be (X_val, y_val), got 0.2"),
        (
            (X[:9, :1], Y[:9]),
            ValueError,
            "in validation: X and y must have the shapes (n, 2) and (n), as those to train on",
        ),
        ((X[:9], Y[:9, None] + 0.5), ValueError, "in validation: X and y must have the shapes"),
        ((X[:9], Y[:8]), ValueError, "in validation: X must have shape (n, features) and y one row for each"),
    ],
)
def test_validation_samples_that_are_not_like_those_to_train_on(validation, error, words):
    with pytest.raises(error, match=re.escape(words)):
        ONE.fit(X, Y, validation=validation, rng=0)


def test_validation_samples_may_be_lists():
    one, _ = ONE.fit(X, Y, validation=(X[:9].tolist(), Y[:9].tolist()), rng=0)
    other, _ = ONE.fit(X, Y, validation=(X[:9], Y[:9]), rng=0)
    np.testing.assert_array_equal(one.parameters, other.parameters)


def test_columns_that_float32_can_hardly_tell_apart():
    shifted = X + np.array([0.0, 1.7e9])
    with pytest.raises(ValueError, match=r"got column 1 with numbers such as 1[67]\d{8}"):
        ONE.fit(shifted, Y, rng=0)
    # A standard deviation of 1 has 16 steps of float32 near 1e6, 1024 near 1e4 and 8192 near 2000; constants have none to lose.
    near = np.array([[-1.0], [1.0]]) + np.array([1e6, 1e4, 2000.0, 0.0])
    assert unresolved(near).tolist() == [True, False, False, False]
    assert not unresolved(np.full((3, 1), 1.7e9)).any()


def test_a_table_subtracts_the_median_of_such_a_column():
    seconds = [1_700_000_000.0, 1_700_000_001.0, 1_700_000_003.0]
    preparation = Preparation.learn({"time": seconds, "size": [1.0, 2.0, 4.0]})
    assert preparation.columns[0] == Number("time", 1_700_000_001.0, offset=1_700_000_001.0)
    assert repr(preparation.columns[1]) == "Number('size', 2.0)"
    new = preparation.transform({"time": [1_700_000_002.0, None], "size": [1.0, 1.0]})
    np.testing.assert_array_equal(new, [[1.0, 1.0], [0.0, 1.0]])


def test_the_scores_of_held_out_samples_are_those_of_the_model():
    y = 30_000 + X[:, 0]
    found = ONE.replace(epochs=30, members=2, folds=2).fitted(X, y, rng=0)
    first = found.networks.take(0)
    layers = [*first.models[0].layers, *found.model.layers[1:]]
    alone = whorl.derived.with_layers(first.models[0], layers)
    own = whorl.metrics.root_mean_squared_error(y[first.rows, None], alone.predict(X[first.rows]))
    p = ensemble.in_unit(first.held_out(), found.model.layers[1:])
    assert whorl.metrics.root_mean_squared_error(y[first.rows, None], p) == pytest.approx(own, rel=1e-6)


def test_one_network_has_the_layers_as_they_are():
    layers = [PeriodicEmbedding(scale=0.5), Dense(4)]
    recipe = Recipe(layers, optimizer=Adam(), epochs=1, batch_size=32, scales=(0.2, 2.0), dropouts=(0.5,))
    for each in (recipe, recipe.replace(calibrate=True)):
        model, _ = each.fit(X, Y, rng=0)
        assert model.layers[1].scale == 0.5


def test_more_networks_than_folds_need_no_more_samples():
    found = ONE.replace(members=70, folds=5).fitted(X, Y, rng=0)
    assert len(found.networks.models) == 70


def test_a_regression_of_whole_numbers_is_asked_for():
    model, history = ONE.replace(loss=MeanSquaredError()).fit(X, Y * 10, rng=0)
    assert model.outputs == (1,)
    assert "r2" in history
