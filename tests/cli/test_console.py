"""Tables and progress on a terminal, with rich and without it."""

import importlib.util
import io
import sys

import pytest
from commands import QUICK

import whorl
from whorl.cli import main
from whorl.cli.console import Bar, Steps, has_rich, progress, show_table
from whorl.training import Progress

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

ROWS = [["epoch", "Constant(0.1)"], ["0", "0.1"], ["50", "0.1"]]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Returns a function that makes the standard output a terminal; pytest would undo it before the test."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")

    def start():
        stream = Terminal()
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    return start


@pytest.fixture
def without_rich(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rich" else found(name))


def test_rich_is_used_on_a_terminal_alone(terminal, monkeypatch):
    terminal()
    assert has_rich()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not has_rich()


def test_a_plain_table(capsys):
    show_table(ROWS, right={0, 1})
    assert capsys.readouterr().out == "epoch  Constant(0.1)\n    0            0.1\n   50            0.1\n"


def test_a_table_by_rich(terminal):
    stream = terminal()
    show_table(ROWS, right={0, 1})
    text = stream.getvalue()
    assert "Constant(0.1)" in text
    assert "│" in text


def test_a_plain_table_on_a_terminal_without_rich(terminal, without_rich):
    stream = terminal()
    show_table(ROWS, right={0, 1})
    assert stream.getvalue().startswith("epoch  Constant(0.1)\n")


def test_progress_by_rich_prints_the_same_lines_above_a_bar(terminal, monkeypatch):
    stream = terminal()
    bar, lines = progress(2)
    assert isinstance(bar, Bar)
    assert isinstance(lines, Progress)
    assert lines.every == 2
    assert not lines.stream.isatty()
    assert main(QUICK) == 0
    text = stream.getvalue()
    assert "epoch 4 of 4, loss " in text
    plain = io.StringIO()
    monkeypatch.setattr(sys, "stdout", plain)
    assert main(QUICK) == 0
    for line in plain.getvalue().splitlines()[:3]:
        assert line.startswith("epoch ")
        assert line in text


def test_progress_without_rich(terminal, without_rich):
    terminal()
    lines, steps = progress(2)
    assert lines == Progress(2)
    assert type(steps) is Steps


@pytest.mark.parametrize("columns", [40, 200])
def test_a_long_epoch_shows_signs_of_life_on_one_line(columns, terminal, without_rich, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("whorl.cli.console.time.monotonic", lambda: now[0])
    monkeypatch.setenv("COLUMNS", str(columns))
    stream, steps = terminal(), Steps()

    class Clock(whorl.Callback):
        def on_step_end(self, training):
            now[0] += 0.4

    X, y = whorl.datasets.spiral(40, rng=0)
    model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
    given = {"loss": whorl.CrossEntropy(), "optimizer": whorl.SGD(0.1), "batch_size": 10, "epochs": 2, "rng": 0}
    model.fit(X, y, callbacks=[Clock(), steps], **given)
    shown = [text for text in stream.getvalue().split("\r\x1b[K") if text]
    assert len(shown) == 8  # every third of 12 steps, in each epoch
    assert shown[0] == "epoch 1: 30 of 120 samples, loss 1.156, 25 samples/s, 4 s left in this epoch"[: columns - 1]
    assert shown[4].startswith("epoch 2: 30 of 120 samples")


def test_no_signs_of_life_where_the_output_is_not_a_terminal(capsys):
    assert progress(2) == [Progress(2)]


def test_quiet_prints_no_progress(capsys):
    assert main([*QUICK, "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["saved model.npz", "saved model.toml"]
    assert not any(line.startswith("epoch") for line in lines)
