"""Models made from trained ones."""

import copy

import numpy as np
import pytest

import whorl
from whorl import Adam, Average, BatchNorm, CrossEntropy, Dense, Model, ReLU, Softmax, Standardize, average

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
