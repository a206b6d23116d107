"""Ctrl-C and SIGTERM during a training of the command."""

import signal
import sys

import numpy as np
import pytest

import whorl.cli
from whorl import SGD, Callback, CrossEntropy, Dense, Model, Softmax, datasets
from whorl.__main__ import main
from whorl.cli.interrupt import SECONDS, StopOnInterrupt

X, Y = datasets.spiral(20, rng=0)


class Press(Callback):
    """Sends signals after a step."""

    def __init__(self, step, *numbers):
        self.step, self.numbers = step, numbers

    def on_step_end(self, training):
        if training.step == self.step:
            for number in self.numbers:
                signal.raise_signal(number)


def train(stop, *callbacks, **options):
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    given = {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "epochs": 4, "batch_size": 16, "rng": 0}
    return model, model.fit(X, Y, callbacks=[stop, *callbacks], fast=False, **given, **options)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
@pytest.mark.parametrize("step", [5, 8])  # in the middle, and at the end, of the second of four epochs
def test_it_stops_after_the_step_and_the_rest_gives_the_same_bits(number, name, step, tmp_path, capsys):
    path, usual = tmp_path / "run.npz", signal.getsignal(number)
    expected, _ = train(StopOnInterrupt(tmp_path / "none.npz"))
    with StopOnInterrupt(path) as stop:
        _, history = train(stop, Press(step, number))
    assert signal.getsignal(number) is usual
    assert history.stopped == f"interrupted by {name}"
    assert "stopping after this step" in capsys.readouterr().err
    model, again = train(StopOnInterrupt(path), resume=path)
    np.testing.assert_array_equal(model.parameters, expected.parameters)
    assert len(again.epochs) == 4


def test_pressed_twice_it_saves_nothing(tmp_path):
    path = tmp_path / "run.npz"
    with StopOnInterrupt(path) as stop, pytest.raises(KeyboardInterrupt, match="nothing was saved"):
        train(stop, Press(5, signal.SIGINT, signal.SIGINT))
    assert not path.exists()


def test_a_checkpoint_is_saved_each_minute(tmp_path, monkeypatch):
    path, now = tmp_path / "run.npz", [0.0]
    monkeypatch.setattr("whorl.cli.interrupt.time.monotonic", lambda: now[0])

    class Clock(Callback):
        def on_epoch_end(self, training, epoch):
            now[0] += 0.6 * SECONDS
            saved.append(path.exists())

    saved = []
    train(StopOnInterrupt(path), Clock())
    assert saved == [False, False, True, True]


def test_the_command_ends_quietly_if_it_is_interrupted_while_loading(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["whorl", "--help"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "usage: whorl" in capsys.readouterr().out

    class Interrupted:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "whorl.cli", Interrupted())
    assert main() == 130


def test_resuming_with_too_few_epochs_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    with StopOnInterrupt(path) as stop:
        train(stop, Press(9, signal.SIGINT))  # in the third epoch
    before = path.read_bytes()
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    given = {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "batch_size": 16, "rng": 0}
    with pytest.raises(ValueError, match=r"run\.npz was saved after epoch 2, so --epochs must be larger, got 2"):
        model.fit(X, Y, epochs=2, callbacks=[StopOnInterrupt(path)], resume=path, **given)
    assert path.read_bytes() == before


def test_resuming_with_other_settings_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["train", "spiral", "--samples", "30", "--epochs", "50", "--quiet"]
    usual = StopOnInterrupt.on_train_begin

    def press(self, training):
        usual(self, training)
        if not training.epoch and training.state.current is None:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(StopOnInterrupt, "on_train_begin", press)
    assert whorl.cli.main(words) == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for more, message in (
        (["--learning-rate", "0.01"], "where optimizer is"),
        (["--seed", "5"], "where seed is 0, got 5"),
        (["--batch-size", "8"], "where batch_size is 32, got 8"),
    ):
        assert whorl.cli.main([*words, "--resume", *more]) == 2
        assert message in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert whorl.cli.main([*words, "--resume"]) == 0
