"""Callbacks that stop training: ties of `EarlyStopping`, and `TimeLimit`."""

from types import SimpleNamespace

import numpy as np
import pytest
from small import network, settings

from whorl import SGD, Adam, Callback, Checkpoint, EarlyStopping, TimeLimit


class Recorder(Callback):
    """Keeps the parameters after each epoch."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, training, epoch):
        self.epochs.append(training.model.parameters.copy())


@pytest.mark.parametrize("ties", ["first", "last"])
def test_of_equally_good_epochs_the_first_or_the_last_is_restored(ties, spiral_data):
    X, y = spiral_data
    model, recorder = network(), Recorder()
    stop = EarlyStopping("val_accuracy", patience=100, ties=ties)
    few = settings(
        validation=(X[::20], y[::20]), metrics=["accuracy"], epochs=30
    )  # of 6 samples, an accuracy has 7 values
    accuracy = np.array(model.fit(X, y, **few, callbacks=[recorder, stop])["val_accuracy"])
    equal = np.flatnonzero(accuracy == accuracy.max())
    assert len(equal) > 1
    np.testing.assert_array_equal(model.parameters, recorder.epochs[equal[0 if ties == "first" else -1]])


def test_an_equal_value_is_an_improvement_only_with_ties_last(spiral_data):
    same = settings(optimizer=SGD(0.0), epochs=9)  # all losses are equal
    first = network().fit(*spiral_data, **same, callbacks=[EarlyStopping("penalty", patience=3)])
    last = network().fit(*spiral_data, **same, callbacks=[EarlyStopping("penalty", patience=3, ties="last")])
    assert len(first["penalty"]) == 5
    assert first.stopped.startswith("penalty has not improved for 4 epochs; the model has its parameters of epoch 1")
    assert len(last["penalty"]) == 9
    assert last.stopped is None


def test_a_worse_value_is_none_with_ties_last(spiral_data):
    growing = settings(optimizer=SGD(1.0), epochs=50, validation=0.3)
    history = network().fit(*spiral_data, **growing, callbacks=[EarlyStopping(patience=2, ties="last")])
    assert len(history["val_loss"]) == int(np.argmin(history["val_loss"])) + 1 + 3


def test_ties_are_first_or_last():
    assert repr(EarlyStopping(ties="last")) == "EarlyStopping(ties='last')"
    with pytest.raises(ValueError, match="ties must be 'first' or 'last', got 'none'"):
        EarlyStopping(ties="none")


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets; it starts at 1000."""
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr("whorl.training.stopping.time", clock)
    return clock


class Tick(Callback):
    """Moves the clock by a second with each step."""

    def __init__(self, clock):
        self.clock, self.steps = clock, 0

    def on_step_end(self, training):
        self.clock.now += 1
        self.steps += 1


@pytest.mark.parametrize("fast", [False, True])
def test_training_stops_after_the_time_limit(fast, clock, spiral_data):
    tick = Tick(clock)
    history = network().fit(
        *spiral_data, **settings(epochs=10**6, batch_size=2), callbacks=[tick, TimeLimit(90.0)], fast=fast
    )
    assert history.stopped == "the time limit of 90 s has passed"
    assert tick.steps == 100  # the clock is read after every 20 steps, and after each epoch, of 60 steps
    assert len(history["loss"]) == 1


def test_the_clock_is_read_after_each_epoch_too(clock, spiral_data):
    tick = Tick(clock)
    history = network().fit(
        *spiral_data, **settings(epochs=10, batch_size=40), callbacks=[tick, TimeLimit(7.5)], fast=False
    )
    assert tick.steps == 9  # three epochs of three steps
    assert len(history["loss"]) == 3


def test_within_the_time_limit_nothing_stops_or_changes(clock, spiral_data):
    free, limited = network(), network()
    free.fit(*spiral_data, **settings())
    history = limited.fit(*spiral_data, **settings(), callbacks=[TimeLimit(1e-3)])  # this clock stands still
    assert history.stopped is None
    np.testing.assert_array_equal(limited.parameters, free.parameters)


def test_the_best_parameters_are_restored_when_time_is_up(clock, spiral_data):
    model, recorder = network(), Recorder()
    callbacks = [Tick(clock), recorder, EarlyStopping("loss", patience=99), TimeLimit(50)]
    history = model.fit(*spiral_data, **settings(optimizer=Adam(0.3), epochs=10**6), callbacks=callbacks, fast=False)
    assert history.stopped == "the time limit of 50 s has passed"
    np.testing.assert_array_equal(model.parameters, recorder.epochs[int(np.argmin(history["loss"]))])


def test_a_resumed_training_has_the_time_limit_again(clock, tmp_path, spiral_data):
    path = tmp_path / "run.npz"
    options = settings(epochs=10**6, batch_size=2, fast=False)
    tick, limit = Tick(clock), TimeLimit(70)
    network().fit(*spiral_data, **options, callbacks=[tick, limit, Checkpoint(path)])
    assert tick.steps == 80  # within the second epoch
    clock.now = 5.0  # of another process
    network().fit(*spiral_data, **options, callbacks=[tick, limit, Checkpoint(path)], resume=path)
    assert tick.steps == 160
