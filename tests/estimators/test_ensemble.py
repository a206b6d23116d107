"""The default of `NetworkClassifier` and `NetworkRegressor`: the networks of the recipe for tables, averaged and calibrated."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score

from whorl import Average, Callback, Clip, Dense, Hinge, Model, Rescale, Softmax
from whorl.recipes import RECIPES
from whorl.sklearn import NetworkClassifier, NetworkRegressor

CANCER = load_breast_cancer(return_X_y=True)
X, Y = CANCER[0][:160, :3], np.array(["malignant", "benign"])[CANCER[1][:160]]
NEW, EXPECTED = CANCER[0][160:, :3], np.array(["malignant", "benign"])[CANCER[1][160:]]


def classifier(**options):
    return NetworkClassifier(**{"epochs": 20, "random_state": 0, **options})


def regressor(**options):
    return NetworkRegressor(**{"epochs": 20, "random_state": 0, **options})


@pytest.fixture(scope="module", autouse=True)
def few_networks():
    """Train two kinds of networks on four folds; the examples of docs/sklearn.md train all 32."""
    with pytest.MonkeyPatch.context() as patch:
        for name, members in (("default", 8), ("best", 12)):
            patch.setitem(RECIPES["table"], name, RECIPES["table"][name].replace(members=members, folds=4))
        yield


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(X, Y)


def noisy(count, seed):
    """Numbers far from 0 and the standard deviation of their noise, 50 to 150, which depends on the second column."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, (count, 2))
    return x, 10_000 + 1000 * x[:, 0] + (50 + 100 * x[:, 1]) * rng.normal(size=count)


# Classes


def test_the_networks_become_one_model(fitted):
    average, temperature, last = fitted.model_.layers
    assert isinstance(average, Average)
    assert average.members == 8
    assert isinstance(temperature, Rescale)
    assert isinstance(last, Softmax)
    assert [type(each).__name__ for each in average.layers][:3] == ["RankScale", "PeriodicEmbedding", "Scale"]
    assert (fitted.n_iter_, len(fitted.loss_curve_), len(fitted.validation_curve_)) == (20, 20, 20)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert fitted.score(NEW, EXPECTED) > 0.8


def test_probabilities_are_those_of_the_average_calibrated(fitted):
    layers = fitted.model_.layers
    plain = Model([layers[0], Softmax()], inputs=3, rng=0)
    plain.parameters[:], plain.statistics[:] = fitted.model_.parameters, fitted.model_.statistics
    odds = np.diff(np.log(plain.predict(NEW)), axis=1)[:, 0]  # z2 − z1, before the temperature
    assert layers[1].factor != 1
    expected = layers[1].factor * odds + layers[1].offset[1] - layers[1].offset[0]
    np.testing.assert_allclose(fitted.decision_function(NEW), expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(fitted.predict_proba(NEW).sum(axis=1), 1)


def test_scores_are_those_of_held_out_samples(fitted):
    held_out = fitted.history_.held_out
    assert set(held_out) == {"accuracy", "loss", "calibration_error"}
    assert held_out["accuracy"] == pytest.approx(fitted.score(NEW, EXPECTED), abs=0.08)  # of 160 samples
    p = fitted.predict_proba(NEW)[np.arange(len(NEW)), np.searchsorted(fitted.classes_, EXPECTED)]
    assert held_out["loss"] == pytest.approx(-np.log(p).mean(), abs=0.1)


def test_sets_need_no_samples_apart(fitted):
    inside = fitted.predict_sets(NEW, coverage=0.9)
    right = inside[np.arange(len(NEW)), np.searchsorted(fitted.classes_, EXPECTED)]
    assert inside.shape == (len(NEW), 2)
    assert right.mean() > 0.9 - 3 * np.sqrt(0.09 / 160 + 0.09 / len(NEW))  # of both samples
    assert inside.any(axis=1).all()


def test_the_same_random_state_gives_the_same_networks():
    first = classifier(epochs=3).fit(X, Y)
    again = clone(first).fit(X, Y)
    np.testing.assert_array_equal(again.model_.parameters, first.model_.parameters)
    np.testing.assert_array_equal(again.predict_proba(NEW), first.predict_proba(NEW))
    other = clone(first).set_params(random_state=1).fit(X, Y)
    assert not np.array_equal(other.predict_proba(NEW), first.predict_proba(NEW))


def test_copies_predict_the_same(fitted):
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict_proba(NEW), fitted.predict_proba(NEW))
        np.testing.assert_array_equal(other.predict_sets(NEW), fitted.predict_sets(NEW))
        assert other.history_.held_out == fitted.history_.held_out
    assert not hasattr(clone(fitted), "model_")


def test_compiled_kernels_give_nearly_the_same():
    compiled, plain = (regressor(epochs=3, fast=fast).fit(*noisy(120, 0)) for fast in (True, False))
    assert compiled.history_.engine.startswith("compiled")
    assert plain.history_.engine == "NumPy: fast=False"
    x = noisy(100, 1)[0]
    np.testing.assert_allclose(compiled.predict(x), plain.predict(x), rtol=1e-4)


def test_weights_of_classes_and_samples():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = np.where(x[:, 0] + rng.normal(size=300) > 1, "rare", "usual")
    plain, balanced = (classifier(epochs=10, class_weight=weight).fit(x, y) for weight in (None, "balanced"))
    recall = [(each.predict(x) == "rare")[y == "rare"].mean() for each in (plain, balanced)]
    assert recall[1] > recall[0] + 0.1  # the best epoch is that of the weighted loss, not of the accuracy
    share = {name: 150 / (y == name).sum() for name in ("rare", "usual")}
    by_hand = classifier(epochs=10).fit(x, y, sample_weight=[share[name] for name in y])
    np.testing.assert_array_equal(by_hand.predict_proba(x), balanced.predict_proba(x))
    equal = classifier(epochs=2).fit(X, Y, sample_weight=np.full(160, 3.0))
    np.testing.assert_allclose(equal.predict_proba(X), classifier(epochs=2).fit(X, Y).predict_proba(X), rtol=1e-4)


def test_balanced_classes_have_the_probabilities_of_classes_that_are_equally_frequent():
    """Brought back to the shares in the data, they are as right as those without weights; so they are calibrated with the weights."""
    x, y = unequal(3000, 0)
    plain, balanced = (
        classifier(preset="fast", epochs=8, fast=False, class_weight=weight).fit(x, y) for weight in (None, "balanced")
    )
    new, expected = unequal(20_000, 1)
    odds = y.mean() / (1 - y.mean())
    weight = np.where(expected, 1 / odds, 1)
    p, q = (each.predict_proba(new)[:, 1] for each in (plain, balanced))
    assert log_loss(expected, times_odds(q, odds)) == pytest.approx(log_loss(expected, p), abs=0.02)
    assert log_loss(expected, q, sample_weight=weight) == pytest.approx(
        log_loss(expected, times_odds(p, 1 / odds), sample_weight=weight), abs=0.04
    )
    assert q.mean() > 3 * p.mean()
    assert np.average(q, weights=weight) == pytest.approx(0.5, abs=0.05)


def unequal(count, seed):
    """Two classes, of which one has a share of a tenth, that depend on the first column."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 2))
    return x, (rng.logistic(size=count) < 2 * x[:, 0] - 3.5).astype(int)


def times_odds(p, factor):
    """Probabilities with odds that are larger by a factor."""
    return p * factor / (p * factor + 1 - p)


def test_samples_of_weight_0_have_no_effect():
    weight = np.tile([1.0, 0.0, 1.0, 1.0], 40)
    weighted = regressor(epochs=3).fit(X, X[:, 0] + 1e6 * (weight == 0), sample_weight=weight)
    fewer = regressor(epochs=3).fit(X[weight > 0], X[weight > 0, 0])
    np.testing.assert_allclose(weighted.predict(X), fewer.predict(X), rtol=1e-5)


def test_data_frames_with_gaps_and_categories():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.uniform(20, 120, 300), "city": rng.choice(["Rome", "Oslo", "Bonn"], 300)})
    rent = 5 * frame["size"] + 400 * (frame["city"] == "Oslo")
    frame.loc[::9, "size"], frame.loc[::10, "city"] = np.nan, None
    learned = regressor().fit(frame[:200], rent[:200])
    assert learned.score(frame[200:], rent[200:]) > 0.6
    prediction, low, high = learned.predict(frame[200:], interval=0.8)
    assert (low <= prediction).all()
    assert (prediction <= high).all()
    again = pickle.loads(pickle.dumps(learned))
    np.testing.assert_array_equal(again.predict(frame), learned.predict(frame))


def test_several_labels_for_each_sample():
    x, y = make_multilabel_classification(160, n_classes=3, random_state=0)
    learned = classifier().fit(x[:120], y[:120])
    assert [type(each).__name__ for each in learned.model_.layers] == ["Average", "Sigmoid"]
    assert learned.predict_proba(x).shape == (160, 3)
    assert (learned.predict(x[120:]) == y[120:]).mean() > 0.7
    assert learned.history_.held_out == {}


def test_another_loss_gives_an_average_without_a_temperature():
    hinge = classifier(loss=Hinge(), epochs=5).fit(X, Y)
    assert [type(each).__name__ for each in hinge.model_.layers] == ["Average", "Softmax"]
    assert hinge.score(NEW, EXPECTED) > 0.8
    with pytest.raises(ValueError, match=r"predict_sets\(X\) needs held-out samples: fit holds some out by default, "):
        hinge.predict_sets(X)
    assert hinge.calibrate(NEW, EXPECTED).predict_sets(X).any(axis=1).all()


def test_a_class_with_few_samples_and_a_single_class():
    labels = np.where(np.arange(160) < 2, "rare", Y)
    assert classifier(epochs=2).fit(X, labels).predict_proba(NEW).shape == (409, 3)
    one = classifier(epochs=2).fit(X, np.full(160, "only"))
    assert (one.predict(NEW) == "only").all()
    np.testing.assert_array_equal(one.predict_proba(NEW), np.ones((409, 1)))


# Numbers


@pytest.fixture(scope="module")
def learned():
    return regressor(epochs=40).fit(*noisy(300, 0))


def test_intervals_cover_the_share_that_is_asked_for(learned):
    x, y = noisy(3000, 1)
    prediction = learned.predict(x)
    for coverage in (0.5, 0.9):
        same, low, high = learned.predict(x, interval=coverage)
        np.testing.assert_array_equal(same, prediction)
        error = np.sqrt(coverage * (1 - coverage) * (1 / 300 + 1 / 3000))
        assert ((low <= y) & (y <= high)).mean() == pytest.approx(coverage, abs=3 * error)
    assert isinstance(learned.model_.layers[0], Average)
    assert isinstance(learned.model_.layers[-1], Clip)


def test_scores_are_in_the_unit_of_the_targets(learned):
    x, y = noisy(3000, 1)
    held_out = learned.history_.held_out
    assert held_out["rmse"] == pytest.approx(np.sqrt(((learned.predict(x) - y) ** 2).mean()), rel=0.15)
    assert held_out["r2"] == pytest.approx(learned.score(x, y), abs=0.05)
    low, high = noisy(300, 0)[1].min(), noisy(300, 0)[1].max()
    assert learned.predict(x).min() >= low - 0.01
    assert learned.predict(x).max() <= high + 0.01


def test_several_numbers_for_each_sample():
    x, y = noisy(200, 0)
    both = np.column_stack([y, -2 * y])
    learned = regressor().fit(x, both)
    assert [type(each).__name__ for each in learned.model_.layers] == ["Average"]
    assert learned.predict(x).shape == (200, 2)
    assert learned.score(x, both) > 0.8
    with pytest.raises(
        ValueError, match=r"predict\(X, interval=…\) is for one class or one number for each sample, got several in fit"
    ):
        learned.predict(x, interval=0.9)


def test_a_constant_target():
    learned = regressor(epochs=1).fit(X, np.full(160, 7.0))
    for each in learned.predict(NEW, interval=0.9):
        np.testing.assert_allclose(each, 7.0, atol=1e-5)


# Which networks are trained


@pytest.mark.parametrize("kind", [classifier, regressor])
def test_the_fast_preset_is_one_network(kind):
    y = Y if kind is classifier else X[:, 0]
    fast = kind(preset="fast").fit(X, y)
    assert [type(each).__name__ for each in fast.model_.layers][:2] == ["RankScale", "PeriodicEmbedding"]
    assert fast.score(X, y) > 0.8
    assert fast.model_.uncertainty.samples == 32  # samples held out, a fifth
    assert set(fast.history_.held_out) >= ({"accuracy"} if kind is classifier else {"rmse"})


def test_presets_are_those_of_the_recipe_for_tables():
    with pytest.raises(ValueError, match="preset must be 'default' or 'fast' or 'best', got 'fastest'"):
        classifier(preset="fastest").fit(X, Y)
    best = regressor(preset="best", epochs=1).fit(X[:100, :1], X[:100, 0])
    assert best.model_.layers[0].members == 12


@pytest.mark.parametrize(
    "options",
    [{"layers": "Dense(8), ReLU()"}, {"early_stopping": True}, {"warm_start": True}],
    ids=lambda given: next(iter(given)),
)
def test_one_network_where_several_would_not_do(options):
    one = classifier(epochs=2, **options).fit(X, Y)
    kinds = [type(each).__name__ for each in one.model_.layers]
    assert (kinds[0], kinds[-2:]) == ("Standardize", ["Dense", "Softmax"])
    assert one.history_.held_out == {}


def test_one_network_for_few_samples_and_with_validation_data_of_one_s_own():
    few = classifier(epochs=2).fit(X[:99], Y[:99])
    assert few.model_.layers[1] == Dense(128)
    with pytest.raises(ValueError, match="at least 100 samples"):
        few.predict_sets(X)
    own = classifier(epochs=2).fit(X, Y, X_val=NEW, y_val=EXPECTED)
    assert own.model_.layers[1] == Dense(128)
    assert len(own.validation_curve_) == 2
    weight = np.arange(160) < 99  # samples of weight 0 do not count
    assert classifier(epochs=2).fit(X, Y, sample_weight=weight).model_.layers[1] == Dense(128)
    assert isinstance(classifier(epochs=2).fit(X[:100], Y[:100]).model_.layers[0], Average)


def test_one_network_has_the_defaults_of_the_recipe_for_samples():
    one = NetworkClassifier(warm_start=True, random_state=0).fit(X[:70], Y[:70])
    assert one.history_["learning_rate"][0] == pytest.approx(0.005, rel=0.01)
    assert one.n_iter_ == 100
    kinds = [type(each).__name__ for each in one.model_.layers]
    assert kinds == ["Standardize", "Dense", "ReLU", "Dropout", "Dense", "ReLU", "Dropout", "Dense", "Softmax"]


@pytest.mark.parametrize("preset", ["default", "fast"])
def test_several_networks_are_not_trained_on(preset):
    x, y = X[:, :1], X[:, 0]
    learned = regressor(preset=preset, epochs=1).fit(x, y)
    before = learned.predict(x)
    message = (
        "continue one network, but the last fit trained the networks of a preset: for one network, call fit with layers"
    )
    with pytest.raises(ValueError, match=message):
        learned.partial_fit(x, y)
    with pytest.raises(ValueError, match=message):
        learned.set_params(warm_start=True).fit(x, y)
    np.testing.assert_array_equal(learned.predict(x), before)
    one = learned.set_params(warm_start=False, layers="Dense(4), ReLU()").fit(x, y)
    assert one.partial_fit(x, y).n_iter_ == 1


def test_parameters_apply_to_all_networks(capsys):
    class Count(Callback):
        def on_epoch_end(self, training, epoch):
            seen.append((epoch.number, training.options.batch_size))

    seen = []
    made = regressor(epochs=2, batch_size=50, optimizer="Adam(0.003)", callbacks=[Count()], verbose=True)
    learned = made.fit(X[:, :1], X[:, 0])
    assert sorted(seen) == [(1, 50)] * 8 + [(2, 50)] * 8
    assert learned.history_["learning_rate"] == [0.003, 0.003]
    assert "epoch 2 " in capsys.readouterr().out


def test_epochs_are_as_many_as_asked_for(monkeypatch):
    monkeypatch.setitem(RECIPES["table"], "fast", RECIPES["table"]["fast"].replace(max_steps=120))
    x = np.random.default_rng(0).normal(size=(125, 1))
    for size, count in ((5, 8), (10, 9)):  # at least 8, and 9 of 12 or 13 steps
        assert regressor(preset="fast", epochs=None, batch_size=size).fit(x, x[:, 0]).n_iter_ == count
    assert regressor(preset="fast", epochs=11, batch_size=10).fit(x, x[:, 0]).n_iter_ == 11


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number"),
        ({"optimizer": "Adam(-1)"}, "optimizer: Adam: learning_rate must be a finite number at least 0, got -1"),
        ({"fast": "yes"}, "fast must be True or False, got 'yes'"),
        ({"threads": 0}, "threads must be a whole number of at least 1, got 0"),
        ({"loss": "mse"}, "loss: 'mse' is not known"),
        ({"callbacks": [3]}, r"callbacks\[0\] must be a Callback"),
    ],
)
@pytest.mark.parametrize("preset", ["default", "fast"])
def test_wrong_parameters_leave_the_estimator_as_it_was(preset, options, message):
    made = regressor(preset=preset, **options)
    before = dict(vars(made))
    with pytest.raises((TypeError, ValueError), match=message):
        made.fit(X, X[:, 0])
    assert vars(made) == before


def test_numbers_that_are_too_large_are_named():
    with pytest.raises(ValueError, match=r"X must hold finite numbers, but .* infinite or too large for float32"):
        classifier().fit(1e300 * X, Y)


def test_searches_and_cross_validation():
    x, y = load_iris(return_X_y=True)
    search = GridSearchCV(classifier(preset="fast", batch_size=64), {"epochs": [1, 20]}, cv=3).fit(x, y)
    assert search.best_params_ == {"epochs": 20}
    presets = GridSearchCV(classifier(epochs=1, batch_size=64), {"preset": ["default", "fast"]}, cv=2).fit(
        np.tile(x, (2, 1)), np.tile(y, 2)
    )
    assert isinstance(presets.cv_results_["mean_test_score"][0], float)
    assert cross_val_score(classifier(epochs=5, batch_size=64), x[:, 2:], y, cv=3).mean() > 0.8


@pytest.mark.parametrize("frame", [False, True], ids=["array", "frame"])
def test_seconds_since_1970_are_told_apart(frame):
    x, y = noisy(200, 0)
    late = x.copy()
    late[:, 0] += 1.7e9
    near, far = (
        pd.DataFrame(each, columns=[f"c{i}" for i in range(each.shape[1])]) if frame else each for each in (x, late)
    )
    usual, shifted = (regressor(epochs=5).fit(each, y) for each in (near, far))
    assert shifted.score(far, y) == pytest.approx(usual.score(near, y), abs=1e-3)
