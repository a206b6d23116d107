import copy
import csv
import json

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    BatchNorm,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    EarlyStopping,
    Model,
    Softmax,
    StopAt,
    TimeLimit,
)


@pytest.fixture
def network():
    return Model([Dense(16), BatchNorm(), Dense(3), Softmax()], inputs=2, rng=0)


def fit(model, data, *callbacks, **changes):
    settings = {"loss": CrossEntropy(), "optimizer": Adam(0.2), "epochs": 60, "validation": 0.3, "rng": 0}
    return model.fit(*data, metrics=["accuracy"], callbacks=callbacks, **settings | changes)


class Recorder(Callback):
    """Keeps the parameters and statistics after each epoch."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, training, epoch):
        self.epochs.append((training.model.parameters.copy(), training.model.statistics.copy()))


@pytest.mark.parametrize(
    ("monitor", "higher", "best"),
    [("val_loss", None, np.argmin), ("val_accuracy", True, np.argmax), ("loss", None, np.argmin)],
)
def test_early_stopping_restores_the_best_epoch(monitor, higher, best, network, spiral_data):
    recorder, stop = Recorder(), EarlyStopping(monitor, patience=5, higher_is_better=higher)
    history = fit(network, spiral_data, recorder, stop)
    number = int(best(history[monitor]))
    assert history.best(monitor, higher_is_better=higher).number == number + 1
    np.testing.assert_array_equal(network.parameters, recorder.epochs[number][0])
    np.testing.assert_array_equal(network.statistics, recorder.epochs[number][1])
    if len(history.epochs) < 60:
        assert len(history.epochs) == number + 1 + 6
        assert history.stopped.startswith(f"{monitor} has not improved for 6 epochs")
        assert f"of epoch {number + 1}, where it was {history[monitor][number]:.4g}" in history.stopped


def test_early_stopping_restores_after_the_last_epoch_and_after_an_error(network, spiral_data):
    class Break(Callback):
        def on_epoch_end(self, training, epoch):
            if epoch.number == 20:
                raise ZeroDivisionError

    recorder, stop = Recorder(), EarlyStopping(patience=1000)
    history = fit(network, spiral_data, recorder, stop, epochs=20)
    assert history.stopped is None
    np.testing.assert_array_equal(network.parameters, recorder.epochs[history.best().number - 1][0])
    run = network.training(
        *spiral_data,
        loss=CrossEntropy(),
        optimizer=Adam(0.2),
        epochs=60,
        validation=0.3,
        rng=0,
        callbacks=[recorder := Recorder(), stop, Break()],
    )
    with pytest.raises(ZeroDivisionError):
        list(run)
    np.testing.assert_array_equal(network.parameters, recorder.epochs[run.state.history.best().number - 1][0])


def test_early_stopping_ignores_improvements_below_the_threshold(network, spiral_data):
    stop = EarlyStopping("loss", patience=3, threshold=0.9)
    history = fit(network, spiral_data, stop)
    assert len(history.epochs) == 5
    assert "of epoch 1" in history.stopped


def test_stop_at_a_goal(network, spiral_data):
    free = fit(copy.copy(network), spiral_data)
    goal = max(free["accuracy"])
    history = fit(network, spiral_data, StopAt("accuracy", goal, higher_is_better=True))
    assert len(history.epochs) == free["accuracy"].index(goal) + 1
    assert history.stopped == f"accuracy has reached {goal:g}: it is {goal:.4g}"


def test_checkpoint_of_the_best_epoch(network, spiral_data, tmp_path):
    recorder, save = Recorder(), Checkpoint(tmp_path / "best.npz", monitor="val_loss")
    history = fit(network, spiral_data, recorder, save, epochs=30)
    best = int(np.argmin(history["val_loss"]))
    np.testing.assert_array_equal(whorl.load(tmp_path / "best.npz").parameters, recorder.epochs[best][0])
    assert [path.name for path in tmp_path.iterdir()] == ["best.npz"]


def test_checkpoint_of_the_best_of_every_third_epoch(network, spiral_data, tmp_path):
    recorder, save = Recorder(), Checkpoint(tmp_path / "best.npz", monitor="val_loss", every=3)
    losses = fit(network, spiral_data, recorder, save, epochs=30)["val_loss"]
    best = 2 + 3 * int(np.argmin(losses[2::3]))
    assert best != int(np.argmin(losses))
    np.testing.assert_array_equal(whorl.load(tmp_path / "best.npz").parameters, recorder.epochs[best][0])


def test_checkpoint_of_every_third_epoch(network, spiral_data, tmp_path):
    fit(network, spiral_data, Checkpoint(tmp_path / "at {epoch}.npz", every=3), epochs=7)
    assert {path.name for path in tmp_path.iterdir()} == {"at 3.npz", "at 6.npz"}


@pytest.mark.parametrize(
    "callback", [EarlyStopping("val_loss"), StopAt("val_loss", 1.0), Checkpoint("a", monitor="val_loss")]
)
def test_a_monitored_value_must_be_in_the_history(callback, network, spiral_data):
    before = network.parameters.copy()
    with pytest.raises(
        ValueError, match=r"which has loss, penalty, accuracy, learning_rate, got 'val_loss'; it needs validation data"
    ):
        fit(network, spiral_data, callback, validation=None)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: EarlyStopping("val_cost"),
            ValueError,
            "higher_is_better must be True or False to monitor 'val_cost'",
        ),
        (
            lambda: EarlyStopping(3),
            TypeError,
            "monitor must be the name of a value in the history, such as 'val_loss', got 3",
        ),
        (lambda: EarlyStopping(patience=-1), ValueError, "patience must be a whole number of at least 0, got -1"),
        (lambda: EarlyStopping(threshold=-1), ValueError, "threshold must be a finite number at least 0, got -1"),
        (lambda: StopAt("loss", "low"), TypeError, "goal must be a finite number, got 'low'"),
        (
            lambda: StopAt("f1", 0.9, higher_is_better=1),
            TypeError,
            "higher_is_better must be True, False or None, got 1",
        ),
        (lambda: Checkpoint("a", every=0), ValueError, "every must be a whole number of at least 1, got 0"),
    ],
)
def test_invalid_arguments(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_history_is_saved_to_a_file(network, spiral_data, tmp_path):
    history = fit(network, spiral_data, epochs=3)
    history.save(tmp_path / "h.csv")
    history.save(tmp_path / "h.jsonl")
    with (tmp_path / "h.csv").open() as file:
        table = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    for i, (row, line) in enumerate(zip(table, lines, strict=True)):
        assert (row["epoch"], line["epoch"]) == (str(i + 1), i + 1)
        for name, values in history.items():
            assert float(row[name]) == line[name] == values[i]
    with pytest.raises(ValueError, match=r"path must end in \.csv or \.jsonl, got '.*h\.txt'"):
        history.save(tmp_path / "h.txt")


def test_early_stopping_keeps_averaged_parameters(network, spiral_data):
    recorder, stop = Recorder(), EarlyStopping("loss", patience=100)
    run_with = whorl.Averaged(SGD(0.1, momentum=0.9), decay=0.9)
    history = fit(network, spiral_data, recorder, stop, optimizer=run_with, epochs=10)
    np.testing.assert_array_equal(network.parameters, recorder.epochs[history.best("loss").number - 1][0])


# Callbacks that fail


class Listener(Callback):
    def __init__(self, *raising):
        self.calls, self.raising = [], raising

    def _note(self, name):
        self.calls.append(name)
        if name in self.raising:
            raise ZeroDivisionError(name)

    def on_train_begin(self, training):
        self._note("begin")

    def on_train_end(self, training, history):
        self._note("end")


def test_an_error_at_the_beginning_ends_the_callbacks_that_have_begun(network, spiral_data):
    first, broken, last = Listener(), Listener("begin"), Listener()
    with pytest.raises(ZeroDivisionError, match="begin"):
        fit(network, spiral_data, first, broken, last)
    assert first.calls == broken.calls == ["begin", "end"]
    assert last.calls == []


def test_an_error_at_the_end_does_not_skip_other_callbacks(network, spiral_data):
    recorder, last = Recorder(), Listener()
    run = network.training(
        *spiral_data,
        loss=CrossEntropy(),
        optimizer=Adam(0.2),
        epochs=9,
        validation=0.3,
        rng=0,
        callbacks=[recorder, Listener("end"), EarlyStopping(), last],
    )
    with pytest.raises(ZeroDivisionError, match="end"):
        list(run)
    assert last.calls == ["begin", "end"]
    best = run.state.history.best().number
    np.testing.assert_array_equal(network.parameters, recorder.epochs[best - 1][0])


def test_leaving_the_loop_is_a_pause(network, spiral_data):
    listener = Listener()
    run = network.training(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=3, callbacks=[listener])
    next(iter(run))
    assert listener.calls == ["begin"]
    list(run)
    assert listener.calls == ["begin", "begin", "end"]


def test_callbacks_are_immutable():
    saving = Checkpoint("a.npz", every=2)
    for callback in (EarlyStopping(patience=3), StopAt("loss", 0.5), TimeLimit(9), saving, whorl.Progress(5)):
        assert callback == copy.deepcopy(callback)
        with pytest.raises(AttributeError):
            callback.memory = 1
    assert (
        repr(EarlyStopping("val_accuracy", higher_is_better=True))
        == "EarlyStopping('val_accuracy', higher_is_better=True)"
    )


def test_one_callback_can_be_used_for_two_training_runs(network, spiral_data):
    stop = EarlyStopping("loss", patience=3)
    other = copy.deepcopy(network)
    one, two = (fit(each, spiral_data, stop) for each in (network, other))
    assert one["loss"] == two["loss"]
    np.testing.assert_array_equal(network.parameters, other.parameters)
