import tracemalloc

import numpy as np
import pytest
from small import network, settings

from whorl import (
    SGD,
    CrossEntropy,
    Dense,
    Model,
    Softmax,
)
from whorl.training.data import Samples, class_weights, split


def test_a_validation_fraction_is_chosen_at_random(spiral_data, rng):
    X, y = spiral_data
    data = Samples(X, y)
    train, validation = split(data, 0.2, rng)
    assert (len(train), len(validation)) == (96, 24)
    together = np.concatenate([train.x, validation.x])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(X, axis=0))
    assert len(set(validation.target)) == 3
    for part in (train, validation):  # each sample keeps its label
        for x, label in zip(part.x, part.target, strict=True):
            assert y[np.flatnonzero((x == X).all(axis=1))].tolist().count(label)


def test_validation_measures_the_current_model_without_dropout(spiral_data):
    X, y = spiral_data
    model = network(dropout=0.5)
    run = model.training(X, y, **settings(validation=(X[:30], y[:30]), metrics=["accuracy"]))
    for epoch in run:
        measured = model.evaluate(X[:30], y[:30], loss=CrossEntropy(), metrics=["accuracy"])
        assert {name: epoch[f"val_{name}"] for name in measured} == measured
    assert len(run.train) == 120


def test_a_stratified_split_keeps_class_proportions():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    run = Model([Dense(3), Softmax()], inputs=1, rng=0).training(
        np.arange(100.0)[:, None], y, **settings(validation=0.2, stratify=True)
    )
    np.testing.assert_array_equal(np.bincount(run.validation.target), [12, 6, 2])
    together = np.concatenate([run.train.x, run.validation.x]).ravel()
    np.testing.assert_array_equal(np.sort(together), np.arange(100))
    np.testing.assert_array_equal(y[np.asarray(run.train.x, int).ravel()], run.train.target)


def test_a_validation_fraction_does_not_copy_the_samples():
    X, y = np.zeros((20_000, 1000), np.float32), np.zeros(20_000, int)  # 80 MB
    model = Model([Dense(2), Softmax()], inputs=1000, rng=0)
    tracemalloc.start()
    try:
        model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, batch_size=500, validation=0.5, rng=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * X.nbytes  # of which keep_freed_memory's block, never written to, is 33.5 MB


def test_validation_uses_sample_weights_but_not_class_weights(spiral_data):
    X, y = spiral_data
    weight = np.arange(1.0, 121.0)
    settled = settings(optimizer=SGD(0.0), validation=0.25)
    run = network().training(X, y, sample_weight=weight, class_weight={0: 7.0}, **settled)
    rows = [
        np.flatnonzero((x == X).all(axis=1) & (y == t))[0]
        for x, t in zip(run.validation.x, run.validation.target, strict=True)
    ]
    expected = network().evaluate(X[rows], y[rows], loss=CrossEntropy(), sample_weight=weight[rows])["loss"]
    assert next(iter(run))["val_loss"] == pytest.approx(expected, rel=1e-12)


def test_seconds_include_the_steps_and_the_end_of_the_epoch(spiral_data, monkeypatch):
    clock = iter(np.arange(0, 1000, 0.5))
    monkeypatch.setattr("whorl.training.loop.time.perf_counter", lambda: next(clock))
    run = network().training(*spiral_data, **settings(batch_size=60))
    assert [epoch.seconds for epoch in run] == [1.5] * 3  # 0.5 for each of its steps, 0.5 for its end


def test_validation_data_can_have_sample_weights(spiral_data):
    X, y = spiral_data
    weight = np.arange(120.0)
    model = network()
    history = model.fit(X, y, **settings(validation=(X, y, weight)))
    expected = model.evaluate(X, y, loss=CrossEntropy(), sample_weight=weight)["loss"]
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-12)


# Indices to set aside


def test_indices_set_aside_the_samples_that_a_tuple_names(spiral_data, rng):
    X, y = spiral_data
    rows = rng.permutation(120)[:30]
    others, weight = np.setdiff1d(np.arange(120), rows), rng.uniform(1, 3, 120)
    for weighted in (False, True):
        given = {"sample_weight": weight} if weighted else {}
        same = settings(batch_size=16, metrics=["accuracy"], class_weight={0: 2.0})
        one, two = network(dropout=0.3), network(dropout=0.3)
        history = one.fit(X, y, validation=rows, **given, **same)
        if weighted:
            given = {"sample_weight": weight[others]}
        ordered = np.sort(rows)
        aside = (X[ordered], y[ordered], weight[ordered]) if weighted else (X[ordered], y[ordered])
        expected = two.fit(X[others], y[others], validation=aside, **given, **same)
        for name, values in expected.items():
            assert history[name] == pytest.approx(values, rel=1e-12), name
        np.testing.assert_allclose(one.parameters, two.parameters, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_the_order_and_the_type_of_indices_change_nothing(dtype, spiral_data):
    rows, losses = np.array([5, 100, 3, 77]), []
    for given in (rows, np.sort(rows).astype(dtype), rows[::-1].astype(dtype)):
        run = network().training(*spiral_data, **settings(validation=given))
        np.testing.assert_array_equal(np.asarray(run.validation.x), spiral_data[0][[3, 5, 77, 100]])
        assert (len(run.train), len(run.validation)) == (116, 4)
        losses.append([epoch["val_loss"] for epoch in run])
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (np.array([3, 120]), ValueError, "validation must hold indices from 0 to 119, got 120"),
        (np.array([-1, 3]), ValueError, "validation must hold indices from 0 to 119, got -1"),
        (np.array([3, 4, 3]), ValueError, "validation must hold each index once, got 3 again"),
        (
            np.arange(120),
            ValueError,
            "validation must leave samples on both sides, but holds the indices of 120 of 120",
        ),
        (
            np.zeros(0, int),
            ValueError,
            "validation must leave samples on both sides, but holds the indices of 0 of 120",
        ),
        (np.array([3.0, 4.0]), TypeError, "whole numbers, got an array of shape (2,) and type float64"),
        (np.arange(120) < 30, TypeError, "whole numbers, got an array of shape (120,) and type bool"),
        (np.array([[3, 4]]), TypeError, "whole numbers, got an array of shape (1, 2) and type int64"),
    ],
    ids=["too large", "negative", "twice", "all", "none", "floats", "a mask", "a matrix"],
)
def test_wrong_indices_are_refused(rows, error, words, spiral_data):
    model = network()
    before = model.parameters.copy()
    with pytest.raises(error) as caught:
        model.fit(*spiral_data, **settings(validation=rows))
    assert words in str(caught.value)
    np.testing.assert_array_equal(model.parameters, before)


def test_indices_are_not_stratified(spiral_data):
    with pytest.raises(ValueError, match="stratify=True needs validation to be a fraction"):
        network().fit(*spiral_data, **settings(validation=np.arange(9), stratify=True))


# Weights


def test_a_weight_of_2_equals_a_duplicated_sample(spiral_data):
    X, y = spiral_data
    twice, weighted = network(), network()
    once = {"batch_size": 1000, "epochs": 5}
    twice.fit(np.concatenate([X, X[:40]]), np.concatenate([y, y[:40]]), **settings(**once))
    weighted.fit(X, y, sample_weight=np.where(np.arange(120) < 40, 2, 1), **settings(**once))
    np.testing.assert_allclose(weighted.parameters, twice.parameters, rtol=1e-8)


@pytest.mark.parametrize("validation", [None, 0.25])
def test_scaling_the_weights_changes_nothing(validation, spiral_data, rng):
    weight = rng.uniform(size=120)
    runs = []
    for factor in (1.0, 1e-8, 3e7):
        model = network()
        runs.append(model.fit(*spiral_data, sample_weight=factor * weight, **settings(validation=validation))["loss"])
    np.testing.assert_allclose(runs[1], runs[0], rtol=1e-9)
    np.testing.assert_allclose(runs[2], runs[0], rtol=1e-9)


def test_class_weights_by_hand():
    target = np.array([0, 0, 0, 1])
    np.testing.assert_allclose(class_weights(target, "balanced", 3), [4 / 3, 4 / 3, 4 / 3, 4])
    np.testing.assert_allclose(class_weights(target, {1: 5.0}, 3), [1, 1, 1, 5])


def test_class_weights_need_class_labels():
    with pytest.raises(ValueError, match="class_weight needs a loss with one label for each sample"):
        class_weights(None, "balanced", 1)


def test_class_weights_multiply_sample_weights_in_training_only(spiral_data, rng):
    X, y = spiral_data
    sample_weight = rng.uniform(size=120)
    by_class = np.array([1.0, 2.0, 4.0])[y]
    one, two = network(), network()
    same = {"batch_size": 120, "validation": (X, y)}
    first = one.fit(X, y, sample_weight=sample_weight, class_weight={1: 2.0, 2: 4.0}, **settings(**same))
    second = two.fit(X, y, sample_weight=sample_weight * by_class, **settings(**same))
    np.testing.assert_allclose(one.parameters, two.parameters, rtol=1e-10)
    assert first["val_loss"] == pytest.approx(second["val_loss"], rel=1e-10)


def test_balanced_class_weights_give_all_classes_the_same_weight():
    # 95 identical samples of class 0 and 5 of class 1: the best prediction is 0.05 for class 1, or 0.5 with balanced weights.
    X, y = np.zeros((100, 1)), np.repeat([0, 1], [95, 5])
    answers = []
    for class_weight in (None, "balanced"):
        model = Model([Dense(2), Softmax()], inputs=1, rng=0, dtype=np.float64)
        model.fit(X, y, class_weight=class_weight, **settings(optimizer=SGD(1.0), epochs=500, batch_size=100))
        answers.append(model.predict(X[:1])[0, 1])
    assert answers == [pytest.approx(0.05, abs=1e-3), pytest.approx(0.5, abs=1e-3)]
