"""Layers hold no numbers, so one object may stand in several models, and in several places of one model."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from whorl import (
    SGD,
    BatchNorm,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Model,
    ReLU,
    Residual,
    Softmax,
    Standardize,
    check_gradients,
)
from whorl.layers.chain import CHUNK
from whorl.passes import loss_pass

NUMBERS = np.random.default_rng(0)
X, Y = NUMBERS.normal(size=(40, 4)), NUMBERS.integers(3, size=40)


def fit(model, **changes):
    settings = {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "epochs": 3, "rng": 0} | changes
    return model.fit(X, Y, **settings)


def shared_twice():
    """Layers of which each object but the last stands in several places."""
    dense, relu, norm, drop = Dense(4, weight_l2=1e-3), ReLU(), BatchNorm(), Dropout(0.2)
    block = Residual([dense, relu])
    return [dense, norm, relu, drop, dense, norm, relu, drop, block, block, Dense(3), Softmax()]


def test_one_layer_in_two_models_has_numbers_of_its_own_in_each():
    layers = [Standardize(), Dense(6, max_norm=1.0), BatchNorm(), ReLU(), Dense(3), Softmax()]
    first = Model(layers, inputs=4, rng=0, dtype=np.float64)
    second = Model(layers, inputs=4, rng=1, dtype=np.float64)
    assert first.layers[1] is second.layers[1]
    untouched = {name: array.copy() for name, array in second.named_arrays().items()}
    first_alone = Model(copy.deepcopy(layers), inputs=4, rng=0, dtype=np.float64)
    fit(first)
    for name, array in second.named_arrays().items():
        assert not np.shares_memory(array, first.named_arrays()[name])
        np.testing.assert_array_equal(array, untouched[name])
    fit(second)
    fit(first_alone)
    np.testing.assert_array_equal(first.parameters, first_alone.parameters)
    np.testing.assert_array_equal(first.statistics, first_alone.statistics)


def test_one_layer_may_have_inputs_of_different_shapes():
    dense = Dense(3)
    model = Model([dense, dense], inputs=2, rng=0)
    assert [array.shape for array in model.named_parameters().values()] == [(2, 3), (3,), (3, 3), (3,)]
    assert Model([dense], inputs=7).named_parameters()["w1"].shape == (7, 3)


def test_one_layer_in_several_places_of_a_model_has_numbers_of_its_own_in_each():
    model = Model(shared_twice(), inputs=4, rng=0)
    names = [
        f"{name}{i}" for i in (1, 2, 3, 4, 5, 6, 7) for name in (("w", "b") if i not in {2, 4} else ("gamma", "beta"))
    ]
    assert list(model.named_parameters()) == names
    starts = {array.ctypes.data for array in model.named_arrays().values()}
    assert len(starts) == len(model.named_arrays())
    assert (model.named_parameters()["w1"] != model.named_parameters()["w3"]).all()


def test_a_model_of_shared_layers_trains_as_one_of_separate_layers():
    shared = Model(shared_twice(), inputs=4, rng=0, dtype=np.float64)
    separate = Model([copy.deepcopy(layer) for layer in shared_twice()], inputs=4, rng=0, dtype=np.float64)
    assert len({id(layer) for layer in separate.layers}) == 12
    assert fit(shared)["loss"] == fit(separate)["loss"]
    np.testing.assert_array_equal(shared.parameters, separate.parameters)
    np.testing.assert_array_equal(shared.statistics, separate.statistics)


def test_gradients_of_shared_layers_agree_with_finite_differences():
    errors = check_gradients(Model(shared_twice(), inputs=4, rng=0), X[:5], Y[:5], loss=CrossEntropy())
    assert max(errors.values()) < 1e-6


def test_freezing_one_place_of_a_shared_layer_leaves_the_other_trained():
    dense = Dense(4)
    model = Model([dense, ReLU(), dense, Dense(3), Softmax()], inputs=4, rng=0)
    model.freeze(0)
    before = {name: array.copy() for name, array in model.named_parameters().items()}
    fit(model)
    changed = [name for name, array in model.named_parameters().items() if (array != before[name]).any()]
    assert changed == ["w2", "b2", "w3", "b3"]


def test_frozen_layers_work_as_when_predicting():
    model = Model([Dropout(0.5), BatchNorm(), Dense(3), Softmax()], inputs=4, rng=0, dtype=np.float64)
    model.freeze(0, 1)
    before = model.statistics.copy()
    done = loss_pass(model, X, Y, CrossEntropy(), None, np.random.default_rng(0))
    np.testing.assert_array_equal(done.prediction, model.predict(X))
    done.backward()
    np.testing.assert_array_equal(model.statistics, before)
    assert {name for name, array in model.named_gradients().items() if array.any()} == {"w2", "b2"}


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_two_forward_passes_of_a_model_before_the_backward_passes(order):
    model = Model(shared_twice(), inputs=4, rng=0, dtype=np.float64)
    batches = [(X[:10], Y[:10]), (X[10:25], Y[10:25])]

    def forward(i):
        return loss_pass(model, *batches[i], CrossEntropy(), None, np.random.default_rng(i), inputs=True)

    alone = []
    for i in (0, 1):
        dx = forward(i).backward()
        alone.append((dx, model.gradients.copy()))
    passes = [forward(i) for i in (0, 1)]
    for i in order:
        np.testing.assert_array_equal(passes[i].backward(), alone[i][0])
        np.testing.assert_array_equal(model.gradients, alone[i][1])


def test_predictions_from_several_threads_are_equal():
    layers = [Embedding([3], 4), Dense(32), BatchNorm(), ReLU(), Residual([Dense(32), ReLU()]), Dense(3), Softmax()]
    model = Model(layers, inputs=4, rng=0)
    n = 2 * CHUNK + 100
    batches = [np.column_stack([np.arange(n) % 3, np.random.default_rng(i).normal(size=(n, 3))]) for i in range(4)]
    expected = [model.predict(x) for x in batches]
    with ThreadPoolExecutor(8) as pool:
        for i, prediction in enumerate(pool.map(model.predict, batches * 8)):
            np.testing.assert_array_equal(prediction, expected[i % 4])
