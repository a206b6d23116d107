"""The recipes of each data set."""

import math
import re

import pytest

import whorl
from whorl import SGD, Adam, Cosine, CrossEntropy, Dense, Dropout, InverseTime, MeanSquaredError, ReLU
from whorl.layers import BatchNorm, Mish, NTKDense, Parametric, PeriodicEmbedding, Scale
from whorl.recipes import RECIPES, classification, find, regression


def test_the_spiral_by_the_book():
    recipe = find("spiral")
    assert [type(layer) for layer in recipe.layers] == [Dense, ReLU, Dropout]
    assert recipe.optimizer == SGD(InverseTime(0.05, decay=2.5e-4), momentum=0.8)
    assert f"{recipe.optimizer.learning_rate(recipe.epochs):.5f}" == "0.04762"
    for layer in (recipe.layers[0], recipe.output_layer):
        assert min(layer.weight_l2, layer.bias_l2) > 0
    assert recipe.layers[0].initializer.std == pytest.approx(math.sqrt(6), abs=1e-3)


@pytest.mark.parametrize(
    ("data", "preset", "layers", "optimizer", "settings"),
    [
        ("moons", "classic", (Dense(64), ReLU()) * 2, Adam(Cosine(0.01, epochs=50)), (50, 32, 0.2)),
        ("digits", "classic", (Dense(128), ReLU(), Dropout(0.2)) * 2, Adam(Cosine(0.003, epochs=50)), (50, 32, 0.2)),
        ("mnist", "classic", (Dense(512), ReLU(), Dropout(0.2)) * 2, Adam(Cosine(0.001, epochs=15)), (15, 128, 1 / 12)),
        (
            *("mnist", "best", (Dropout(0.2), *(Dense(1024), ReLU(), Dropout(0.5)) * 2)),
            *(Adam(Cosine(0.001, epochs=60)), (60, 256, 1 / 60)),
        ),
        (
            *("fashion-mnist", "best", (Dropout(0.1), *(Dense(1024), BatchNorm(), ReLU(), Dropout(0.4)) * 2)),
            *(Adam(Cosine(0.002, epochs=60)), (60, 256, 1 / 30)),
        ),
    ],
)
def test_what_the_presets_are(data, preset, layers, optimizer, settings):
    recipe = RECIPES[data][preset]
    assert (recipe.layers, recipe.optimizer) == (layers, optimizer)
    assert (recipe.epochs, recipe.batch_size, recipe.validation) == settings


def test_the_network_for_tables_and_that_for_samples_of_ones_own():
    recipe = find("table")
    block = NTKDense(128), Parametric(Mish(), 0.1), Dropout(0.1)
    assert recipe.layers == (PeriodicEmbedding(scale=1.0, multiple=0.1), Scale(6.0), *3 * block)
    assert (recipe.members, recipe.folds, recipe.max_steps) == (32, 8, 2500)
    assert (recipe.scales, recipe.dropouts) == ((0.6, 0.2, 2.0, 0.05), (0.1, 0.1, 0.1, 0.3))
    assert (find("table", "fast").members, find("table", "best").members) == (1, 80)
    assert classification().layers == regression().layers == (Dense(128), ReLU(), Dropout(0.1)) * 2
    assert (classification().loss, regression().loss, recipe.loss) == (CrossEntropy(), MeanSquaredError(), None)
    assert classification().optimizer == regression().optimizer


def test_few_samples_are_enough():
    X, y = whorl.datasets.moons(100, rng=0)
    model, _ = classification().fit(X, y, rng=0)
    X_new, y_new = whorl.datasets.moons(1000, rng=1)
    assert whorl.metrics.accuracy(y_new, model.predict(X_new)) > 0.98


@pytest.mark.parametrize("recipe", [recipe for some in RECIPES.values() for recipe in some.values()])
def test_schedules_end_with_the_training(recipe):
    schedule = recipe.optimizer.learning_rate
    assert not isinstance(schedule, Cosine) or schedule.epochs == recipe.epochs


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("mnost",), "there is no data set 'mnost'; did you mean 'mnist'?; there are spiral, moons, "),
        (("fashion_mnist",), "did you mean 'fashion-mnist'?"),
        (("spiral", "bset"), "spiral has no preset 'bset'; did you mean 'best'?; it has classic, best"),
        (("moons", "best"), "moons has no preset 'best'; it has classic"),
    ],
)
def test_unknown_names_are_refused(names, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        find(*names)
