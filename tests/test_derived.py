"""Models made from trained ones."""

import copy

import numpy as np
import pytest

import whorl
from whorl import (
    Adam,
    Average,
    BatchNorm,
    BinaryCrossEntropy,
    CrossEntropy,
    Dense,
    MeanSquaredError,
    Model,
    ReLU,
    Rescale,
    Sigmoid,
    Softmax,
    Standardize,
    average,
    calibrate,
    load,
)
from whorl.calibration import Intervals, Sets, temperature
from whorl.metrics import calibration_error

X, Y = whorl.datasets.spiral(60, rng=0)
LAYERS = [Standardize(), Dense(16), BatchNorm(), ReLU(), Dense(3), Softmax()]


def trained(seed, **changed):
    model = Model(**{"layers": LAYERS, "inputs": 2, "rng": seed, "dtype": np.float64, **changed})
    model.fit(X, Y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=5, rng=seed)
    return model


MODELS = [trained(seed) for seed in range(3)]


def test_the_average_of_models_predicts_their_mean():
    ensemble = average(MODELS)
    assert ensemble.layers == (Average(LAYERS, 3),)
    mean = np.mean([model.predict(X) for model in MODELS], axis=0)
    np.testing.assert_allclose(ensemble.predict(X), mean, rtol=1e-12)


def test_the_average_of_scores_is_a_geometric_mean_of_probabilities():
    ensemble = average((model for model in MODELS), outside=1)
    assert ensemble.layers == (Average(LAYERS[:-1], 3), Softmax())
    product = np.prod([model.predict(X) for model in MODELS], axis=0) ** (1 / 3)
    np.testing.assert_allclose(ensemble.predict(X), product / product.sum(axis=1, keepdims=True), rtol=1e-10)


@pytest.mark.parametrize("outside", [0, 1])
def test_an_ensemble_has_no_larger_loss_than_its_members_in_the_mean(outside):
    losses = [model.evaluate(X, Y, loss=CrossEntropy())["loss"] for model in MODELS]
    assert average(MODELS, outside=outside).evaluate(X, Y, loss=CrossEntropy())["loss"] < np.mean(losses)


def test_the_average_has_copies_and_leaves_the_models_as_they_are():
    before = [model.parameters.copy() for model in MODELS]
    ensemble = average(MODELS)
    ensemble.fit(X, Y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=1, rng=0)
    for model, parameters in zip(MODELS, before, strict=True):
        np.testing.assert_array_equal(model.parameters, parameters)


def test_the_average_of_models_of_a_table_takes_tables():
    table = whorl.tables.table({"a": [1, 2, 3, 4], "b": ["x", "y", "x", "y"], "y": ["n", "p", "n", "p"]}, "y")
    models = [Model([Dense(2), Softmax()], inputs=len(table.X[0]), rng=seed) for seed in range(2)]
    for model in models:
        model.preparation = copy.deepcopy(table.preparation)
    assert average(models).predict({"a": [2], "b": ["x"]}).shape == (1, 2)
    models[1].preparation = None
    with pytest.raises(ValueError, match=r"models must have the same preparation, but models\[1\] has None"):
        average(models)


@pytest.mark.parametrize(
    ("models", "options", "error", "words"),
    [
        ([], {}, ValueError, "models must hold at least one model, got none"),
        (MODELS[0], {}, TypeError, "models must be a list of models, got Model("),
        (3, {}, TypeError, "models must be a list of models, got 3"),
        ([3], {}, TypeError, "models[0] must be a Model, such as Model([Dense(3)], inputs=2), got 3"),
        ([MODELS[0], Dense(3)], {}, TypeError, "models[1] must be a Model"),
        (
            [MODELS[0], trained(0, layers=LAYERS[1:])],
            {},
            ValueError,
            "models must have the same layers, but models[1] has",
        ),
        (
            [MODELS[0], trained(0, dtype=np.float32)],
            {},
            ValueError,
            "the same dtype, but models[1] has dtype('float32')",
        ),
        (MODELS, {"outside": 6}, ValueError, "outside must leave at least one of the 6 layers to average, got 6"),
        (
            MODELS,
            {"outside": 2},
            ValueError,
            "outside must be layers without parameters, got 2, which includes Dense(3)",
        ),
        (MODELS, {"outside": -1}, ValueError, "outside must be a whole number of at least 0, got -1"),
    ],
)
def test_what_cannot_be_averaged(models, options, error, words):
    with pytest.raises(error) as caught:
        average(models, **options)
    assert words in str(caught.value)


def noisy(count, rng):
    """Two classes that overlap, in labels for a network that can learn them by heart."""
    X = rng.normal(size=(count, 2))
    return X, (X[:, 0] + rng.normal(size=count) > 0).astype(int)


@pytest.fixture(scope="module")
def overconfident():
    X, y = noisy(150, np.random.default_rng(0))
    model = Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
    model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=150, rng=0)
    return model


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (600, 1))
    model = Model([Dense(16), ReLU(), Dense(1)], inputs=1, rng=0)
    model.fit(X, X**2, loss=MeanSquaredError(), optimizer=Adam(0.01), epochs=20, rng=0)
    y = X[:, 0] ** 2 + (0.05 + X[:, 0] ** 2) * rng.normal(size=600)
    return model, X, y, calibrate(model, X, y)


def test_calibration_makes_probabilities_right_and_keeps_the_classes(overconfident):
    rng = np.random.default_rng(2)
    calibrated = calibrate(overconfident, *noisy(1000, rng))
    X, y = noisy(20_000, rng)
    before, after = overconfident.predict(X), calibrated.predict(X)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    assert calibration_error(y, before) > 0.12
    assert calibration_error(y, after) < 0.04
    for coverage in (0.8, 0.9, 0.95):
        inside = calibrated.predict_sets(X, coverage=coverage)
        assert inside.any(axis=1).all()
        assert inside[np.arange(len(y)), y].mean() == pytest.approx(coverage, abs=0.03)
    assert 0.4 < inside.all(axis=1).mean() < 0.8


def test_calibration_inserts_the_temperature_and_changes_a_second_time_what_it_inserted(overconfident):
    X, y = noisy(400, np.random.default_rng(3))
    before = overconfident.parameters.copy()
    calibrated = calibrate(overconfident, X, y)
    *same, scaled, last = calibrated.layers
    T = temperature(np.log(overconfident.predict(X) + 1e-30), y)
    assert (tuple(same), last) == (overconfident.layers[:-1], Softmax())
    assert isinstance(scaled, Rescale)
    assert (scaled.factor, scaled.offset) == (pytest.approx(1 / T, rel=1e-3), 0.0)
    np.testing.assert_array_equal(overconfident.parameters, before)
    assert overconfident.uncertainty is None
    again = calibrate(calibrated, X, y)
    assert len(again.layers) == len(calibrated.layers)
    assert again.layers[-2].factor == pytest.approx(scaled.factor, rel=0.01)
    assert calibrate(average([overconfident] * 2, outside=1), X, y).layers[-2].factor == pytest.approx(1 / T, rel=1e-3)


def test_calibration_after_a_layer_with_offsets_scales_them_too(overconfident):
    X, y = noisy(400, np.random.default_rng(3))
    *layers, last = overconfident.layers
    given = Model([*layers, Rescale(2.0, (0.5, -0.5)), last], inputs=2, rng=0)
    given.parameters = overconfident.parameters
    scaled = calibrate(given, X, y).layers[-2]
    b = scaled.factor / 2.0  # 1/T of the scores with the offsets
    assert scaled == Rescale(2.0 * b, (0.5 * b, -0.5 * b))
    p = np.log(given.predict(X) + 1e-30)
    assert b == pytest.approx(1 / temperature(p, y), rel=1e-3)


def test_one_output_is_calibrated_as_two():
    X, y = noisy(300, np.random.default_rng(4))
    one = Model([Dense(1), Sigmoid()], inputs=2, rng=0)
    one.fit(X, y, loss=BinaryCrossEntropy(), optimizer=Adam(0.1), epochs=5, rng=0)
    two = Model([Dense(2), Softmax()], inputs=2, rng=0)
    w, b = one.named_parameters().values()
    two.parameters = np.concatenate([np.hstack([0 * w, w]).ravel(), [0], b])
    calibrated, expected = calibrate(one, X, y), calibrate(two, X, y)
    assert calibrated.layers[-2].factor == pytest.approx(expected.layers[-2].factor, rel=1e-4)
    np.testing.assert_allclose(calibrated.predict(X), expected.predict(X)[:, 1:], rtol=1e-4)
    np.testing.assert_allclose(calibrated.uncertainty.scores, expected.uncertainty.scores, atol=1e-5)
    assert calibrated.predict_sets(X).shape == (300, 2)


def test_a_regression_gets_intervals(regression):
    model, X, y, calibrated = regression
    prediction, low, high = calibrated.predict(X, interval=0.9)
    np.testing.assert_array_equal(prediction, model.predict(X))
    assert prediction.shape == low.shape == high.shape == (600, 1)
    assert low.dtype == high.dtype == np.float32
    assert calibrated.layers == model.layers
    assert calibrated.uncertainty == Intervals.learn(y.astype(np.float32), prediction)
    assert 0.9 <= ((low[:, 0] <= y) & (y <= high[:, 0])).mean() < 0.92  # of the held-out samples themselves
    far, near = np.abs(X[:, 0]) > 0.9, np.abs(X[:, 0]) < 0.3
    assert (high - low)[far].mean() > 2 * (high - low)[near].mean()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, "file"])
def test_copies_and_files_keep_what_was_calibrated(copied, overconfident, regression, tmp_path):
    for model in (calibrate(overconfident, *noisy(50, np.random.default_rng(5))), regression[-1]):
        if copied == "file":
            model.save(tmp_path / "model.npz")
        same = load(tmp_path / "model.npz") if copied == "file" else copied(model)
        assert isinstance(same.uncertainty, Sets | Intervals)
        assert same.uncertainty == model.uncertainty
        assert same.layers == model.layers
    interval = same.predict(regression[1], interval=0.8)
    for expected, found in zip(model.predict(regression[1], interval=0.8), interval, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_frozen_layers_and_the_table_stay(overconfident):
    model = copy.copy(overconfident)
    model.freeze(0, 2)
    model.preparation = preparation = whorl.tables.Preparation.learn({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    calibrated = calibrate(model, *noisy(50, np.random.default_rng(5)))
    assert calibrated.frozen == {0, 2}
    assert calibrated.preparation == preparation
    assert calibrated.predict_sets({"a": [1.0], "b": [3.0]}).shape == (1, 2)


def test_training_forgets_what_was_learned_with_other_parameters(regression):
    _, X, y, calibrated = regression
    again = copy.copy(calibrated)
    training = again.training(X, y, loss=MeanSquaredError(), optimizer=Adam(0.01), epochs=1, rng=0)
    assert again.uncertainty is not None  # until it begins
    for _ in training:
        assert again.uncertainty is None
    with pytest.raises(ValueError, match="needs a model with intervals, which this one has not"):
        again.predict(X, interval=0.9)
    with pytest.raises(
        ValueError, match=r"predict_sets\(X\) is not for this model, which predicts numbers: use predict\(X, interval="
    ):
        calibrated.predict_sets(X)
