"""Settings of a recipe that make trainings comparable: the same samples to validate with, and the engine."""

import numpy as np
import pytest

import whorl
from whorl import Adam, Callback, Dense, ReLU
from whorl.recipes import Recipe
from whorl.recipes.data import TableFile

X, Y = whorl.datasets.moons(60, rng=0)
SMALL = Recipe([Dense(4), ReLU()], optimizer=Adam(0.01), epochs=1, batch_size=32, fast=False)


class Held(Callback):
    """Keeps the samples to validate with."""

    def on_train_begin(self, training):
        self.x = np.asarray(training.validation.x)


def held(recipe, rng):
    found = Held()
    recipe.fit(X, Y, callbacks=[found], rng=rng)
    return found.x


@pytest.mark.parametrize("calibrate", [False, True])
def test_networks_of_other_sizes_and_seeds_are_validated_with_the_same_samples(calibrate):
    recipe = SMALL.replace(calibrate=calibrate, validation=0.25)
    same = [held(recipe.replace(validation_seed=7, layers=[Dense(k)]), rng=k) for k in (2, 9)]
    np.testing.assert_array_equal(*same)
    assert len(same[0]) == 30
    assert not np.array_equal(held(recipe.replace(validation_seed=8), rng=2), same[0])
    assert not np.array_equal(held(recipe, rng=2), held(recipe, rng=9))


def test_rows_of_a_file_too(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,y\n" + "".join(f"{k},{k % 2}\n" for k in range(80)))
    recipe = Recipe(SMALL.layers, optimizer=Adam(0.01), epochs=1, batch_size=32, data=TableFile(str(path), "y"))
    seeded = [recipe.replace(validation_seed=7).problem(rng).validation[0] for rng in (0, 1)]
    np.testing.assert_array_equal(*seeded)
    assert not np.array_equal(recipe.problem(0).validation[0], recipe.problem(1).validation[0])


def test_without_a_seed_the_samples_are_drawn_as_ever():
    model, history = SMALL.fit(X, Y, rng=3)
    rng = np.random.default_rng(3)
    own = SMALL.model(X, Y, rng=rng)
    by_hand = own.fit(
        X,
        Y,
        loss=whorl.CrossEntropy(),
        optimizer=Adam(0.01),
        epochs=1,
        batch_size=32,
        validation=0.2,
        metrics=["accuracy"],
        rng=rng,
    )
    np.testing.assert_array_equal(model.parameters, own.parameters)
    assert history["val_loss"] == by_hand["val_loss"]


@pytest.mark.parametrize(
    ("settings", "engine"),
    [
        ({"fast": False}, "NumPy: fast=False"),
        ({"fast": True, "threads": 1}, ", 1 thread"),
        ({"fast": True, "threads": 2}, ", 2 threads"),
        ({"fast": True, "threads": 1, "members": 2, "folds": 2}, ", 1 thread"),
    ],
)
def test_the_engine_and_its_threads(settings, engine):
    _, history = SMALL.replace(**settings).fit(X, Y, rng=0)
    assert history.engine.endswith(engine)
