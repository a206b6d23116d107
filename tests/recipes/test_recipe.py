"""Recipes: settings, and the networks that they train."""

import re

import numpy as np
import pytest

import whorl
from whorl import (
    GELU,
    Adam,
    AdamW,
    Averaged,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    Huber,
    MeanSquaredError,
    Poisson,
    ReLU,
    Rescale,
    Softmax,
    Standardize,
    WarmUp,
)
from whorl.initializers import Normal
from whorl.recipes import RECIPES, Recipe, classification, regression
from whorl.recipes.data import Moons, Spiral

EVERY = [pytest.param(recipe, id=f"{data} {name}") for data, some in RECIPES.items() for name, recipe in some.items()]
SMALL = Recipe([Dense(8), ReLU()], optimizer=Adam(0.01), epochs=2, batch_size=16)
OUTPUT = Normal(0.01)


@pytest.mark.parametrize("recipe", [*EVERY, classification(), regression(), SMALL])
def test_a_recipe_is_what_its_settings_say(recipe):
    settings = {name: value for name, value in recipe.settings().items() if value is not None}
    assert all(isinstance(value, str | int | float | tuple) for value in settings.values())
    other = SMALL if recipe.data is None else SMALL.replace().__class__(**{**vars(SMALL), "data": type(recipe.data)()})
    again = other.replace(**settings)
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert repr(again) == repr(recipe)


def test_recipes_are_frozen():
    with pytest.raises(AttributeError, match="cannot assign to field 'epochs'"):
        SMALL.epochs = 3


def test_settings_may_be_text_or_objects():
    by_text = SMALL.replace(
        layers="Dense(64), GELU(), Dropout(0.1)",
        output_layer="Dense(1, weight_l2=0.5)",
        loss="CrossEntropy(label_smoothing=0.1)",
        optimizer="AdamW(Cosine(0.002, epochs=100))",
    )
    assert by_text == SMALL.replace(
        layers=[Dense(64), GELU(), Dropout(0.1)],
        output_layer=Dense(1, weight_l2=0.5),
        loss=CrossEntropy(label_smoothing=0.1),
        optimizer=AdamW(Cosine(0.002, epochs=100)),
    )
    assert SMALL.replace(layers="").layers == ()


def test_settings_of_the_data_are_changed_too():
    recipe = RECIPES["spiral"]["classic"].replace(noise=0.5, samples=7, epochs=3)
    assert (recipe.data, recipe.epochs) == (Spiral(7, noise=0.5), 3)


def test_the_schedule_follows_the_epochs_unless_the_optimizer_is_given():
    recipe = SMALL.replace(epochs=50, optimizer=Averaged(Adam(WarmUp(Cosine(0.1, epochs=45), epochs=5))))
    assert recipe.replace(epochs=100).optimizer == Averaged(Adam(WarmUp(Cosine(0.1, epochs=90), epochs=10)))
    assert recipe.replace(epochs=100, optimizer=recipe.optimizer).optimizer == recipe.optimizer
    assert RECIPES["moons"]["classic"].replace(epochs=7).optimizer == Adam(Cosine(0.01, epochs=7))


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        (
            {"epoch": 1},
            ValueError,
            "there is no setting 'epoch'; did you mean 'epochs'?; there are samples, noise, layers,",
        ),
        ({"n_epochs": 1}, ValueError, "there is no setting 'n_epochs'; did you mean 'epochs'?"),
        ({"classes": 1}, ValueError, "there is no setting 'classes'"),
        ({"data": 1}, ValueError, "there is no setting 'data'"),
        ({"epochs": 0}, ValueError, "epochs must be a whole number of at least 1, got 0"),
        ({"epochs": "5"}, TypeError, "epochs must be a whole number of at least 1, got '5'"),
        ({"epochs": 5.0}, TypeError, "epochs must be a whole number of at least 1, got 5.0"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number of at least 1, got True"),
        ({"validation": 1}, ValueError, "validation must be a finite number above 0 and below 1, got 1"),
        ({"patience": -1}, ValueError, "patience must be a whole number of at least 0, got -1"),
        ({"scaling": "rank"}, ValueError, "scaling must be 'standardize' or 'ranks' or 'none', got 'rank'"),
        ({"samples": 0}, ValueError, "samples must be a whole number of at least 1, got 0"),
        ({"noise": float("nan")}, ValueError, "noise must be a finite number at least 0, got nan"),
        ({"layers": 3}, TypeError, "layers must be a list of layers, such as [Dense(64), ReLU()], got 3"),
        ({"layers": [3]}, TypeError, "layers[0] must be a Layer, such as Dense(64), got 3"),
        ({"layers": [ReLU]}, TypeError, "layers[0] must be a Layer, such as Dense(64), got the class ReLU itself"),
        (
            {"layers": "Dense(3), Softmax()"},
            ValueError,
            "layers must be the hidden layers: the output layer and Softmax()",
        ),
        ({"layers": "Rely"}, ValueError, "layers: 'Rely' is not known; did you mean 'ReLU'?"),
        ({"layers": "dense(64) relu"}, ValueError, "layers: 'dense' is not known; did you mean 'Dense'?"),
        ({"layers": "Dense(0)"}, ValueError, "layers: Dense: units must be a whole number of at least 1, got 0"),
        (
            {"output_layer": "ReLU()"},
            TypeError,
            "output_layer must be a Dense or an NTKDense, such as Dense(1), got ReLU()",
        ),
        ({"scales": [1, 0]}, ValueError, "scales[1] must be a finite number above 0, got 0"),
        ({"scales": 1}, TypeError, "scales must be a list of numbers, got 1"),
        ({"dropouts": [0.1, 1]}, ValueError, "dropouts[1] must be a finite number at least 0 and below 1, got 1"),
        ({"members": 0}, ValueError, "members must be a whole number of at least 1, got 0"),
        ({"folds": 1}, ValueError, "folds must be a whole number of at least 2, got 1"),
        ({"keep": "first"}, ValueError, "keep must be 'last' or 'best', got 'first'"),
        ({"time": 0}, ValueError, "time must be a finite number above 0, got 0"),
        ({"optimizer": "adam(0.1)"}, ValueError, "optimizer: 'adam' is not known; did you mean 'Adam'?"),
        ({"optimizer": "Constant(1)"}, ValueError, "optimizer: must be one of Adagrad, "),
        ({"optimizer": 0.1}, TypeError, "optimizer must be an Optimizer, such as Adam(0.01), got 0.1"),
        ({"loss": Poisson()}, ValueError, "loss must be one of CrossEntropy, Huber, MeanAbsoluteError, "),
        ({"loss": "Cross"}, ValueError, "loss: 'Cross' is not known"),
        ({"loss": CrossEntropy}, TypeError, "loss must be a Loss, such as CrossEntropy(), got the class CrossEntropy"),
    ],
)
def test_wrong_settings_are_refused(settings, error, words):
    with pytest.raises(error, match=re.escape(words)):
        RECIPES["moons"]["classic"].replace(**settings)


def test_classification_in_two_lines():
    X, y = whorl.datasets.blobs(300, classes=2, rng=0)
    recipe = whorl.recipes.classification().replace(epochs=5)
    model, history = recipe.fit(X, y, rng=0)
    assert history["val_accuracy"][-1] > 0.95
    assert model.layers[0] == Standardize()
    assert model.layers[-2:] == (Dense(2, initializer=OUTPUT), Softmax())
    again, _ = recipe.fit(X, y, rng=0)
    np.testing.assert_array_equal(model.parameters, again.parameters)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_regression_predicts_in_the_unit_of_the_targets(shape):
    x = np.linspace(-1, 1, 400)
    y = (5000 + 1000 * x**2).reshape(shape)
    recipe = whorl.recipes.regression().replace(layers="Dense(32), Tanh()", optimizer="Adam(0.01)", epochs=60)
    model, history = recipe.fit(x[:, None], y, rng=0)
    assert history["val_r2"][-1] > 0.9
    assert model.layers[-2:] == (Dense(1, initializer=OUTPUT), Rescale(float(y.std()), float(y.mean())))
    assert model.predict([[0.0], [1.0]])[:, 0] == pytest.approx([5000, 6000], abs=150)


def test_the_targets_decide_what_there_is_to_predict():
    X = np.random.default_rng(0).normal(size=(60, 3))
    assert SMALL.fit(X, np.arange(60) % 3, rng=0)[0].outputs == (3,)
    assert SMALL.fit(X, np.eye(4)[np.arange(60) % 4], rng=0)[0].outputs == (4,)
    assert isinstance(SMALL.fit(X, X[:, 0], rng=0)[0].layers[-1], Rescale)
    counts = np.arange(60) % 3
    assert isinstance(SMALL.replace(loss=Huber()).fit(X, counts, rng=0)[0].layers[-1], Rescale)
    assert SMALL.replace(loss=MeanSquaredError()).fit(X, counts, rng=0)[1]["r2"]


def test_constant_targets_are_no_division_by_zero():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model, _ = regression().replace(epochs=1).fit(X, np.full(60, 7.0), rng=0)
    assert model.predict(X) == pytest.approx(np.full((60, 1), 7.0), abs=1.5)


def test_samples_to_validate_with_may_have_a_class_more():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model, history = SMALL.fit(X, np.zeros(60, int), validation=(X[:9], np.arange(9) % 3), rng=0)
    assert model.outputs == (3,)
    assert len(history["val_accuracy"]) == 2
    targets = np.linspace(0, 50, 60)
    _, history = SMALL.replace(loss=MeanSquaredError()).fit(X, targets, validation=(X, targets), rng=0)
    assert history["val_loss"][-1] < 2  # of standardized targets


def test_the_untrained_network_has_no_preference():
    X, y = whorl.datasets.spiral(100, rng=0)
    model = RECIPES["spiral"]["classic"].model(X, y, rng=0)
    measured = model.evaluate(X, y, loss=CrossEntropy())
    assert measured["loss"] - measured["penalty"] == pytest.approx(np.log(3), abs=0.05)


def test_the_same_numbers_as_by_hand():
    rng = np.random.default_rng(0)
    X, y = whorl.datasets.moons(40, noise=0.1, rng=rng)
    by_hand = whorl.Model(
        [Standardize(), Dense(9), whorl.ELU(), Dense(2, initializer=OUTPUT), Softmax()], inputs=2, rng=rng
    )
    step = AdamW(0.02, weight_decay=0.5)
    by_hand.fit(X, y, loss=CrossEntropy(), optimizer=step, epochs=3, batch_size=32, validation=0.2, rng=rng)
    recipe = RECIPES["moons"]["classic"].replace(samples=40, epochs=3, layers="Dense(9), ELU()", optimizer=step)
    model, problem, history, _ = recipe.train(0)
    np.testing.assert_array_equal(model.parameters, by_hand.parameters)
    np.testing.assert_array_equal(problem.X, X)
    assert len(history.epochs) == 3


def test_patience_restores_the_best_parameters():
    X, y = whorl.datasets.moons(200, rng=0)
    rates = "SGD(Chain([(2, 0.1), (99, 10)]), momentum=0.9)"  # after two good epochs, steps that spoil everything
    recipe = SMALL.replace(optimizer=rates, epochs=50, patience=2)
    model, history = recipe.fit(X, y, rng=0)
    assert len(history.epochs) == 5
    assert history.best("val_loss").number == 2
    twice, _ = recipe.replace(epochs=2, optimizer=rates).fit(X, y, rng=0)
    np.testing.assert_array_equal(model.parameters, twice.parameters)


def test_callbacks_are_called():
    seen = []

    class Note(whorl.Callback):
        def on_epoch_end(self, training, epoch):
            seen.append(epoch.number)

    X, y = whorl.datasets.moons(20, rng=0)
    SMALL.fit(X, y, callbacks=[Note()], rng=0)
    assert seen == [1, 2]


@pytest.mark.parametrize(
    ("X", "y", "error", "words"),
    [
        (
            [1.0, 2.0],
            [0, 1],
            ValueError,
            "X must have shape (n, features) and y one row for each sample, got (2,) and (2,)",
        ),
        (
            [[1.0], [2.0]],
            [0],
            ValueError,
            "X must have shape (n, features) and y one row for each sample, got (2, 1) and",
        ),
        (np.empty((0, 2)), [], ValueError, "X must have shape (n, features) and y one row for each sample, got (0, 2)"),
        ([[np.nan]], [0], ValueError, "X must hold finite numbers, but X[0, 0] is nan"),
        ([["a"]], [0], TypeError, "X must hold real numbers, got an array of shape (1, 1)"),
        ([[1.0], [2.0]], ["a", "b"], TypeError, "y must hold real numbers, got an array of shape (2,)"),
    ],
)
def test_wrong_samples_are_refused(X, y, error, words):
    with pytest.raises(error, match=re.escape(words)):
        SMALL.fit(X, y)


def test_numbers_to_predict_must_be_one_a_sample():
    with pytest.raises(ValueError, match=r"y must hold one number for each sample, got shape \(9, 2\)"):
        regression().fit(np.ones((9, 1)), np.ones((9, 2)))


def test_a_recipe_without_data_needs_samples():
    with pytest.raises(ValueError, match=r"this recipe has no data set of its own: give samples, recipe.fit\(X, y\)"):
        classification().train(0)


def test_the_data_of_a_recipe_may_be_any():
    recipe = Recipe([Dense(4)], optimizer=Adam(0.1), epochs=1, batch_size=8, data=Moons(9))
    assert recipe.problem(0).X.shape == (18, 2)
    with pytest.raises(TypeError, match=r"data must be a Data, such as Spiral\(\), got 'moons'"):
        Recipe([], optimizer=Adam(0.1), epochs=1, batch_size=8, data="moons")
