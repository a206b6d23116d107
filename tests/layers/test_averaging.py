"""`Average` and `Clip`: what they compute, how members start and learn, and what is refused."""

import numpy as np
import pytest

from whorl import (
    SGD,
    Average,
    BatchNorm,
    Clip,
    CrossEntropy,
    Dense,
    Dropout,
    MeanSquaredError,
    Model,
    NTKDense,
    ReLU,
    Residual,
    Softmax,
    Standardize,
    Tanh,
    check_gradients,
    load,
)
from whorl.layers import chain

RNG = np.random.default_rng(0)
X, Y = RNG.normal([3, -1], [2, 5], size=(90, 2)), RNG.integers(3, size=90)
LAYERS = [Standardize(), Dense(7), Tanh(), Dense(3)]


def member(model, k):
    """One member of a model that is an `Average` of `LAYERS`, as a model of its own."""
    alone = Model(LAYERS, inputs=2, rng=0, dtype=model.dtype)
    count = alone.parameters.size, alone.statistics.size
    alone.parameters = model.parameters[k * count[0] : (k + 1) * count[0]]
    alone.statistics = model.statistics[k * count[1] : (k + 1) * count[1]]
    return alone


def test_the_average_is_the_mean_of_the_members():
    model = Model([Average(LAYERS, members=3)], inputs=2, rng=1, dtype=np.float64)
    model.adapt(X, rng=0)
    alone = [member(model, k) for k in range(3)]
    assert len({each.parameters[0] for each in alone}) == 3
    np.testing.assert_allclose(model.predict(X), np.mean([each.predict(X) for each in alone], axis=0), rtol=1e-12)


def test_each_member_is_fitted_to_the_inputs_of_the_average():
    model = Model(
        [Average(LAYERS, members=2), Residual([Average([Standardize()], 2)])], inputs=2, rng=1, dtype=np.float64
    )
    assert model.p[0].parts[4].count[0] == 0
    model.adapt(X, rng=0)
    for k in range(2):
        np.testing.assert_allclose(model.p[0].parts[4 * k].mean, X.mean(axis=0), rtol=1e-12)
    inside = chain.predict(model.layers[:1], X, model.p)
    np.testing.assert_allclose(model.p[1].parts[0].parts[1].mean, inside.mean(axis=0), rtol=1e-12)


def test_members_that_start_from_data_differ():
    model = Model([Average([NTKDense(4), ReLU(), NTKDense(3)], members=2)], inputs=2, rng=1)
    model.adapt(X, rng=0)
    first, second = np.split(model.parameters, 2)
    assert np.abs(first - second).max() > 0.1


def test_each_member_draws_its_own_mask():
    layer = Average([Dropout(0.5)], members=2)
    y, backward = layer.forward(np.ones((2000, 5)), Model([layer], inputs=5).p[0], np.random.default_rng(0))
    assert set(np.unique(y)) == {0.0, 1.0, 2.0}  # kept by neither, one or both, times 2
    np.testing.assert_allclose(np.mean(y == 1), 0.5, atol=0.03)
    np.testing.assert_array_equal(backward(np.ones_like(y), Model([layer], inputs=5).g[0]), y)


def test_gradients_of_a_network_around_an_average():
    layers = [
        Dense(4, weight_l2=1e-3),
        Average([Residual([BatchNorm(), Dense(4)]), ReLU(), Dense(5)], 3),
        Dense(3),
        Softmax(),
    ]
    model = Model(layers, inputs=2, rng=0)
    assert max(check_gradients(model, X[:20], Y[:20], loss=CrossEntropy()).values()) < 1e-6


def test_parameters_are_numbered_member_by_member():
    model = Model([Average([Dense(4), Residual([Dense(4)]), Dense(2)], 2), Dense(1)], inputs=3, rng=0)
    shapes = [array.shape for name, array in model.named_parameters().items() if name.startswith("w")]
    assert shapes == [(3, 4), (4, 4), (4, 2), (3, 4), (4, 4), (4, 2), (2, 1)]
    assert list(model.named_parameters()) == [f"{name}{i}" for i in range(1, 8) for name in "wb"]


def test_the_summary_shows_the_first_member():
    model = Model([Average([Dense(4), Residual([Dense(4)]), Dense(2)], 2), Dense(1)], inputs=3, rng=0)
    lines = [line.split() for line in str(model.summary()).splitlines()]
    assert [line[0].partition("(")[0] for line in lines] == [
        *("layer", "input", "Average", "Dense", "Residual", "Dense", "Dense", "Dense", "total"),
    ]
    members = 2 * (16 + 20 + 10)
    assert str(members) in lines[2]
    assert " ".join(lines[2]).endswith("2 equal members; the first is")
    assert str(members + 3) in lines[-1]


def test_an_average_learns_and_survives_a_file(tmp_path):
    model = Model([Average(LAYERS, members=4), Softmax()], inputs=2, rng=1)
    labels = (X[:, 0] > 3).astype(int) + (X[:, 1] > 0)
    history = model.fit(X, labels, loss=CrossEntropy(), optimizer=SGD(0.5), epochs=60, batch_size=16, rng=0)
    assert history["loss"][-1] < 0.35 * history["loss"][0]
    model.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert again.layers == model.layers
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_frozen_average_works_as_in_prediction():
    model = Model([Average([Dense(4), Dropout(0.5)], 2), Dense(1)], inputs=2, rng=0)
    model.freeze(0)
    before = model.named_parameters()["w2"].copy()
    model.fit(X, X[:, :1], loss=MeanSquaredError(), optimizer=SGD(0.01), epochs=2, rng=0)
    np.testing.assert_array_equal(model.named_parameters()["w2"], before)


def test_clip_has_no_gradient_outside_of_its_range():
    y, backward = Clip(-1.0, 2.0).forward(np.array([[-3.0, -1.0, 0.5, 2.0, 4.0]]), None)
    np.testing.assert_array_equal(y, [[-1.0, -1.0, 0.5, 2.0, 2.0]])
    np.testing.assert_array_equal(backward(np.full((1, 5), 7.0), None), [[0.0, 7.0, 7.0, 7.0, 0.0]])


def test_a_network_has_a_largest_number_of_layers(tmp_path):
    assert Average([Residual([ReLU()])], members=1000).members == 1000
    with pytest.raises(
        ValueError, match="members must be at most 1000, so that there are no more than 2000 layers in all, got 1001"
    ):
        Average([Residual([ReLU()])], members=1001)
    model = Model([Average([ReLU()], members=2000) for _ in range(5)], inputs=2)
    with pytest.raises(ValueError, match="the model cannot be saved: it has more than 10000 layers"):
        model.save(tmp_path / "model.npz")
