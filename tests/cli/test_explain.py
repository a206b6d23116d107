"""``whorl explain``: the trace of a training step."""

from pathlib import Path

import numpy as np
import pytest
from commands import QUICK, flowers, out, refused

import whorl
from whorl import SGD, CrossEntropy, MeanSquaredError
from whorl.recipes import RECIPES, edits, find

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

SMALL = ["explain", "spiral", "--samples", "30", "--hidden", "4", "--optimizer", "SGD(0.5)"]


class First(whorl.Callback):
    """Keeps the parameters that a training starts from, and the samples."""

    def on_train_begin(self, training):
        self.parameters = {name: each.copy() for name, each in training.model.named_parameters().items()}


def trained_on_flowers(capsys, target):
    """Train a small network, in model.npz, on a table that it also writes."""
    flowers("flowers.csv")
    options = ["--hidden", "4", "--epochs", "1", "--members", "1", "--no-calibrate", "--quiet"]
    other = "price" if target == "kind" else "kind"
    out(capsys, "train", "flowers.csv", "--target", target, "--ignore", other, *options)


def numbers(lines, start, count):
    """The numbers in so many lines after the one that starts so."""
    i = next(i for i, line in enumerate(lines) if line.startswith(start))
    return np.array([[float(each) for each in line.split()] for line in lines[i + 1 : i + 1 + count]])


def test_the_first_step_of_a_training(capsys):
    """The network is the one that `whorl train` starts from."""
    lines = out(capsys, *SMALL, "--rows", "0", "40")
    assert lines[0] == "samples 0, 40 of spiral"
    first, recipe = First(), find("spiral").replace(samples=30, epochs=1)
    recipe = recipe.replace(layers=edits.with_hidden(recipe.layers, [4]))
    _, problem, *_ = recipe.train(np.random.default_rng(0), [first])
    np.testing.assert_allclose(numbers(lines, "  w₁", 2), first.parameters["w1"], rtol=1e-3)
    np.testing.assert_allclose(numbers(lines, "  x ", 2), problem.X[[0, 40]], rtol=1e-3)


def test_samples_are_evenly_spaced_by_default(capsys):
    assert out(capsys, *SMALL)[0] == "samples 15, 45, 75 of spiral"


def test_a_saved_network(capsys):
    out(capsys, *QUICK)
    lines = out(
        capsys,
        "explain",
        "spiral",
        "--samples",
        "30",
        "--model",
        "model.npz",
        "--rows",
        "3",
        "7",
        "--optimizer",
        "SGD(0.1)",
    )
    model = whorl.load("model.npz")
    problem = find("spiral").replace(samples=30).problem(np.random.default_rng(0))
    step = whorl.trace(model, problem.X[[3, 7]], problem.y[[3, 7]], loss=CrossEntropy(), optimizer=SGD(0.1))
    assert "\n".join(lines[1:]) == str(step)


def test_why_one_weight_changed(capsys):
    lines = out(capsys, *SMALL, "--why", "w2", "3", "1")
    assert lines[0].startswith("w2[3, 1] ")
    assert lines[-1].startswith("w₂′ = w₂ − η · g[w₂] = ")
    assert sum(line.startswith("sample ") for line in lines) == 3


def test_a_page(capsys):
    assert out(capsys, *SMALL, "--html", "step.html") == ["saved step.html"]
    assert '<figure id="a-w1_new"' in Path("step.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("target", "loss"), [("kind", "CrossEntropy()"), ("price", "MeanSquaredError()")])
def test_a_table(capsys, target, loss):
    flowers("flowers.csv")
    other = "price" if target == "kind" else "kind"
    lines = out(capsys, "explain", "flowers.csv", "--target", target, "--ignore", other, "--hidden", "4")
    assert f"on 3 samples, with {loss} and " in lines[2]
    assert any(line.startswith("layers[0]  ") for line in lines)


def test_a_saved_network_of_a_table(capsys):
    trained_on_flowers(capsys, "price")
    lines = out(capsys, "explain", "flowers.csv", "--model", "model.npz", "--rows", "0", "5")
    model = whorl.load("model.npz")
    prices = np.genfromtxt("flowers.csv", delimiter=",", skip_header=1, usecols=2)[[0, 5]]
    frame = {"length": [], "colour": []}
    for row in Path("flowers.csv").read_text().splitlines()[1:7]:
        cells = row.split(",")
        frame["length"].append(float(cells[0]) if cells[0] else None)
        frame["colour"].append(cells[1])
    X = model.samples({name: [column[0], column[5]] for name, column in frame.items()})
    expected = whorl.trace(model, X, prices, loss=MeanSquaredError(), optimizer=RECIPES["table"]["default"].optimizer)
    assert lines[3].partition(";")[0] == f"loss {expected.loss:.6g}"


@pytest.mark.parametrize(("target", "heading"), [("price", "increase of rmse"), ("kind", "increase of the loss")])
def test_what_a_saved_network_of_a_table_relies_on(capsys, target, heading):
    trained_on_flowers(capsys, target)
    lines = out(capsys, "explain", "flowers.csv", "--model", "model.npz", "--seed", "1")
    model = whorl.load("model.npz")
    table = whorl.tables.table("flowers.csv", preparation=model.preparation)
    assert heading in lines[0]
    assert {line.split()[0] for line in lines[1:3]} == {"length", "colour"}
    if target == "price":
        rmse = model.evaluate(table.X, table.y, loss=MeanSquaredError(), metrics=["rmse"])["rmse"]
        assert lines[3] == f"rmse {rmse:.4g} on 300 samples; each column shuffled 5 times"


def test_few_rows_of_a_long_file(capsys, monkeypatch):
    trained_on_flowers(capsys, "kind")
    monkeypatch.setattr("whorl.cli.importance.ROWS", 100)
    lines = out(capsys, "explain", "flowers.csv", "--model", "model.npz")
    assert lines[0] == "100 of 300 rows, drawn at random"
    assert " on 100 samples; " in lines[-1]


def test_the_picture(capsys):
    trained_on_flowers(capsys, "kind")
    lines = out(capsys, "explain", "flowers.csv", "--model", "model.npz", "--plot", "picture.png")
    assert lines[-1] == "saved picture.png"
    assert Path("picture.png").read_bytes().startswith(b"\x89PNG")
    other = ["explain", "flowers.csv", "--model", "model.npz", "--rows", "1", "--plot", "a.png"]
    assert "--plot: draws what a saved network of a table relies on" in refused(capsys, *other)
    assert "--plot: draws what" in refused(capsys, *SMALL, "--plot", "a.png")


def test_what_is_refused(capsys):
    out(capsys, *QUICK)
    assert "must be below 90, the number of samples, got 90" in refused(capsys, *SMALL, "--rows", "90")
    assert "--why: not allowed with --html" in refused(capsys, *SMALL, "--why", "w1", "0", "--html", "a.html")
    assert "there is no parameter 'w9'" in refused(capsys, *SMALL, "--why", "w9", "0", "0")
    assert "an index must be a whole number" in refused(capsys, *SMALL, "--why", "w1", "0", "x")
    error = refused(capsys, "explain", "digits", "--model", "model.npz")
    assert "takes inputs of shape (2,), but digits has 64 for each sample" in error
    assert "required: --target" in refused(capsys, "explain", "flowers.csv")
