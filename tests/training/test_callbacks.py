import copy
import csv
import json

import numpy as np
import pytest

import whorl
from whorl import SGD, Adam, BatchNorm, Callback, Checkpoint, CrossEntropy, Dense, EarlyStopping, Model, Softmax, StopAt


@pytest.fixture
def network():
    return Model([Dense(16), BatchNorm(), Dense(3), Softmax()], inputs=2, rng=0)


def fit(model, data, *callbacks, **changes):
    settings = {"loss": CrossEntropy(), "optimizer": Adam(0.2), "epochs": 60, "validation": 0.3, "rng": 0}
    return model.fit(*data, metrics=["accuracy"], callbacks=callbacks, **settings | changes)


class Diary(Callback):
    """Keeps the parameters of each epoch."""

    def __init__(self):
        self.pages = []

    def on_epoch_end(self, training, epoch):
        self.pages.append((training.model.parameters.copy(), training.model.statistics.copy()))


@pytest.mark.parametrize(
    ("watch", "higher", "best"),
    [("val_loss", None, np.argmin), ("val_accuracy", True, np.argmax), ("loss", None, np.argmin)],
)
def test_early_stopping_gives_back_the_best_epoch(watch, higher, best, network, spiral_data):
    diary, stop = Diary(), EarlyStopping(watch, patience=5, higher_is_better=higher)
    history = fit(network, spiral_data, diary, stop)
    number = int(best(history[watch]))
    assert stop.best_epoch == number + 1
    assert stop.best == history[watch][number]
    np.testing.assert_array_equal(network.parameters, diary.pages[number][0])
    np.testing.assert_array_equal(network.statistics, diary.pages[number][1])
    if len(history.epochs) < 60:
        assert len(history.epochs) == number + 1 + 6
        assert history.stopped.startswith(f"{watch} has not become better for 6 epochs")
        assert f"of epoch {number + 1}, where it was {stop.best:.4g}" in history.stopped


def test_early_stopping_restores_after_the_last_epoch_and_after_an_error_too(network, spiral_data):
    class Break(Callback):
        def on_epoch_end(self, training, epoch):
            if epoch.number == 20:
                raise ZeroDivisionError

    diary, stop = Diary(), EarlyStopping(patience=1000)
    history = fit(network, spiral_data, diary, stop, epochs=20)
    assert history.stopped is None
    np.testing.assert_array_equal(network.parameters, diary.pages[stop.best_epoch - 1][0])
    with pytest.raises(ZeroDivisionError):
        fit(network, spiral_data, diary := Diary(), stop, Break())
    np.testing.assert_array_equal(network.parameters, diary.pages[stop.best_epoch - 1][0])


def test_a_small_gain_is_none(network, spiral_data):
    stop = EarlyStopping("loss", patience=3, threshold=0.9)
    history = fit(network, spiral_data, stop)
    assert len(history.epochs) == 5
    assert stop.best_epoch == 1


def test_stop_at(network, spiral_data):
    free = fit(copy.copy(network), spiral_data)
    goal = max(free["accuracy"])
    history = fit(network, spiral_data, StopAt("accuracy", goal, higher_is_better=True))
    assert len(history.epochs) == free["accuracy"].index(goal) + 1
    assert history.stopped == f"accuracy has reached {goal:g}: it is {goal:.4g}"


def test_checkpoint_of_the_best(network, spiral_data, tmp_path):
    diary, save = Diary(), Checkpoint(tmp_path / "best.npz", watch="val_loss")
    history = fit(network, spiral_data, diary, save, epochs=30)
    best = int(np.argmin(history["val_loss"]))
    np.testing.assert_array_equal(whorl.load(tmp_path / "best.npz").parameters, diary.pages[best][0])
    assert [path.name for path in tmp_path.iterdir()] == ["best.npz"]


def test_checkpoint_of_every_third(network, spiral_data, tmp_path):
    fit(network, spiral_data, Checkpoint(tmp_path / "at {epoch}.npz", every=3), epochs=7)
    assert {path.name for path in tmp_path.iterdir()} == {"at 3.npz", "at 6.npz"}


@pytest.mark.parametrize(
    "callback", [EarlyStopping("val_loss"), StopAt("val_loss", 1.0), Checkpoint("a", watch="val_loss")]
)
def test_what_is_not_there_cannot_be_watched(callback, network, spiral_data):
    before = network.parameters.copy()
    with pytest.raises(
        ValueError, match=r"which have loss, penalty, accuracy, learning_rate, got 'val_loss'; give the training"
    ):
        fit(network, spiral_data, callback, validation=None)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: EarlyStopping("val_accuracy"),
            ValueError,
            "higher_is_better must be True or False for 'val_accuracy'",
        ),
        (
            lambda: EarlyStopping(3),
            TypeError,
            "watch must be the name of a value in the history, such as 'val_loss', got 3",
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
def test_wrong_calls(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_history_as_a_file(network, spiral_data, tmp_path):
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


def test_an_average_is_what_early_stopping_keeps(network, spiral_data):
    diary, stop = Diary(), EarlyStopping("loss", patience=100)
    run_with = whorl.Averaged(SGD(0.1, momentum=0.9), decay=0.9)
    fit(network, spiral_data, diary, stop, optimizer=run_with, epochs=10)
    np.testing.assert_array_equal(network.parameters, diary.pages[stop.best_epoch - 1][0])
