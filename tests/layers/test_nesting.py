"""Layers inside layers: learning from data reaches them, and deep nesting stays fast."""

import itertools

import numpy as np
import pytest

from whorl import (
    SGD,
    CrossEntropy,
    Dense,
    Layer,
    MeanSquaredError,
    Model,
    ReLU,
    Rescale,
    Residual,
    Softmax,
    Standardize,
    check_gradients,
)
from whorl.layers import chain

NUMBERS = np.random.default_rng(0)
X, Y = NUMBERS.normal([100, -3], [50, 0.01], size=(60, 2)), NUMBERS.integers(2, size=60)


def fit(model):
    return model.fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.01), epochs=2, rng=0)


def standardized_within():
    return Model([Residual([Rescale(2.0, 1.0), Residual([Standardize(), Dense(2)])]), Softmax()], inputs=2, rng=0)


@pytest.mark.parametrize("learn", [fit, lambda model: model.adapt(X)], ids=["fit", "adapt"])
def test_standardize_inside_residual_learns_from_its_own_inputs(learn):
    model = standardized_within()
    learn(model)
    learned = model.named_statistics()
    inside = 2 * X.astype(np.float32) + 1
    np.testing.assert_allclose(learned["mean1"], inside.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(learned["scale1"], inside.std(axis=0), rtol=1e-4)
    np.testing.assert_array_equal(learned["count1"], [60])


def test_training_keeps_what_was_learned_and_adapt_replaces_it():
    model = standardized_within()
    model.adapt(10 * X)
    kept = model.statistics.copy()
    fit(model)
    np.testing.assert_array_equal(model.statistics, kept)
    model.adapt(X)
    np.testing.assert_allclose(model.statistics[:2], 2 * X.mean(axis=0) + 1, rtol=1e-6)


def test_training_adapts_only_those_that_have_not_learned_yet():
    model = Model([Standardize(), Residual([Standardize(), Residual([Standardize()])])], inputs=2, rng=0)
    model.adapt(X)
    first, second, third = (model.named_statistics()[f"count{i}"] for i in (1, 2, 3))
    third[:] = 0
    model.named_statistics()["mean1"][:] = model.named_statistics()["mean2"][:] = 7
    model.fit(X, X, loss=MeanSquaredError(), optimizer=SGD(0.0), epochs=1, rng=0)
    assert [first[0], second[0], third[0]] == [60, 60, 60]
    for name in ("mean1", "mean2"):
        np.testing.assert_array_equal(model.named_statistics()[name], 7)


class Counting(Layer):
    """A layer that counts how often it is asked."""

    number: int

    def output_shape(self, inputs):
        calls["output_shape"] += 1
        assert calls["output_shape"] < 10_000  # fails at once, where the calls would take for ever
        return inputs

    def parameters(self, inputs):
        calls["parameters"] += 1
        return {}

    def forward(self, x, p, rng=None):
        calls["forward"] += 1
        return x, lambda dy, g: dy

    def needs_data(self, p, *, again=False):
        calls["needs_data"] += 1
        return False


calls = dict.fromkeys(("output_shape", "parameters", "forward", "needs_data"), 0)


class Learning(Layer):
    """A layer that counts how often it learns, and from what."""

    def forward(self, x, p, rng=None):
        raise NotImplementedError

    def needs_data(self, p, *, again=False):
        return True

    def adapt(self, x, p, rng, *, again=False):
        calls["adapt"] = x


def test_learning_from_data_runs_only_the_layers_before_and_copies_nothing():
    x = X.repeat(30, axis=0).astype(np.float32)  # more samples than pass through the layers at a time
    calls["forward"] = 0
    Model([Learning(), Counting(0), Residual([Counting(1)])], inputs=2).adapt(x)
    assert calls["forward"] == 0
    assert np.shares_memory(calls["adapt"], x)
    Model([Counting(0), Residual([Learning()]), Counting(1)], inputs=2).adapt(x)
    assert calls["forward"] == 2  # in two chunks
    np.testing.assert_array_equal(calls.pop("adapt"), x)


def nested(depth, innermost):
    layer = innermost
    for _ in range(depth):
        layer = Residual([Counting(0), layer])
    return layer


@pytest.mark.parametrize("depth", [1, 10, 60])
def test_building_a_deep_stack_asks_each_layer_for_its_shape_at_most_once_for_each_level(depth):
    # 60 levels: 1,891 calls. Asked twice at each level it would be 2 to the power of 60.
    calls.update(dict.fromkeys(calls, 0))
    model = Model([nested(depth, Counting(1))], inputs=2, rng=0)
    assert calls["output_shape"] <= (depth + 1) * (depth + 2)
    assert calls["parameters"] == depth + 1
    calls.update(dict.fromkeys(calls, 0))
    model.predict(X)
    assert calls["forward"] == depth + 1
    chain.adapt(model.layers, X, model.p, np.random.default_rng(0))
    assert calls["needs_data"] <= (depth + 1) * (depth + 2)


def test_a_deep_stack_has_right_gradients():
    layer = Dense(2, weight_l2=1e-3)
    for _ in range(20):
        layer = Residual([Rescale(0.1, 0.0), ReLU(), layer])
    model = Model([layer, Dense(2), Softmax()], inputs=2, rng=0)
    assert list(model.named_parameters()) == ["w1", "b1", "w2", "b2"]
    assert max(check_gradients(model, [[0.3, -0.2], [1.0, 0.5]], [0, 1], loss=CrossEntropy()).values()) < 1e-6


def test_nested_layers_are_numbered_in_their_order():
    inner = Residual([Dense(2), Residual([Dense(3), Dense(2)]), Dense(2)])
    model = Model([Dense(2), inner, Dense(5)], inputs=2, rng=0)
    shapes = [array.shape for name, array in model.named_parameters().items() if name.startswith("w")]
    assert shapes == [(2, 2), (2, 2), (2, 3), (3, 2), (2, 2), (2, 5)]
    assert list(model.named_parameters()) == [f"{name}{i}" for i, name in itertools.product(range(1, 7), "wb")]


def test_max_norm_holds_for_layers_inside_others():
    model = Model([Residual([Residual([Dense(2, max_norm=0.5)])]), Softmax()], inputs=2, rng=0)
    model.fit(X / 100, Y, loss=CrossEntropy(), optimizer=SGD(5.0), epochs=3, rng=0)
    norms = np.linalg.norm(model.named_parameters()["w1"], axis=0)
    assert (norms <= 0.5 * (1 + 1e-6)).all()
    assert norms.max() > 0.49
