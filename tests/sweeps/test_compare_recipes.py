"""Comparisons of recipes, with scipy's permutation test as the counterpart."""

import numpy as np
import pytest
from scipy.stats import permutation_test

import whorl
from whorl import Adam, Dense, ReLU
from whorl.recipes import RECIPES, Recipe
from whorl.sweeps import Runs, better, compare, differences
from whorl.sweeps.comparison import MOST_SPLITS, one_by_one, verdict

X, Y = whorl.datasets.moons(60, noise=0.2, rng=0)
SLOW = Recipe([Dense(8), ReLU()], optimizer=Adam(1e-4), epochs=6, batch_size=16)
FAST = SLOW.replace(optimizer=Adam(0.03), batch_size=32)


@pytest.fixture(scope="module")
def runs():
    return compare({"slow": SLOW, "fast": FAST}, X, Y, seeds=4, rng=3)


def scipy_s(a, b):
    return permutation_test(
        (a, b), lambda x, y, axis: abs(x.mean(axis) - y.mean(axis)), vectorized=True, n_resamples=np.inf,
        alternative="greater",
    ).pvalue  # fmt: skip


@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (2, 7), (8, 6)])
@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_the_probability_is_that_of_scipy(sizes, shift):
    rng = np.random.default_rng(int(10 * shift) + sizes[0])
    a, b = (rng.normal(k * shift, size=size) for k, size in enumerate(sizes))
    assert better(a, b) == pytest.approx(scipy_s(a, b), abs=1e-12)


def test_many_values_are_divided_at_random():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 9), rng.normal(0.9, 1, 9)  # 48,620 ways, of which scipy takes all
    found = better(a, b)
    exact = scipy_s(a, b)
    assert abs(found - exact) < 4 * np.sqrt(exact / MOST_SPLITS)
    many = rng.normal(0, 1, 20)  # no random division is as the given one
    assert better(many, many + 100) == 1 / (MOST_SPLITS + 1)


def test_equal_values_make_no_difference():
    assert better(np.full(5, 2.0), np.full(5, 2.0)) == 1.0


def test_a_seed_gives_what_the_recipe_gives_with_it(runs):
    seeds = np.random.default_rng(3).integers(2**31, size=4).tolist()
    for name, recipe in (("slow", SLOW), ("fast", FAST)):
        for k, seed in enumerate(seeds):
            alone = recipe.replace(validation_seed=seeds[0] % 1000, fast=True, threads=1)
            _, history = alone.fit(X, Y, rng=seed)
            assert runs[name].losses[k] == history["val_loss"][-1]
            assert runs[name].scores["val_accuracy"][k] == history["val_accuracy"][-1]
            assert runs[name].histories[k]["loss"] == history["loss"]
    np.testing.assert_allclose(runs["slow"].history()["val_loss"][-1], runs["slow"].losses.mean())


def test_the_verdict_says_which_is_better_and_how_sure_that_is(runs):
    text = verdict(runs)
    less = runs["slow"].losses.mean() - runs["fast"].losses.mean()
    assert text.startswith(f"fast is better than slow: its validation loss is lower by {less:.3g}, ")
    assert "a probability of 2.9%" in text  # 2 of 70: the least that is possible


def test_seeds_alone_make_no_clear_difference():
    same = compare({"a": SLOW, "b": SLOW.replace(epochs=7)}, X, Y, seeds=4)
    assert verdict(same).startswith("no clear difference: the validation loss of b is lower than that of a by ")
    equal = {name: Runs(SLOW, np.ones(3), {}, []) for name in "ab"}
    assert verdict(equal) == "a and b have the same validation loss"


def test_settings_that_differ():
    assert differences({"a": SLOW, "b": FAST}) == {"optimizer": ["Adam(0.0001)", "Adam(0.03)"], "batch_size": [16, 32]}
    parts = one_by_one({"a": SLOW, "b": FAST})
    assert list(parts) == ["a", "a with optimizer of b", "a with batch_size of b", "b"]
    assert differences({"a": SLOW, "c": parts["a with batch_size of b"]}) == {"batch_size": [16, 32]}
    assert one_by_one({"a": SLOW, "b": SLOW.replace(epochs=7)}).keys() == {"a", "b"}


def test_several_networks_are_measured_on_held_out_samples():
    table = RECIPES["table"]["fast"].replace(epochs=2, members=4, folds=2)
    found = compare({"a": table, "b": table.replace(epochs=3)}, X, Y, seeds=2)
    assert [each.held_out["loss"] for each in found["a"].histories] == found["a"].losses.tolist()


@pytest.mark.parametrize(
    ("recipes", "options", "error"),
    [
        ({"a": SLOW}, {}, "recipes must be at least two, got 1"),
        ([SLOW, FAST], {}, "recipes must be a mapping from names to recipes, got "),
        ({"a": SLOW, "b": 3}, {}, "recipes\\['b'\\] must be a Recipe"),
        ({"a": SLOW, "b": FAST}, {"seeds": 1}, "seeds must be a whole number of at least 2, got 1"),
        ({"a": SLOW, "b": SLOW.replace(time=3)}, {}, "recipes\\['b'\\] must have time=None, which seeds share unequally, got 3"),
    ],
)  # fmt: skip
def test_invalid_arguments(recipes, options, error):
    with pytest.raises((TypeError, ValueError), match=error):
        compare(recipes, X, Y, **options)
