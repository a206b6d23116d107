"""``whorl evaluate``: a saved network, measured on samples that it was not trained on."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from commands import flowers, out, refused

import whorl
from whorl import CrossEntropy, Dense, Flatten, Model, Softmax
from whorl.recipes.data import Blobs

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

QUICK = ["train", "spiral", "--samples", "30", "--hidden", "8", "--epochs", "4"]


def line(what, measured):
    return f"{what}: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}"


def measure(X, y, path="model.npz"):
    return whorl.load(path).evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])


@pytest.fixture
def trained(capsys):
    out(capsys, *QUICK)
    return Path("model.npz")


def test_the_spiral_beside_the_best_possible(trained, capsys):
    lines = out(capsys, "evaluate", str(trained), "spiral", "--samples", "50", "--seed", "7")
    X, y = whorl.datasets.spiral(50, rng=np.random.SeedSequence([7, 1]))
    measured = whorl.load(trained).evaluate(X, y, loss=whorl.CrossEntropy(), metrics=["accuracy"])
    assert lines == [
        f"150 new points: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}",
        "best possible accuracy on new data: 0.910 (loss 0.213)",
    ]
    assert len(out(capsys, "evaluate", str(trained), "spiral", "--noise", "0", "--samples", "5")) == 1


def test_the_noise_and_the_number_of_points_matter(trained, capsys):
    quiet, loud = (out(capsys, "evaluate", str(trained), "spiral", "--noise", noise)[0] for noise in ("0.01", "1.0"))
    assert quiet != loud
    assert out(capsys, "evaluate", str(trained), "spiral", "--samples", "30")[0] != quiet


@pytest.mark.parametrize("data", ["moons", "circles", "xor"])
def test_points_are_of_another_stream_than_those_of_training(data, capsys):
    out(capsys, "train", data, "--samples", "50", "--epochs", "1", "--noise", "0.2", "--seed", "3")
    draw, seed = getattr(whorl.datasets, data), np.random.SeedSequence([3, 1])
    X, y = draw(60, noise=0.2, rng=seed)
    lines = out(capsys, "evaluate", "model.npz", data, "--samples", "60", "--noise", "0.2", "--seed", "3")
    accuracy, loss = whorl.datasets.best_possible(data, noise=0.2)
    best = f"best possible accuracy on new data: {accuracy:.3f} (loss {loss:.3f})"
    assert lines == [line("120 new points", measure(X, y)), best]
    assert not np.isin(X, draw(60, noise=0.2, rng=3)[0]).any()


def test_blobs_are_fresh_points_of_the_same_clouds(capsys):
    clouds = ["--clouds", "2", "--spread", "2"]
    out(capsys, "train", "blobs", "--classes", "4", "--features", "3", *clouds, "--samples", "200", "--epochs", "3")
    rng = np.random.default_rng(np.random.SeedSequence([0, 1]))
    measured = measure(*Blobs(70, classes=4, features=3, clouds=2, spread=2.0).fresh(rng))
    assert out(capsys, "evaluate", "model.npz", "blobs", *clouds, "--samples", "70") == [
        line("280 new points", measured)
    ]
    assert measured["accuracy"] > 0.9
    other = out(capsys, "evaluate", "model.npz", "blobs", "--clouds", "5", "--spread", "2", "--samples", "70")
    assert float(other[0].split()[4]) < 0.9


def test_digits(capsys):
    out(capsys, "train", "digits", "--epochs", "1")
    lines = out(capsys, "evaluate", "model.npz", "digits")
    assert lines == [line("1797 digits, including those of the training", measure(*whorl.datasets.digits()))]


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("inputs", [784, (28, 28)])
def test_images_are_those_of_the_test(data, inputs, capsys, monkeypatch):
    images = np.random.default_rng(0).integers(256, size=(120, 28, 28), dtype=np.uint8)
    labels = np.arange(120) % 10
    made_up = (images[30:], labels[30:]), (images[:30], labels[:30])
    monkeypatch.setattr(f"whorl.datasets.{data.replace('-', '_')}", lambda: made_up)
    Model([*([] if inputs == 784 else [Flatten()]), Dense(10), Softmax()], inputs=inputs, rng=0).save("model.npz")
    X = images[:30].reshape(30, *whorl.load("model.npz").inputs) / np.float32(255)
    assert out(capsys, "evaluate", "model.npz", data) == [line("30 test images", measure(X, labels[:30]))]


def test_a_file_with_classes(capsys):
    flowers("flowers.csv")
    flowers("bare.csv", header="measured in May\n")
    out(capsys, "train", "flowers.csv", "--target", "kind", "--ignore", "price", "--epochs", "3", "--members", "2")
    table = whorl.tables.table("flowers.csv", preparation=whorl.load("model.npz").preparation)
    found, *by_class = out(capsys, "evaluate", "model.npz", "flowers.csv")
    assert found == line("300 rows of flowers.csv", measure(table.X, table.y))
    names = ["--skip", "1", "--columns", "length", "colour", "price", "kind"]
    expected = [found.replace("flowers.csv", "bare.csv"), *by_class]
    assert out(capsys, "evaluate", "model.npz", "bare.csv", *names) == expected


def test_a_file_with_a_number_is_measured_in_its_unit(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "price", "--ignore", "kind", "--epochs", "30", "--preset", "fast")
    Path("new.csv").write_text("colour,length,price\nred,1,1400\nwhite,0,1000\nwhite,1,\nred,-1,800\n")
    model = whorl.load("model.npz")
    p = model.predict(model.preparation.transform("new.csv"))[[0, 1, 3], 0].astype(float)
    error = p - [1400, 1000, 800]
    r2 = 1 - (error @ error) / np.sum((np.array([1400, 1000, 800]) - 3200 / 3) ** 2)
    (found,) = out(capsys, "evaluate", "model.npz", "new.csv")
    rows, measured = found.split(": ")
    assert rows == "3 rows of new.csv (1 without price are left out)"
    found = re.fullmatch(r"r2 (\S+) rmse (\S+), in the unit of price", measured)
    assert [float(number) for number in found.groups()] == pytest.approx([r2, np.sqrt(error @ error / 3)], rel=1e-3)


def test_json(trained, capsys):
    flowers("flowers.csv")
    spiral = json.loads("\n".join(out(capsys, "evaluate", str(trained), "spiral", "--samples", "50", "--json")))
    X, y = whorl.datasets.spiral(50, rng=np.random.SeedSequence([0, 1]))
    best = dict(zip(["best_accuracy", "best_loss"], whorl.datasets.best_possible("spiral"), strict=True))
    assert spiral == {"samples": 150, **measure(X, y), **best}
    out(capsys, "train", "flowers.csv", "--target", "price", "--ignore", "kind", "--epochs", "3", "--members", "2")
    table = json.loads("\n".join(out(capsys, "evaluate", "model.npz", "flowers.csv", "--json")))
    assert set(table) == {"samples", "dropped", "loss", "penalty", "r2", "rmse"}
    assert (table["samples"], table["dropped"]) == (300, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("spiral.npz mnost", "there is no data set 'mnost'; did you mean 'mnist'?"),
        ("spiral.npz moons", "spiral.npz has outputs of shape (3,), but moons has 2 classes"),
        ("spiral.npz digits", "spiral.npz takes inputs of shape (2,), but digits has 64 for each sample"),
        ("scores.npz moons", "CrossEntropy takes probabilities, rows of numbers from 0 to 1"),
        (
            "spiral.npz flowers.csv",
            "spiral.npz did not learn from a table, so it is not known which column of flowers.csv",
        ),
        ("kind.npz gone.csv", "there is no file 'gone.csv'"),
        ("kind.npz short.csv", "short.csv has no column 'kind'; it has length, colour"),
        ("kind.npz other.csv", "other.csv line 2, column 'kind': must be one of ['lily', 'rose'], got 'tulip'"),
        ("kind.npz moons", "kind.npz learned from a table: give it a file with the same columns, not moons"),
        ("kind.npz flowers.csv --noise 1", "unrecognized arguments: --noise 1"),
        ("kind.npz flowers.csv --seed 1", "unrecognized arguments: --seed 1"),
        ("kind.npz flowers.csv --skip -1", "skip must be a whole number of at least 0, got -1"),
        ("spiral.npz spiral --skip 1", "unrecognized arguments: --skip 1"),
        ("spiral.npz spiral --spread 1", "unrecognized arguments: --spread 1"),
        ("spiral.npz digits --seed 1", "unrecognized arguments: --seed 1"),
        ("spiral.npz digits --samples 9", "unrecognized arguments: --samples 9"),
    ],
)
def test_a_wrong_command_is_refused(arguments, words, capsys):
    flowers("flowers.csv")
    Path("short.csv").write_text("length,colour\n1,red\n")
    Path("other.csv").write_text("length,colour,price,kind\n1,red,1,tulip\n")
    Model([Dense(3), Softmax()], inputs=2, rng=0).save("spiral.npz")
    Model([Dense(2)], inputs=2, rng=0).save("scores.npz")
    table = whorl.tables.table("flowers.csv", "kind")
    model = Model([Dense(2), Softmax()], inputs=table.X.shape[1], rng=0)
    model.preparation = table.preparation
    model.save("kind.npz")
    assert words in refused(capsys, "evaluate", *arguments.split())
