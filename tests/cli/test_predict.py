"""``whorl predict``: the predictions for the rows of a file."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import QUICK, flowers, out, refused

import whorl
from whorl import Dense, Model, Softmax

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")


@pytest.fixture
def trained(capsys):
    out(capsys, *QUICK)
    return "model.npz"


@pytest.fixture
def kinds(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "kind", "--ignore", "price", "--preset", "fast", "--epochs", "40")
    return "model.npz"


def test_classes_and_probabilities(trained, capsys):
    Path("points.csv").write_text("x,y\n0.5, 0.25\n\n-0.5,1e-1\n")
    lines = out(capsys, "predict", trained, "points.csv")
    p = whorl.load(trained).predict([[0.5, 0.25], [-0.5, 0.1]])
    assert lines[0] == "class,p0,p1,p2"
    rows = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    np.testing.assert_array_equal(rows[:, 0], p.argmax(axis=1))
    np.testing.assert_allclose(rows[:, 1:], p, rtol=1e-5)


def test_files_without_names_and_chosen_columns(trained, capsys):
    Path("bare.csv").write_text("0.5,0.25\n")
    Path("named.csv").write_text("\ufeffid,y,x\nseven,0.25,0.5\n", encoding="utf-8")
    bare = out(capsys, "predict", trained, "bare.csv")
    assert out(capsys, "predict", trained, "named.csv", "--columns", "x", "y") == bare
    Path("late.csv").write_text("measured, in May, by hand\nid,y,x\nseven,0.25,0.5\n")
    assert out(capsys, "predict", trained, "late.csv", "--skip", "1", "--columns", "x", "y") == bare
    Path("semicolons.csv").write_text('x;"y"\n0.5; 0.25\n')
    assert out(capsys, "predict", trained, "semicolons.csv") == bare


def test_scores_of_a_network_without_softmax(capsys):
    model = Model([Dense(2)], inputs=1)
    model.named_parameters()["w1"][:] = [[1, 2]]
    model.save("scores.npz")
    Path("one.csv").write_text("3\n")
    assert out(capsys, "predict", "scores.npz", "one.csv") == ["y0,y1", "3,6"]
    assert json.loads("\n".join(out(capsys, "predict", "scores.npz", "one.csv", "--json"))) == [{"y0": 3.0, "y1": 6.0}]


def test_names_of_classes_for_new_rows_of_a_table(kinds, capsys):
    Path("new.csv").write_text("colour,length\nred,3\nwhite,-3\nblue,\n")  # other order, a new category, a gap
    predicted = out(capsys, "predict", kinds, "new.csv")
    assert predicted[0] == "kind,lily,rose"
    assert [line.split(",")[0] for line in predicted[1:3]] == ["rose", "lily"]
    assert len(predicted) == 4
    Path("bare.csv").write_text("new ones\nred,3\nwhite,-3\nblue,\n")
    assert out(capsys, "predict", kinds, "bare.csv", "--skip", "1", "--columns", "colour", "length") == predicted


def test_json_has_an_object_for_each_row(kinds, capsys):
    Path("new.csv").write_text("colour,length\nred,3\nwhite,-3\n")
    rows = json.loads("\n".join(out(capsys, "predict", kinds, "new.csv", "--json")))
    model = whorl.load(kinds)
    p = model.predict(model.preparation.transform("new.csv")).tolist()
    assert rows == [{"kind": kind, "lily": a, "rose": b} for kind, (a, b) in zip(["rose", "lily"], p, strict=True)]


def test_numbers_in_the_unit_of_the_target(capsys):
    flowers("flowers.csv")
    out(
        capsys,
        "train",
        "flowers.csv",
        "--target",
        "price",
        "--ignore",
        "kind",
        "--preset",
        "fast",
        "--output",
        "price.npz",
    )
    Path("new.csv").write_text("length,colour\n1,red\n-1,white\n")
    target, *prices = out(capsys, "predict", "price.npz", "new.csv")
    assert target == "price"
    assert [float(price) for price in prices] == [pytest.approx(1500, abs=100), pytest.approx(700, abs=100)]


@pytest.mark.parametrize(("last", "heading"), [([Dense(2), Softmax()], "class,p0,p1"), ([Dense(1)], "y0")])
def test_a_preparation_without_a_target(last, heading, capsys):
    flowers("flowers.csv")
    preparation = whorl.tables.Preparation.learn("flowers.csv", ignore=["price", "kind"])
    model = Model([Dense(4), *last], inputs=preparation.transform("flowers.csv").shape[1], rng=0)
    model.preparation = preparation
    model.save("features.npz")
    lines = out(capsys, "predict", "features.npz", "flowers.csv")
    assert lines[0] == heading
    assert len(lines) == 301


@pytest.fixture
def price(capsys):
    """A network for the price of flowers, calibrated with other flowers."""
    flowers("flowers.csv")
    out(
        capsys,
        "train",
        "flowers.csv",
        "--target",
        "price",
        "--ignore",
        "kind",
        "--output",
        "price.npz",
        "--epochs",
        "5",
        "--preset",
        "fast",
    )
    model = whorl.load("price.npz")
    flowers("others.csv", rows=150)
    others = whorl.tables.table("others.csv", preparation=model.preparation)
    whorl.calibrate(model, others.X, others.y).save("calibrated.npz")
    return "calibrated.npz"


def test_intervals_of_numbers(price, capsys):
    lines = out(capsys, "predict", price, "others.csv", "--interval", "0.9", "--keep", "price")
    assert lines[0] == "price,predicted price,low,high"
    y, prediction, low, high = np.array([list(map(float, line.split(","))) for line in lines[1:]]).T
    model = whorl.load(price)
    expected = model.predict(model.preparation.transform("others.csv"), interval=0.9)
    for column, each in zip((prediction, low, high), expected, strict=True):
        np.testing.assert_allclose(column, each[:, 0], rtol=1e-5)
    assert 0.9 <= ((low <= y) & (y <= high)).mean() < 0.94
    rows = json.loads("\n".join(out(capsys, "predict", price, "others.csv", "--interval", "0.5", "--json")))
    assert list(rows[0]) == ["price", "low", "high"]
    assert "Intervals of predictions, from 150 held-out samples" in out(capsys, "inspect", price)
    assert json.loads("\n".join(out(capsys, "inspect", price, "--json")))["uncertainty"] == "Intervals"


def test_sets_of_classes(kinds, capsys):
    model = whorl.load(kinds)
    others = whorl.tables.table("flowers.csv", preparation=model.preparation)
    calibrated = whorl.calibrate(model, others.X[:99], others.y[:99])
    calibrated.save("calibrated.npz")
    Path("new.csv").write_text("colour,length\nred,3\nwhite,-3\n")
    lines = out(capsys, "predict", "calibrated.npz", "new.csv", "--interval", "0.9")
    assert lines[0] == "kind,lily,rose,set"
    assert [line.split(",")[-1] for line in lines[1:]] == ["rose", "lily"]
    assert lines[0] != out(capsys, "predict", "calibrated.npz", "new.csv")[0]
    wrong = np.argmax(np.abs(model.predict(others.X)[:, 0] - 0.5))  # the surest prediction is wrong
    y = others.y.copy()
    y[wrong] = 1 - y[wrong]
    whorl.calibrate(model, others.X, y).save("calibrated.npz")
    lines = out(capsys, "predict", "calibrated.npz", "flowers.csv", "--interval", str(300 / 301))  # no more than that
    assert [line.split(",")[-1] for line in lines[1:]].count("lily|rose") > 100


def test_sets_of_numbered_classes(trained, capsys):
    model = whorl.load(trained)
    X, y = whorl.datasets.spiral(100, classes=3, rng=1)
    whorl.calibrate(model, X, y).save("calibrated.npz")
    Path("points.csv").write_text("0.5,0.25\n")
    names, row = out(capsys, "predict", "calibrated.npz", "points.csv", "--interval", "0.95")
    assert names == "class,p0,p1,p2,set"
    assert row.split(",")[0] in row.split(",")[-1].split("|")


def test_intervals_that_the_network_cannot_give(trained, price, capsys):
    Path("points.csv").write_text("0.5,0.25\n")
    error = refused(capsys, "predict", trained, "points.csv", "--interval", "0.9")
    assert "argument --interval: model.npz has not learned how sure its predictions are: calibrate it" in error
    assert "coverage 0.999 needs at least 1999 held-out samples, got 150" in refused(
        capsys, "predict", price, "others.csv", "--interval", "0.999"
    )
    assert "argument --interval: must be a finite number above 0 and below 1, got 90.0" in refused(
        capsys, "predict", price, "others.csv", "--interval", "90"
    )


def test_columns_that_have_the_name_of_a_bound(capsys):
    model = whorl.Model([Dense(1)], inputs=1, rng=0)
    model.preparation = whorl.tables.table({"x": [0.5, 1.5, 2.5], "low": [1.5, 2.5, 4.5]}, "low").preparation
    X = np.linspace(0, 1, 50)[:, None]
    whorl.calibrate(model, X, X).save("low.npz")
    Path("new.csv").write_text("x,high\n1,2\n")
    lines = out(capsys, "predict", "low.npz", "new.csv", "--interval", "0.9", "--keep", "high")
    assert lines[0] == "high,low,low of prediction,predicted high"
