"""``whorl check``: gradients of a saved network against finite differences."""

import json

import numpy as np
import pytest
from commands import QUICK, flowers, out, refused

import whorl
from whorl import Average, Dense, Embedding, Flatten, MeanSquaredError, Model, ReLU, Sigmoid, Softmax
from whorl.cli import check, main

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")


def test_a_trained_network_passes(capsys):
    out(capsys, *QUICK)
    lines = out(capsys, "check", "model.npz")
    assert lines[0] == "8 samples, drawn at random; the loss is CrossEntropy()"
    assert lines[1].split() == ["layer", "array", "error", "at", "backpropagation", "differences"]
    assert lines[-1] == "all gradients are right"
    assert out(capsys, "check", "model.npz", "--data", "spiral", "--samples", "5")[0].startswith("5 samples of spiral")


def test_a_wrong_gradient_ends_with_code_1(capsys, monkeypatch):
    right = Dense.forward

    def wrong(self, x, p, rng=None):
        y, backward = right(self, x, p, rng)
        return y, lambda dy, g: backward(0.5 * dy, g)

    Model([Dense(4), ReLU(), Dense(2)], inputs=3, rng=0).save("model.npz")
    monkeypatch.setattr(Dense, "forward", wrong)
    assert main(["check", "model.npz"]) == 1
    assert "layers[2], Dense(2): dL/dx is wrong: at [" in capsys.readouterr().out
    assert main(["check", "model.npz", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is False
    assert found["errors"]["w2"] == pytest.approx(0.5, rel=1e-4)
    assert len(found["problems"]) == 6  # of each of the two layers, dL/dx, w and b


def test_the_rows_of_a_table(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "kind", "--ignore", "price", "--epochs", "1", "--quiet")
    assert out(capsys, "check", "model.npz", "--elements", "1")[-1] == "all gradients are right"
    lines = out(capsys, "check", "model.npz", "--data", "flowers.csv", "--elements", "1")
    assert lines[0].startswith("8 samples of flowers.csv; ")
    assert lines[-1] == "all gradients are right"
    assert "give it a file with the same columns" in refused(capsys, "check", "model.npz", "--data", "spiral")


@pytest.mark.parametrize(
    ("layers", "inputs", "loss"),
    [
        ([Embedding([3, 200], 4, columns=[2, 0]), Dense(1), Sigmoid()], 3, "BinaryCrossEntropy()"),
        ([Average([Embedding([5], 2), Dense(2), Softmax()], 2)], 2, "MeanSquaredError()"),
        ([Flatten(), Dense(2), Softmax()], (2, 2), "CrossEntropy()"),
        ([Dense(2)], 1, "MeanSquaredError()"),
    ],
)
def test_random_samples_suit_the_network(layers, inputs, loss, capsys):
    Model(layers, inputs=inputs, rng=0).save("model.npz")
    lines = out(capsys, "check", "model.npz", "--samples", "4")
    assert lines[0] == f"4 samples, drawn at random; the loss is {loss}"
    assert lines[-1] == "all gradients are right"


def test_random_categories_are_whole_numbers_of_their_column():
    model = Model([Embedding([3, 2], 1, columns=[2, 0]), Dense(1)], inputs=3, rng=0)
    X, y = check.random_samples(model, 500, MeanSquaredError(), np.random.default_rng(0))
    assert set(X[:, 2]) == {0, 1, 2}
    assert set(X[:, 0]) == {0, 1}
    assert len(set(X[:, 1])) == 500
    assert y.shape == (500, 1)


def test_other_data_are_refused(capsys):
    whorl.Model([Dense(3), Softmax()], inputs=5, rng=0).save("model.npz")
    assert "model.npz takes inputs of shape (5,), but spiral has 2" in refused(
        capsys, "check", "model.npz", "--data", "spiral"
    )
    assert "did not learn from a table" in refused(capsys, "check", "model.npz", "--data", "a.csv")
    assert "--samples must be a whole number of at least 1, got 0" in refused(
        capsys, "check", "model.npz", "--samples", "0"
    )


def test_two_members_of_an_average_are_checked():
    model = Model([Average([Dense(4), Average([ReLU(), Dense(2)], 1)], 5), Dense(2), Softmax()], inputs=3, rng=0)
    small = check.with_two_members(model)
    assert small.layers[0].members == 2
    assert small.parameters.size == 2 * (16 + 10) + 6
    arrays, copies = list(model.named_parameters().values()), list(small.named_parameters().values())
    for of, copy in zip([*arrays[:8], *arrays[-2:]], copies, strict=True):
        np.testing.assert_array_equal(of, copy)
    assert check.with_two_members(small) is small
