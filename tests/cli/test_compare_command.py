"""``whorl compare``."""

import re
from pathlib import Path

import pytest
from commands import flowers, out, refused
from PIL import Image

from whorl.cli import config
from whorl.sweeps import compare

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")
SMALL = ["--samples", "60", "--hidden", "8", "--epochs", "5", "--quiet"]


@pytest.fixture
def runs(capsys):
    out(capsys, "train", "moons", *SMALL, "--learning-rate", "0.0001", "--output", "slow.npz")
    out(capsys, "train", "moons", *SMALL, "--learning-rate", "0.03", "--batch-size", "8", "--output", "fast")


def test_it_shows_what_differs_and_what_that_changes(runs, capsys):
    lines = out(capsys, "compare", "slow.npz", "fast", "--seeds", "4", "--plot", "both.png")
    assert [line.split()[:2] for line in lines[:3]] == [
        ["setting", "run"],
        ["optimizer", "slow"],
        ["optimizer", "fast"],
    ]
    assert [line.split() for line in lines[3:5]] == [["batch_size", "slow", "32"], ["batch_size", "fast", "8"]]
    plans = {"slow": config.read("slow.toml"), "fast": config.read("fast/model.toml")}
    recipes = {name: plan.recipe for name, plan in plans.items()}
    problem = recipes["slow"].problem(0)
    expected = compare(recipes, problem.X, problem.y, validation=problem.validation, seeds=4)
    for line, name in zip(lines[6:8], recipes, strict=True):
        losses, accuracies = expected[name].losses, expected[name].scores["val_accuracy"]
        figures = (losses.mean(), losses.std(ddof=1), accuracies.mean(), accuracies.std(ddof=1))
        assert [float(each) for each in re.findall(r"\d\.\d+", line)] == [round(float(each), 4) for each in figures]
    assert lines[8].startswith("fast is better than slow: ")
    assert lines[9] == "saved both.png"
    with Image.open("both.png") as image:
        assert image.width > 500


def test_each_setting_alone(runs, capsys):
    lines = out(capsys, "compare", "slow.toml", "fast/model.toml", "--seeds", "2", "--each")
    names = [re.split(r"  +", line)[0] for line in lines[6:10]]
    assert names == ["slow", "slow with optimizer of model", "slow with batch_size of model", "model"]


def test_what_cannot_be_compared(runs, capsys):
    assert refused(capsys, "compare", "slow.npz").endswith("must name at least two runs, got 1")
    assert refused(capsys, "compare", "slow.npz", "slow.npz").endswith("must be different runs, got slow.npz slow.npz")
    Path("again.toml").write_bytes(Path("slow.toml").read_bytes())
    assert "the settings of all these runs are the same" in refused(capsys, "compare", "slow.npz", "again.toml")
    assert "there is no file 'none.toml'" in refused(capsys, "compare", "slow.npz", "none.npz")
    out(capsys, "train", "moons", *SMALL, "--noise", "0.3", "--output", "other.npz")
    error = refused(capsys, "compare", "slow.npz", "other.npz")
    assert "must be runs on the same data: that of slow is Moons(" in error


def test_a_file_that_has_changed_is_refused(capsys):
    flowers("a.csv", rows=120)
    few = ["--epochs", "1", "--members", "2", "--folds", "2", "--quiet"]
    for name, extra in (("one.npz", []), ("two.npz", ["--batch-size", "50"])):
        out(capsys, "train", "a.csv", "--target", "kind", *few, *extra, "--output", name)
    lines = out(capsys, "compare", "one.npz", "two.npz", "--seeds", "2")
    assert lines[3].split()[:2] == ["run", "val"]
    single = ["--epochs", "1", "--members", "1", "--hidden", "8", "--batch-size", "50", "--quiet"]
    out(capsys, "train", "a.csv", "--target", "kind", *single, "--output", "three.npz")
    lines = out(capsys, "compare", "two.npz", "three.npz", "--seeds", "2", "--each")
    assert [line.split()[0] for line in lines[1:7:2]] == ["layers", "members", "folds"]
    names = [re.split(r"  +", line)[0] for line in lines[8:13]]
    assert names == ["two", *(f"two with {name} of three" for name in ("layers", "members", "folds")), "three"]
    flowers("a.csv", rows=121)
    assert refused(capsys, "compare", "one.npz", "two.npz").endswith("a.csv has changed since one was trained")
