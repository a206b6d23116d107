import itertools
from itertools import chain

import numpy as np
import pytest
from small import network, settings

from whorl import (
    SGD,
    Adam,
    CrossEntropy,
    Dense,
    DivergenceError,
    InverseTime,
    Layer,
    Model,
    ReLU,
    Softmax,
    Standardize,
)
from whorl.passes import loss_pass


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


# Errors


def test_divergence_raises_an_error_and_restores_the_model(spiral_data):
    model = network()
    model.fit(*spiral_data, **settings())
    before = model.parameters.copy()
    run = model.training(*spiral_data, **settings(optimizer=SGD(1e200)))
    with pytest.raises(DivergenceError, match=r"became -inf in step 2, in epoch 1: lower the learning rate"):
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


def test_measuring_before_the_first_epoch_standardizes_and_leaves_the_model_as_it_is(spiral_data):
    X, y = 1000 * spiral_data[0] + 500, spiral_data[1]
    model = Model([Standardize(), Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    run = model.training(X, y, **settings(validation=(X[:50], y[:50])))
    statistics = model.statistics.copy()
    train, validation = run.measure()
    np.testing.assert_array_equal(model.statistics, statistics)
    model.adapt(X)
    for found, samples in ((train, (X, y)), (validation, (X[:50], y[:50]))):
        assert found["loss"] == pytest.approx(model.evaluate(*samples, loss=CrossEntropy())["loss"], rel=1e-12)


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
