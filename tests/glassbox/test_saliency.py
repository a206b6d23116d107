"""The slopes of the scores, compared with finite differences."""

import numpy as np
import pytest

import whorl
from whorl import GELU, BatchNorm, CrossEntropy, Dense, Dropout, Embedding, Flatten, Model, Sigmoid, Softmax, Tanh
from whorl.glassbox import saliency

H = 1e-6


def differences(model, X, output=None):
    """|s(x + h) − s(x − h)| / 2h for each input, with the scores before the last layer."""

    def scores(x):
        return model.activations(x)[-2]

    chosen = scores(X).argmax(axis=1) if output is None else np.full(len(X), output)
    found = np.empty(X.shape)
    for place in np.ndindex(X.shape[1:]):
        step = np.zeros(X.shape[1:])
        step[place] = H
        slope = (scores(X + step) - scores(X - step)) / (2 * H)
        found[(slice(None), *place)] = np.abs(slope[np.arange(len(X)), chosen])
    return found


@pytest.mark.parametrize("output", [None, 0, 2])
def test_finite_differences(output):
    layers = [Flatten(), Dense(12), BatchNorm(), Tanh(), Dropout(0.5), Dense(8), GELU(), Dense(3), Softmax()]
    model = Model(layers, inputs=(2, 3), rng=0, dtype="float64")
    X = np.random.default_rng(0).normal(size=(9, 2, 3))
    model.fit(X, np.arange(9) % 3, loss=CrossEntropy(), optimizer=whorl.SGD(0.1), epochs=2, rng=0, fast=False)
    found = saliency(model, X, output=output)
    assert found.shape == X.shape
    np.testing.assert_allclose(found, differences(model, X, output), rtol=1e-6, atol=1e-9)


def test_one_output_and_frozen_layers():
    model = Model([Dense(5), Tanh(), Dense(1), Sigmoid()], inputs=3, rng=0, dtype="float64")
    model.freeze(0)
    X = 3 * np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_allclose(saliency(model, X), differences(model, X, 0), rtol=1e-6, atol=1e-9)


def test_a_linear_model_has_its_weights():
    model = Model([Dense(2)], inputs=3, rng=0)
    w = model.named_parameters()["w1"]
    X = np.random.default_rng(0).normal(size=(2000, 3))  # more than are computed at a time
    found = saliency(model, X, output=1)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.broadcast_to(np.abs(w[:, 1]), (2000, 3)))


def test_the_model_is_not_changed():
    model = Model([Dense(4), BatchNorm(), Tanh(), Dense(2), Softmax()], inputs=3, rng=0)
    X = np.random.default_rng(0).normal(size=(6, 3))
    model.loss_and_gradients(X, [0, 1] * 3, loss=CrossEntropy())
    before = model.parameters.copy(), model.gradients.copy(), model.statistics.copy()
    saliency(model, X)
    for one, other in zip(before, (model.parameters, model.gradients, model.statistics), strict=True):
        np.testing.assert_array_equal(one, other)


def test_categories_have_no_slope():
    model = Model([Embedding([4], 2), Dense(2), Softmax()], inputs=2, rng=0)
    found = saliency(model, [[3, 0.5], [1, -0.5]])
    assert (found[:, 0] == 0).all()
    assert (found[:, 1] > 0).all()


def test_wrong_arguments():
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    with pytest.raises(ValueError, match="output must be below 3, the number of outputs, got 3"):
        saliency(model, [[0, 1]], output=3)
    with pytest.raises(ValueError, match=r"model must have outputs of shape \(k,\), got \(2, 2\)"):
        saliency(Model([Tanh()], inputs=(2, 2)), np.zeros((1, 2, 2)))
