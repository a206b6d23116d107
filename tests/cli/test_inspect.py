"""``whorl inspect``: the layers of a saved network."""

import json

import pytest
from commands import QUICK, flowers, out

import whorl

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")


def test_the_summary_is_printed(capsys):
    out(capsys, *QUICK)
    assert "\n".join(out(capsys, "inspect", "model.npz")) == str(whorl.load("model.npz").summary())


def test_json(capsys):
    whorl.Model([whorl.Dense(4), whorl.BatchNorm(), whorl.Dense(3), whorl.Softmax()], inputs=2).save("model.npz")
    assert json.loads("\n".join(out(capsys, "inspect", "model.npz", "--json"))) == {
        "inputs": [2],
        "outputs": [3],
        "dtype": "float32",
        "layers": ["Dense(4)", "BatchNorm()", "Dense(3)", "Softmax()"],
        "parameters": {"w1": [2, 4], "b1": [4], "gamma2": [4], "beta2": [4], "w3": [4, 3], "b3": [3]},
        "uncertainty": None,
        "columns": None,
    }


def test_json_names_the_columns_of_a_table(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "kind", "--ignore", "price", "--epochs", "1")
    assert json.loads("\n".join(out(capsys, "inspect", "model.npz", "--json")))["columns"] == ["length", "colour"]
