"""Tables and progress on a terminal, with rich and without it."""

import importlib.util
import io
import sys

import pytest
from commands import QUICK

from whorl.cli import main
from whorl.cli.console import Bar, has_rich, progress, show_table
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
    assert progress(2) == [Progress(2)]
