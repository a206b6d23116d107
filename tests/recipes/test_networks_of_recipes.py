"""Recipes of several networks: folds, kinds, the average, and what the held-out samples are for."""

import numpy as np
import pytest

import whorl
from whorl import Adam, Callback, CrossEntropy, Dense, Dropout, Model, NTKDense, ReLU, Softmax
from whorl.calibration import Intervals, Sets, temperature, temperature_and_biases
from whorl.layers import Average, Clip, PeriodicEmbedding, RankScale, Rescale
from whorl.recipes import RECIPES, Recipe, ensemble, networks
from whorl.recipes.selection import votes

SEVERAL = Recipe([Dense(8), ReLU()], optimizer=Adam(0.02), epochs=3, batch_size=32, members=4, folds=2)


def moons(count=80, seed=0):
    X, y = whorl.datasets.moons(count, noise=0.3, rng=seed)
    return X.astype(np.float32), y


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def numbers(count=200, seed=0):
    X = np.random.default_rng(seed).uniform(-1, 1, (count, 2)).astype(np.float32)
    return X, 50 + 10 * X[:, 0] * X[:, 1] + np.random.default_rng(seed + 1).normal(size=count)


def test_each_network_learns_all_samples_but_its_fold_which_validates_it():
    X, y = moons()
    found = SEVERAL.fitted(X, y, rng=0).networks
    assert [len(rows) for rows in found.folds] == [80] * 4
    for one, other in ((0, 1), (2, 3)):  # two divisions into two folds
        np.testing.assert_array_equal(np.sort(np.concatenate([found.folds[one], found.folds[other]])), np.arange(160))
    assert not np.array_equal(found.folds[0], found.folds[2])
    for model, history, rows in zip(found.models, found.histories, found.folds, strict=True):
        measured = model.evaluate(X[rows], y[rows], loss=CrossEntropy(), metrics=["accuracy"])
        assert history["val_loss"][-1] == pytest.approx(measured["loss"], rel=1e-5)
        assert history["val_accuracy"][-1] == measured["accuracy"]


def test_a_network_is_that_of_model_fit():
    X, y = moons()
    folds = [np.arange(40), np.arange(40, 80)]
    make = lambda seed: Model([Dense(8), ReLU(), Dense(2), Softmax()], inputs=2, rng=seed)  # noqa: E731
    given = {"loss": CrossEntropy(), "optimizer": Adam(0.02), "epochs": 2, "batch_size": 16}
    found = networks.train(
        [make(0), make(1)], folds, X, y, callbacks=(), resume=lambda k: None, rng=np.random.default_rng(5), **given
    )
    rng = np.random.default_rng(5)
    for seed, model, rows in zip((0, 1), found.models, folds, strict=True):
        alone, rest = make(seed), np.setdiff1d(np.arange(160), rows)
        alone.fit(X[rest], y[rest], validation=(X[rows], y[rows]), rng=int(rng.integers(2**63)), **given)
        np.testing.assert_array_equal(model.parameters, alone.parameters)


def test_the_model_is_the_average_of_the_networks():
    X, y = moons()
    found = SEVERAL.fitted(X, y, rng=0)
    scores = np.mean([whorl.passes.predict(model, X, last=-1) for model in found.networks.models], axis=0)
    assert found.model.layers[0] == Average(found.networks.models[0].layers[:-1], 4)
    np.testing.assert_allclose(found.model.predict(X), softmax(scores), rtol=2e-5, atol=1e-6)


def test_the_history_has_the_means_of_the_networks():
    X, y = moons()
    found = SEVERAL.fitted(X, y, rng=0)
    each = [history["val_loss"] for history in found.networks.histories]
    np.testing.assert_allclose(found.history["val_loss"], np.mean(each, axis=0))
    assert len(found.history.epochs) == 3


def test_held_out_predictions_are_those_of_networks_that_have_not_learned_from_a_sample():
    X, y = moons()
    found = SEVERAL.fitted(X, y, rng=0).networks
    mean = softmax(found.held_out())
    for i in (0, 17, 159):
        unseen = [model for model, rows in zip(found.models, found.folds, strict=True) if i in rows]
        assert len(unseen) == 2
        np.testing.assert_allclose(
            mean[i],
            softmax(np.mean([whorl.passes.predict(model, X[i : i + 1], last=-1) for model in unseen], axis=0))[0],
            rtol=1e-5,
        )


def test_held_out_samples_calibrate_the_probabilities():
    X, y = moons()
    recipe = SEVERAL.replace(epochs=40, calibrate=True)
    found = recipe.fitted(X, y, rng=0)
    z = found.networks.held_out()
    T, biases = temperature_and_biases(z, y)
    assert found.model.layers[1:] == (Rescale(1 / T, biases.round(4)), Softmax())
    p = softmax(z / T + biases.round(4))
    np.testing.assert_allclose(found.model.uncertainty.scores, Sets.learn(y, p).scores, rtol=1e-5, atol=1e-7)
    assert found.history.held_out["accuracy"] == np.mean(p.argmax(axis=1) == y)
    assert found.history.held_out["loss"] == pytest.approx(-np.log(p[np.arange(160), y]).mean())
    assert found.history.held_out["calibration_error"] == pytest.approx(whorl.metrics.calibration_error(y, p), rel=1e-4)


def test_many_classes_have_a_temperature_only():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(400, 101)), rng.integers(101, size=400)
    assert ensemble.calibration_layer(z, y, None) == Rescale(1 / temperature(z, y), 0.0)
    assert len(ensemble.calibration_layer(z[:, :100], y % 100, None).offset) == 100


def test_the_calibration_counts_the_weights_of_samples():
    X, y = moons()
    trained = SEVERAL.fitted(X, y, rng=0).networks
    weight = np.where(X[:, 0] > 0, 5.0, 1.0)
    model, scores = ensemble.classifier(trained, y, calibrate=True, sample_weight=weight)
    usual, usual_scores = ensemble.classifier(trained, y, calibrate=True)
    found = [temperature_and_biases(trained.held_out(), y, given) for given in (weight, None)]
    assert [each.layers[1] for each in (model, usual)] == [Rescale(1 / T, b.round(4)) for T, b in found]
    assert found[0][0] != found[1][0]
    p = softmax(trained.held_out() / found[0][0] + found[0][1].round(4))  # all count alike in what comes after it
    assert scores["loss"] == pytest.approx(-np.log(p[np.arange(160), y]).mean(), rel=1e-5)
    assert scores["calibration_error"] == pytest.approx(whorl.metrics.calibration_error(y, p), rel=1e-4)
    np.testing.assert_allclose(model.uncertainty.scores, Sets.learn(y, p).scores, rtol=1e-4, atol=1e-6)
    assert scores["accuracy"] == np.mean(p.argmax(axis=1) == y) != usual_scores["accuracy"]


def test_numbers_are_predicted_in_their_unit_and_range():
    X, y = numbers()
    found = SEVERAL.replace(clip=True, calibrate=True).fitted(X, y, rng=0)
    assert found.model.layers[1:] == (Rescale(y.std(), y.mean()), Clip(y.min(), y.max()))
    mean = np.mean([model.predict(X) for model in found.networks.models], axis=0)
    expected = np.clip(mean * y.std() + y.mean(), y.min(), y.max())
    np.testing.assert_allclose(found.model.predict(X), expected, rtol=1e-5)
    assert isinstance(found.model.uncertainty, Intervals)
    assert SEVERAL.fitted(X, y, rng=0).model.uncertainty is None


WAVES = SEVERAL.replace(
    layers=[PeriodicEmbedding(), NTKDense(32), ReLU(), Dropout(0.5)],
    epochs=60,
    scaling="ranks",
    scales=(0.01, 3.0),
    dropouts=(0.0, 0.0, 0.1),
)


def test_networks_take_scales_and_dropouts_in_turn():
    """Six variants: the first for two networks, which are validated with the two folds, and so on; then again from the first."""
    X, y = numbers()
    found = WAVES.replace(members=14, epochs=1).fitted(X, y, rng=0).networks
    assert [(model.layers[1].scale, model.layers[4].rate) for model in found.models] == [
        *2 * [(0.01, 0.0)],
        *2 * [(3.0, 0.0)],
        *2 * [(0.01, 0.1)],
        *2 * [(3.0, 0.0)],
        *2 * [(0.01, 0.0)],
        *2 * [(3.0, 0.1)],
        *2 * [(0.01, 0.0)],
    ]
    assert found.kinds() == [[0, 1, 8, 9, 12, 13], [2, 3, 6, 7], [4, 5], [10, 11]]


def test_other_layers_are_those_of_all_networks():
    other = WAVES.replace(layers="PeriodicEmbedding(scale=0.5), Dense(4), Dropout(0.2)")
    assert [each.layers for each in other.variants()] == [other.layers]
    assert WAVES.replace(layers="Dense(4)", scales=[0.1, 0.2]).scales == (0.1, 0.2)
    assert WAVES.replace(**WAVES.settings()) == WAVES


def test_networks_that_predict_better_count_more():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 1)).astype(np.float32)
    y = np.sin(20 * np.pi * X[:, 0])  # ten waves, which small frequencies cannot follow
    found = WAVES.replace(dropouts=()).fitted(X, y, rng=0)
    np.testing.assert_allclose(
        found.networks.weights, [1 / 40, 1 / 40, 19 / 40, 19 / 40]
    )  # of 20 votes, one is given to each at the start
    each = [model.predict(X) for model in found.networks.models]
    expected = np.tensordot(found.networks.weights, each, 1) * y.std() + y.mean()
    np.testing.assert_allclose(found.model.predict(X), expected, rtol=1e-4, atol=1e-5)
    slow, fast = (p[0, 0] for p, rows in zip(each, found.networks.folds, strict=True) if 0 in rows)
    assert found.networks.held_out()[0, 0] == pytest.approx(0.05 * slow + 0.95 * fast, rel=1e-4)
    assert found.history.held_out["r2"] > 0.5


def test_columns_of_two_values_are_not_embedded():
    X, y = numbers()
    X = np.column_stack([X[:, 0] > 0, X[:, 0], np.zeros(200), X[:, 1]]).astype(np.float32)
    model = Recipe([PeriodicEmbedding()], optimizer=Adam(), epochs=1, batch_size=9, scaling="ranks").model(X, y, rng=0)
    assert model.layers[:2] == (RankScale(), PeriodicEmbedding(columns=(1, 3)))
    model = Recipe([PeriodicEmbedding()], optimizer=Adam(), epochs=1, batch_size=9).model(X[:, [0, 2]], y, rng=0)
    assert PeriodicEmbedding not in map(type, model.layers)


@pytest.mark.parametrize("keep", ["last", "best"])
def test_which_epoch_is_kept(keep):
    X, y = moons()
    recipe = SEVERAL.replace(epochs=8, keep=keep, optimizer="Adam(0.1)")
    found = recipe.fitted(X, y, rng=0).networks
    for model, history, rows in zip(found.models, found.histories, found.folds, strict=True):
        accuracy = history["val_accuracy"]
        best = max(accuracy) if keep == "best" else accuracy[-1]
        assert np.mean(model.predict(X[rows]).argmax(axis=1) == y[rows]) == best


@pytest.mark.parametrize(("members", "repeats"), [(1, 1), (2, 1), (4, 2), (6, 3)])
def test_one_network_and_several_validate_as_many_samples(members, repeats):
    X, y = moons()
    found = SEVERAL.replace(members=members, calibrate=True, epochs=1).fitted(X, y, rng=0).networks
    assert sum(map(len, found.folds)) == (32 if members == 1 else 160 * repeats)


def test_the_same_seed_gives_the_same_bits():
    X, y = moons()
    one, other = (SEVERAL.fit(X, y, rng=3)[0] for _ in range(2))
    np.testing.assert_array_equal(one.parameters, other.parameters)


def test_few_samples_are_learned_by_one_network():
    X, y = moons(45)  # 90 samples
    model, history = SEVERAL.replace(calibrate=True).fit(X, y, rng=0)
    assert Average not in map(type, model.layers)
    assert not history.held_out


def test_intervals_cover_as_much_as_is_asked_for():
    X, y = numbers(1000)
    X_new, y_new = numbers(4000, seed=9)
    model, _ = SEVERAL.replace(members=6, folds=3, epochs=60, calibrate=True).fit(X, y, rng=0)
    found = model.predict(X_new, interval=0.8)
    covered = np.mean((found.low[:, 0] <= y_new) & (y_new <= found.high[:, 0]))
    assert covered == pytest.approx(0.8, abs=0.04)


def test_networks_that_never_began_are_left_out():
    X, y = moons()

    class Stop(Callback):
        def on_step_end(self, training):
            raise whorl.StopTraining("enough")

    found = SEVERAL.fitted(X, y, rng=0, callbacks=lambda k: [Stop()] if k in (1, 2) else [])
    assert len(found.networks.models) == 2
    everything = SEVERAL.fitted(X, y, rng=0, callbacks=[Stop()])
    assert len(everything.networks.models) == 1
    assert everything.history.stopped == "enough"


def weighted(found, X, y):
    """What the average of networks that predict numbers must predict."""
    each = [model.predict(X) for model in found.networks.models]
    return np.tensordot(found.networks.weights, each, 1) * y.std() + y.mean()


KINDS = SEVERAL.replace(layers=[Dense(8), ReLU(), Dropout(0.1)], dropouts=(0.0, 0.5), members=4, epochs=20)


def test_kinds_whose_training_was_stopped_get_no_votes():
    """The second kind has one network of two: all have equal weights."""
    X, y = numbers()

    class Stop(Callback):
        def on_step_end(self, training):
            raise whorl.StopTraining("enough")

    found = KINDS.fitted(X, y, rng=0, callbacks=lambda k: [Stop()] if k == 3 else [])
    np.testing.assert_allclose(found.networks.weights, 1 / 3)
    np.testing.assert_allclose(found.model.predict(X), weighted(found, X, y), rtol=1e-5)
    everything = KINDS.fitted(X, y, rng=0).networks
    assert everything.weights.sum() == pytest.approx(1)
    assert everything.weights[0] != everything.weights[2]


def test_a_time_limit_may_leave_a_kind_incomplete():
    X, y = numbers(400)
    found = KINDS.replace(members=40, folds=8, time=0.7, epochs=10**5).fitted(X, y, rng=0)
    assert len(found.networks.models) <= 40
    assert found.networks.weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.model.predict(X), weighted(found, X, y), rtol=1e-5)


@pytest.mark.parametrize("loss", ["Huber()", "Quantile(0.9)", "MeanAbsoluteError()"])
def test_kinds_are_weighted_by_the_loss_of_the_recipe(loss):
    X, y = numbers()
    found = KINDS.replace(loss=loss).fitted(X, y, rng=0)
    trained, target = found.networks, ((y - y.mean()) / y.std())[:, None]
    parts = [trained.take(*kind) for kind in trained.kinds()]
    shares = np.array([trained.weights[kind].sum() for kind in trained.kinds()])
    expected = votes([part.held_out() for part in parts], lambda mean: KINDS.replace(loss=loss).loss(mean, target))
    np.testing.assert_allclose(shares, expected / expected.sum())
    np.testing.assert_allclose(found.model.predict(X), weighted(found, X, y), rtol=1e-5)


def test_a_weighted_average_is_saved_and_trained_further(tmp_path):
    X, y = moons()
    model = KINDS.replace(calibrate=True).fit(X, y, rng=0)[0]
    model.save(tmp_path / "model.npz")
    loaded = whorl.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.uncertainty == model.uncertainty
    before = loaded.evaluate(X, y, loss=CrossEntropy())["loss"]
    loaded.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=20, rng=0)
    assert loaded.evaluate(X, y, loss=CrossEntropy())["loss"] < before


def test_a_time_limit_leaves_fewer_epochs_and_then_fewer_networks():
    X, y = moons(400)
    some = SEVERAL.replace(time=0.5, epochs=10**5).fitted(X, y, rng=0)
    assert 1 <= len(some.history.epochs) < 10**4
    one = SEVERAL.replace(time=1e-4, epochs=10**5).fitted(X, y, rng=0)
    assert (one.networks, len(one.model.layers)) == (None, 5) or len(one.networks.models) == 1
    many = SEVERAL.replace(time=1000).fitted(X, y, rng=0)
    assert (len(many.networks.models), len(many.history.epochs)) == (4, 3)


def test_most_steps():
    recipe = SEVERAL.replace(epochs=100, batch_size=10, max_steps=50, optimizer="Adam(Cosine(0.1, epochs=100))")
    assert [recipe.for_samples(count).epochs for count in (3, 10, 20, 10**6)] == [100, 50, 25, 8]
    assert recipe.for_samples(20).optimizer == Adam(whorl.Cosine(0.1, epochs=25))
    assert SEVERAL.for_samples(10**6) == SEVERAL
    assert recipe.replace(epochs=90).for_samples(10**6).epochs == 90
    assert recipe.replace(**recipe.settings()) == recipe


def test_targets_that_are_all_equal_are_predicted():
    X, _ = numbers()
    model, _ = SEVERAL.replace(clip=True).fit(X, np.full(200, 7.0), rng=0)
    np.testing.assert_allclose(model.predict(X), 7.0, rtol=2e-6)


def test_the_recipe_for_tables_in_short():
    X, y = numbers(300)
    recipe = RECIPES["table"]["default"].replace(epochs=20, members=3)
    _, history = recipe.fit(X, y, rng=0)
    assert history.held_out["r2"] > 0.6


def test_one_file_cannot_continue_several_networks():
    X, y = moons()
    with pytest.raises(
        ValueError, match="resume must be a function from the number of a network to its file, for the 4 networks"
    ):
        SEVERAL.fit(X, y, resume="model.npz")
