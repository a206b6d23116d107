import itertools
import tracemalloc
from itertools import chain

import numpy as np
import pytest

from whorl import (
    SGD,
    Adam,
    Callback,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    InverseTime,
    Layer,
    Model,
    ReLU,
    Softmax,
    StopTraining,
)
from whorl.passes import loss_pass
from whorl.training.data import Samples, class_weights, split


def network(seed=0, dtype=np.float64, dropout=0.0, l2=1e-3):
    layers = [Dense(8, weight_l2=l2), ReLU(), Dropout(dropout), Dense(3), Softmax()]
    return Model(layers, inputs=2, rng=seed, dtype=dtype)


def settings(**changes):
    return {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "epochs": 3, "rng": 0} | changes


def test_each_epoch_uses_every_sample_once_in_a_new_order():
    class Seen(Layer):
        def forward(self, x, p, rng=None):
            if rng is not None:
                batches.append(x.ravel().tolist())
            return x, lambda dy, g: dy

    batches = []
    model = Model([Seen(), Dense(3), Softmax()], inputs=1, rng=0)
    model.fit(np.arange(10)[:, None], np.arange(10) % 3, **settings(epochs=2, batch_size=4))
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    first, second = [*chain.from_iterable(batches[:3])], [*chain.from_iterable(batches[3:])]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_a_step_by_hand(spiral_data):
    X, y = spiral_data
    model, other = network(), network()
    next(iter(model.training(X, y, **settings(optimizer=SGD(0.5), batch_size=120, epochs=1))))
    loss_pass(other, X, y, CrossEntropy()).backward()
    np.testing.assert_allclose(model.parameters, other.parameters - 0.5 * other.gradients, rtol=1e-12)


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples(spiral_data):
    X, y = spiral_data
    for batch_size in (7, 32, 120, 1000):
        # With a learning rate of 0 the network stays what it is, so the means must be those of `evaluate`.
        model = network()
        epoch = next(
            iter(model.training(X, y, **settings(optimizer=SGD(0.0), batch_size=batch_size, metrics=["accuracy"])))
        )
        measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
        assert {name: epoch[name] for name in measured} == pytest.approx(measured, rel=1e-12)


def test_metrics_are_computed_over_the_whole_epoch(spiral_data):
    calls = []

    def seen(y, prediction):
        calls.append((np.sort(y), len(prediction)))
        return float(len(prediction))

    history = network().fit(*spiral_data, **settings(metrics=[seen], validation=0.25))
    assert history["seen"] == [90, 90, 90]
    assert history["val_seen"] == [30, 30, 30]
    assert len(calls) == 6


@pytest.mark.parametrize("batch_size", [1, 7, 60, 120, 500])
def test_schedules_count_time_in_epochs_for_any_batch_size(batch_size, spiral_data):
    times = []

    def schedule(epoch):
        times.append(epoch)
        return 0.0

    history = network().fit(*spiral_data, **settings(optimizer=SGD(schedule), epochs=2, batch_size=batch_size))
    starts = np.arange(0, 120, batch_size) / 120
    np.testing.assert_allclose(times, [*starts, 1.0, *(1 + starts), 2.0], rtol=1e-12)
    assert history["learning_rate"] == [0, 0]


def test_the_recorded_learning_rate_is_the_rate_after_the_epoch(spiral_data):
    schedule = InverseTime(0.05, decay=2.5e-4)
    history = network().fit(*spiral_data, **settings(optimizer=SGD(schedule)))
    assert history["learning_rate"] == [schedule(1), schedule(2), schedule(3)]


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9), Adam(0.01)], ids=repr)
def test_the_same_seed_gives_bit_identical_results(optimizer, spiral_data):
    runs = []
    for seed in (5, 5, 6):
        model = network(dtype=np.float32, dropout=0.2)
        history = model.fit(*spiral_data, **settings(optimizer=optimizer, validation=0.2, rng=seed))
        runs.append((model.parameters, history["loss"]))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert (runs[0][0] != runs[2][0]).any()


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9), Adam(0.01)], ids=repr)
def test_a_pause_between_epochs_changes_nothing(optimizer, spiral_data):
    model, paused = network(dropout=0.2), network(dropout=0.2)
    whole = [epoch["loss"] for epoch in model.training(*spiral_data, **settings(optimizer=optimizer, epochs=6))]
    run = paused.training(*spiral_data, **settings(optimizer=optimizer, epochs=6))
    parts = [epoch["loss"] for epoch in itertools.islice(run, 2)]
    paused.predict(spiral_data[0])
    parts += [epoch["loss"] for epoch in run]
    assert parts == whole
    np.testing.assert_array_equal(paused.parameters, model.parameters)
    assert list(run) == []


def test_a_pause_within_an_epoch_changes_nothing(spiral_data):
    model, paused = network(dropout=0.2), network(dropout=0.2)
    whole = list(model.training(*spiral_data, **settings(batch_size=50)).steps())
    run = paused.training(*spiral_data, **settings(batch_size=50))
    parts = list(itertools.islice(run.steps(), 2))
    epoch = next(iter(run))  # the rest of the first epoch
    assert epoch.values == whole[2].epoch.values
    parts += list(run.steps())
    assert [step.loss for step in parts] == [step.loss for step in whole[:2] + whole[3:]]
    np.testing.assert_array_equal(paused.parameters, model.parameters)


def test_an_optimizer_can_be_used_for_several_models(spiral_data):
    optimizer = SGD(0.05, momentum=0.9)
    one, two = network(), network()
    one.fit(*spiral_data, **settings(optimizer=optimizer))
    two.fit(*spiral_data, **settings(optimizer=optimizer))
    np.testing.assert_array_equal(one.parameters, two.parameters)


def test_step_records(spiral_data):
    run = network().training(*spiral_data, **settings(batch_size=50, epochs=2))
    steps = list(run.steps())
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6]
    assert [step.samples for step in steps] == [50, 50, 20] * 2
    assert [step.epoch and step.epoch.number for step in steps] == [None, None, 1, None, None, 2]
    means = np.average([s.loss for s in steps[:3]], weights=[50, 50, 20])
    assert steps[2].epoch["loss"] == pytest.approx(means, rel=1e-12)
    assert all(0 < step.penalty < step.loss for step in steps)


def test_epoch_records_are_immutable(spiral_data):
    epoch = next(iter(network().training(*spiral_data, **settings())))
    with pytest.raises(AttributeError):
        epoch.number = 7
    assert epoch.seconds > 0


# Validation


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
    assert [epoch.seconds for epoch in run] == [1.0] * 3  # 0.5 for its steps, 0.5 for its end


def test_validation_data_can_have_sample_weights(spiral_data):
    X, y = spiral_data
    weight = np.arange(120.0)
    model = network()
    history = model.fit(X, y, **settings(validation=(X, y, weight)))
    expected = model.evaluate(X, y, loss=CrossEntropy(), sample_weight=weight)["loss"]
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-12)


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


# Errors


def test_divergence_raises_an_error_and_restores_the_model(spiral_data):
    model = network()
    model.fit(*spiral_data, **settings())
    before = model.parameters.copy()
    run = model.training(*spiral_data, **settings(optimizer=SGD(1e200)))
    with pytest.raises(DivergenceError, match=r"the loss became \S+ in epoch 1: lower the learning rate"):
        list(run)
    np.testing.assert_array_equal(model.parameters, before)
    assert run.epoch == 0


def test_divergence_with_a_loss_that_is_not_fused(spiral_data):
    class Unfused(CrossEntropy):
        """A subclass, which is not fused with `Softmax`."""

    with pytest.raises(DivergenceError):
        network().fit(*spiral_data, **settings(loss=Unfused(), optimizer=SGD(1e200)))


def test_measuring_a_model_that_is_about_to_diverge_warns_of_nothing(spiral_data):
    run = network(dtype=np.float32).training(*spiral_data, **settings(validation=0.25, metrics=["accuracy"]))
    run.model.parameters *= 1e30
    train, validation = run.measure()
    assert not np.isfinite([train["loss"], train["accuracy"], validation["loss"]]).any()


def test_validation_that_is_not_finite_is_divergence_too(spiral_data):
    X, y = spiral_data
    model = network(dtype=np.float32)
    before = model.parameters.copy()
    run = model.training(X, y, **settings(validation=(X + 3e38, y), metrics=["accuracy"]))
    with pytest.raises(DivergenceError, match="the validation loss became"):
        list(run)
    np.testing.assert_array_equal(model.parameters, before)
    assert (run.epoch, run.step) == (0, 0)


@pytest.mark.parametrize("rate", [float("nan"), -1.0, float("inf")])
def test_a_schedule_must_return_a_valid_rate(rate, spiral_data):
    with pytest.raises(ValueError, match=r"the schedule must give a finite rate of at least 0, but at epoch 0 it is"):
        network().fit(*spiral_data, **settings(optimizer=SGD(lambda epoch: rate)))


def test_training_continues_from_a_state_with_another_rate(spiral_data):
    model = network()
    run = model.training(*spiral_data, **settings(optimizer=SGD(0.1), epochs=1))
    list(run)
    before = model.parameters.copy()
    history = model.fit(*spiral_data, **settings(optimizer=SGD(0.0), epochs=2, state=run.state))
    assert history["learning_rate"] == [0.1, 0.0]
    np.testing.assert_array_equal(model.parameters, before)


def test_arguments_are_validated_before_the_first_step(spiral_data):
    X, y = spiral_data
    with pytest.raises(ValueError, match="batch_size"):
        network().training(X, y, **settings(batch_size=0))


# Callbacks


class Recorder(Callback):
    def __init__(self, stop_at=None):
        self.calls, self.stop_at = [], stop_at

    def on_train_begin(self, training):
        self.calls.append("begin")

    def on_epoch_end(self, training, epoch):
        self.calls.append(epoch.number)
        if epoch.number == self.stop_at:
            raise StopTraining(f"stopped after {epoch.number}")

    def on_train_end(self, training, history):
        self.calls.append(("end", len(history.epochs)))


def test_callbacks_are_called_in_order(spiral_data):
    recorder = Recorder()
    history = network().fit(*spiral_data, **settings(callbacks=[recorder, Callback()]))
    assert recorder.calls == ["begin", 1, 2, 3, ("end", 3)]
    assert history.stopped is None


def test_when_a_callback_stops_training_the_others_are_still_called(spiral_data):
    first, second = Recorder(stop_at=2), Recorder()
    history = network().fit(*spiral_data, **settings(callbacks=[first, second]))
    assert first.calls == second.calls == ["begin", 1, 2, ("end", 2)]
    assert history.stopped == "stopped after 2"
    assert len(history["loss"]) == 2


def test_a_callback_can_stop_training_before_the_first_epoch(spiral_data):
    class StopAtOnce(Recorder):
        def on_train_begin(self, training):
            raise StopTraining("stopped at once")

    stop, recorder = StopAtOnce(), Recorder()
    history = network().fit(*spiral_data, **settings(callbacks=iter([stop, recorder])))
    assert (history.stopped, len(history.epochs)) == ("stopped at once", 0)
    assert recorder.calls == ["begin", ("end", 0)]


def test_the_first_reason_to_stop_is_recorded(spiral_data):
    history = network().fit(*spiral_data, **settings(callbacks=[Recorder(stop_at=1), Recorder(stop_at=1)]))
    assert history.stopped == "stopped after 1"


def test_on_train_end_is_called_after_an_error(spiral_data):
    class Broken(Callback):
        def on_epoch_end(self, training, epoch):
            raise ZeroDivisionError

    recorder = Recorder()
    with pytest.raises(ZeroDivisionError):
        network().fit(*spiral_data, **settings(callbacks=[recorder, Broken()]))
    assert recorder.calls == ["begin", 1, ("end", 1)]


# History


def test_history_maps_names_to_one_float_per_epoch(spiral_data):
    history = network().fit(*spiral_data, **settings(metrics=["accuracy"], validation=0.2))
    assert list(history) == [
        "loss",
        "penalty",
        "accuracy",
        "val_loss",
        "val_penalty",
        "val_accuracy",
        "learning_rate",
    ]
    assert len(history) == 7
    assert all(len(values) == 3 and all(type(v) is float for v in values) for values in history.values())
    assert repr(history).startswith("<History of 3 epochs, loss ")
    with pytest.raises(KeyError, match="'f1'; the history has loss, penalty"):
        history["f1"]


def test_zero_epochs_give_an_empty_history(spiral_data):
    model = network()
    before = model.parameters.copy()
    history = model.fit(*spiral_data, **settings(epochs=0))
    assert len(history) == 0
    np.testing.assert_array_equal(model.parameters, before)
    with pytest.raises(KeyError, match="no epoch yet"):
        history["loss"]
