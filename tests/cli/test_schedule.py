"""``whorl schedule``: a table of learning rates, or a picture."""

import sys
from pathlib import Path

import pytest
from commands import out, refused

from whorl import Cosine, WarmUp
from whorl.schedules import Step

pytestmark = pytest.mark.usefixtures("own_directory")

COSINE, STEPS = "Cosine(0.1, epochs=50)", "Step(0.1, factor=0.5, every=10)"


def test_the_table_has_the_rates_of_each_schedule(capsys):
    lines = out(capsys, "schedule", COSINE, STEPS, "--epochs", "60")
    assert lines[0] == "epoch  Cosine(0.1, epochs=50.0)  Step(0.1, factor=0.5, every=10.0)"
    schedules = Cosine(0.1, epochs=50), Step(0.1, factor=0.5, every=10)
    rows = [line.split() for line in lines[1:]]
    assert [row[0] for row in rows] == [str(6 * i) for i in range(11)]
    assert all(row[1:] == [f"{schedule(float(row[0])):.4g}" for schedule in schedules] for row in rows)


def test_warm_up_is_put_before_each_schedule(capsys):
    lines = out(capsys, "schedule", COSINE, "--warmup", "10")
    warm = WarmUp(Cosine(0.1, epochs=50), epochs=10)
    assert lines[0].split("  ")[1] == repr(warm)
    assert [line.split()[1] for line in lines[1:]] == [f"{warm(10.0 * i):.4g}" for i in range(11)]


@pytest.mark.parametrize(("name", "start"), [("lr.png", b"\x89PNG"), ("lr.svg", b"<?xml"), ("lr.PDF", b"%PDF")])
def test_a_picture(name, start, capsys):
    assert out(capsys, "schedule", COSINE, STEPS, "--output", name) == [f"saved {name}"]
    assert Path(name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: SCHEDULE"),
        (["Cosine"], "Cosine: missing a required argument: 'learning_rate'; its usage is Cosine("),
        (["0.1"], "must be one of Chain, Constant, Cosine, "),
        (["Sine(0.1)"], "'Sine' is not known; did you mean 'Cosine'?"),
        (["cosine(0.1, epochs=50)"], "'cosine' is not known; did you mean 'Cosine'?"),
        (["one_cycle(0.1, epochs=50)"], "'one_cycle' is not known; did you mean 'OneCycle'?"),
        (["Cosine(0.1)"], "Cosine: missing a required"),
        ([COSINE, "Constant(-1)"], "Constant: learning_rate must be a finite number at least 0, got -1"),
        (["ReduceOnPlateau(0.1)"], "cannot be shown before training: it depends on results, val_loss"),
        (["WarmUp(ReduceOnPlateau(0.1), epochs=3)"], "it depends on results, val_loss"),
        ([COSINE, "--epochs", "0"], "--epochs must be a finite number above 0, got 0"),
        ([COSINE, "--epochs", "many"], "--epochs must be a finite number above 0, got 'many'"),
        ([COSINE, "--warmup", "-1"], "epochs must be a finite number above 0, got -1"),
        ([COSINE, "--output", "lr.txt"], "argument --output: must end in .png, .svg or .pdf, got 'lr.txt'"),
        ([COSINE, "--output", "nowhere/lr.png"], "No such file or directory"),
    ],
)
def test_a_wrong_command_is_refused(arguments, words, capsys):
    assert words in refused(capsys, "schedule", *arguments)
    assert list(Path().iterdir()) == []


def test_a_picture_needs_matplotlib_and_a_table_does_not(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert out(capsys, "schedule", COSINE)
    words = "whorl schedule: error: whorl.plot needs matplotlib, which the extra whorl[plot] installs"
    assert refused(capsys, "schedule", COSINE, "--output", "lr.png") == words
