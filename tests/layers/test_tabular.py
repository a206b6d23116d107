"""The layers for tables: what they compute, how they start from data, and that training with them can be continued."""

import numpy as np
import pytest

from whorl import (
    LBFGS,
    SELU,
    AdamW,
    Averaged,
    Clipped,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    LogCosine,
    Model,
    NTKDense,
    Parametric,
    PeriodicEmbedding,
    ReLU,
    RobustScale,
    Scale,
    Softmax,
    Tanh,
    check_gradients,
    fit_many,
    load,
)

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(5, 2, 300), RNG.lognormal(0, 2, 300), RNG.integers(2, size=300), np.full(300, 7.0)])
Y = (X[:, 0] + np.log(X[:, 1]) > 5).astype(int)


def network(dtype=np.float32):
    return Model(
        [
            RobustScale(),
            PeriodicEmbedding(multiple=0.1),
            Scale(multiple=6.0),
            NTKDense(16),
            Parametric(SELU(), multiple=0.1),
            Dropout(0.15),
            NTKDense(2),
            Softmax(),
        ],
        inputs=4,
        rng=0,
        dtype=dtype,
    )


def options(**changed):
    return {
        "loss": CrossEntropy(label_smoothing=0.1),
        "optimizer": AdamW(LogCosine(0.04, epochs=6), beta2=0.95, weight_decay=0.02),
        "epochs": 6,
        "batch_size": 64,
        "rng": 1,
    } | changed


def test_robust_scaling_is_bounded_and_takes_other_ranges_where_the_quartiles_are_equal():
    mostly = np.column_stack([X, np.where(np.arange(300) < 10, np.arange(300), 0)])
    model = Model([RobustScale()], inputs=5, dtype=np.float64)
    model.adapt(mostly)
    y = model.predict(mostly)
    assert np.abs(y).max() < 3
    quartiles = np.quantile(X[:, 0], [0.25, 0.5, 0.75])
    z = (X[:, 0] - quartiles[1]) / (quartiles[2] - quartiles[0])
    np.testing.assert_allclose(y[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)
    np.testing.assert_array_equal(y[:, 3], 0)  # constant
    z = mostly[:, 4] / (9 / 2)  # half of the range
    np.testing.assert_allclose(y[:, 4], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)
    assert np.abs(model.predict(mostly * 1e6)).max() < 3.001
    np.testing.assert_array_equal(model.predict(np.full((1, 5), 1e9))[:, 3], 0)


def test_without_outliers_a_large_limit_is_scikit_learns_robust_scaler():
    from sklearn.preprocessing import RobustScaler

    model = Model([RobustScale(limit=1e9)], inputs=2, dtype=np.float64)
    model.adapt(X[:, :2])
    np.testing.assert_allclose(model.predict(X[:, :2]), RobustScaler().fit_transform(X[:, :2]), rtol=1e-9)


def test_a_layer_in_the_parametrization_of_the_tangent_kernel_is_a_dense_layer_with_other_numbers():
    ntk, dense = (Model([kind(3)], inputs=4, rng=0, dtype=np.float64) for kind in (NTKDense, Dense))
    ntk.named_parameters()["b1"][...] = [1, -2, 3]
    dense.named_parameters()["w1"][...] = ntk.named_parameters()["w1"] / 2  # the root of 4 inputs
    dense.named_parameters()["b1"][...] = [0.1, -0.2, 0.3]
    np.testing.assert_allclose(ntk.predict(X), dense.predict(X), rtol=1e-12)


def test_the_start_has_deviation_1_and_bends_where_the_data_are():
    model = Model([NTKDense(50), NTKDense(50)], inputs=3, rng=0, dtype=np.float64)
    model.adapt(X[:, :3], rng=2)
    for y in model.activations(X[:, :3]):
        np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-9)
        assert ((y.min(axis=0) < 0) & (y.max(axis=0) > 0)).all()


def test_a_constant_input_does_not_divide_by_zero():
    model = Model([NTKDense(3)], inputs=2, rng=0)
    model.adapt(np.zeros((20, 2)))
    assert np.isfinite(model.parameters).all()
    model = Model([NTKDense(3)], inputs=2, rng=0)
    model.adapt(np.full((20, 2), 3.0))
    assert np.isfinite(model.parameters).all()


def test_the_start_is_made_once():
    model = network()
    model.fit(X, Y, **options())
    trained = model.parameters.copy()
    model.adapt(X[:50])
    np.testing.assert_array_equal(model.parameters, trained)
    assert model.named_statistics()["median1"][0] == pytest.approx(np.median(X[:50, 0]))


def test_at_most_ten_thousand_samples_are_used():
    class Seen(NTKDense):
        def adapt(self, x, p, rng, *, again=False):
            seen.append(len(x))
            super().adapt(x, p, rng, again=again)

    seen = []
    x = np.random.default_rng(0).normal(size=(25_000, 2))
    model = Model([RobustScale(), Seen(4), Tanh(), Seen(3)], inputs=2, rng=0)
    model.adapt(x)
    assert seen == [8_334, 8_334]  # every third
    assert model.named_statistics()["count1"][0] == 25_000


@pytest.mark.parametrize("multiple", [1.0, 6.0, 0.1])
def test_a_multiple_is_one_of_adams_learning_rate(multiple):
    """As if the parameter had a learning rate of its own."""
    plain = Model([Scale(), Dense(2), Softmax()], inputs=4, rng=0, dtype=np.float64)
    scaled = Model([Scale(multiple=multiple), Dense(2), Softmax()], inputs=4, rng=0, dtype=np.float64)
    factors = {}
    for name, model, rate in (("plain", plain, 0.001 * multiple), ("scaled", scaled, 0.001)):
        model.freeze(1)
        model.fit(X, Y, **options(optimizer=AdamW(rate, weight_decay=0.0, epsilon=1e-300), loss=CrossEntropy()))
        factors[name] = model.named_parameters()["s1"] * (multiple if name == "scaled" else 1)
    np.testing.assert_allclose(factors["scaled"], factors["plain"], rtol=1e-9)
    assert not np.allclose(factors["plain"], 0, atol=1e-3)


def test_a_parametric_activation_goes_from_the_activation_to_none():
    model = Model([Parametric(ReLU(), multiple=2.0)], inputs=4, dtype=np.float64)
    np.testing.assert_array_equal(model.predict(-np.abs(X)), 0)
    model.named_parameters()["a1"][...] = -0.25
    np.testing.assert_allclose(model.predict(-np.abs(X)), -np.abs(X) / 2, rtol=1e-12)
    model.named_parameters()["a1"][...] = -0.5
    np.testing.assert_array_equal(model.predict(-np.abs(X)), -np.abs(X))
    with pytest.raises(
        ValueError, match=r"the activation must keep the shape of its inputs, \(4,\), but returns \(3,\)"
    ):
        Model([Parametric(Dense(3))], inputs=4)


def test_waves_of_each_number():
    model = Model([PeriodicEmbedding(3, 2)], inputs=2, rng=0, dtype=np.float64)
    named = model.named_parameters()
    y = model.predict(X[:5, :2])
    for i in range(2):
        wave = np.cos(2 * np.pi * np.outer(X[:5, i], named["w1"][i]) + named["b1"][i])
        np.testing.assert_allclose(y[:, 3 * i], X[:5, i])
        np.testing.assert_allclose(y[:, 3 * i + 1 : 3 * i + 3], wave @ named["v1"][i] + named["a1"][i], rtol=1e-12)


def test_columns_that_are_not_embedded_come_first_unchanged():
    chosen, whole = (PeriodicEmbedding(3, 2, columns=columns) for columns in ([3, 0], None))
    model, other = Model([chosen], inputs=4, rng=0), Model([whole], inputs=2, rng=0)
    assert model.outputs == (2 + 2 * 3,)
    assert model.parameters.size == other.parameters.size
    other.parameters = model.parameters
    y = model.predict(X)
    np.testing.assert_array_equal(y[:, :2], X[:, 1:3].astype(np.float32))
    np.testing.assert_array_equal(y[:, 2:], other.predict(X[:, [3, 0]]))


def test_the_whole_network_passes_the_check_of_gradients():
    model = network(np.float64)
    model.adapt(X, rng=0)
    assert max(check_gradients(model, X[:40], Y[:40], loss=CrossEntropy()).values()) < 1e-6


def test_it_learns_what_a_threshold_in_one_feature_decides():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(600, 2))
    y = (np.sin(12 * x[:, 0]) > 0).astype(int)
    accuracies = []
    for first in ([], [PeriodicEmbedding(scale=1.0, multiple=0.1)]):
        model = Model([*first, NTKDense(32), SELU(), NTKDense(2), Softmax()], inputs=2, rng=0)
        model.fit(x[:400], y[:400], **options(epochs=40, optimizer=AdamW(LogCosine(0.04, epochs=40))))
        accuracies.append(model.evaluate(x[400:], y[400:], loss=CrossEntropy(), metrics=["accuracy"])["accuracy"])
    assert accuracies[1] > 0.9 > accuracies[0] + 0.1


def test_measuring_before_the_first_step_shows_its_start_and_leaves_the_model_alone():
    model = network(np.float64)
    run = model.training(X, Y, **options(loss=CrossEntropy()))
    before = model.parameters.copy(), model.statistics.copy()
    measured, _ = run.measure()
    np.testing.assert_array_equal(model.parameters, before[0])
    np.testing.assert_array_equal(model.statistics, before[1])
    run.begin_epoch()
    assert measured["loss"] == pytest.approx(model.evaluate(X, Y, loss=CrossEntropy())["loss"], rel=1e-12)


def test_training_stops_and_continues_to_the_same_bits(tmp_path):
    whole, parts = network(), network()
    whole.fit(X, Y, **options())
    run = parts.training(X, Y, **options())
    for step in run.steps():
        if step.number == 7:
            break
    parts.save(tmp_path / "a.npz", state=run.state)
    again = load(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.predict(X), parts.predict(X))
    for _ in run.steps():
        pass
    np.testing.assert_array_equal(parts.parameters, whole.parameters)


def test_a_first_epoch_that_diverges_undoes_the_start():
    model = network()
    before = model.parameters.copy(), model.statistics.copy()
    with pytest.raises(DivergenceError):
        model.fit(X, Y, **options(optimizer=AdamW(1e38)))
    np.testing.assert_array_equal(model.parameters, before[0])
    np.testing.assert_array_equal(model.statistics, before[1])


def test_a_frozen_layer_keeps_its_first_weights():
    model = network()
    model.freeze(3)
    before = model.named_parameters()["w4"].copy()
    model.fit(X, Y, **options())
    np.testing.assert_array_equal(model.named_parameters()["w4"], before)
    assert model.named_statistics()["count4"][0] == 0


@pytest.mark.parametrize(
    "optimizer",
    [Averaged(AdamW(0.01), decay=0.9), Clipped(AdamW(0.01), norm=0.5), LBFGS()],
    ids=["mean", "clip", "lbfgs"],
)
def test_optimizers_start_where_the_layers_do(optimizer):
    """Their memory is made before the first parameters come from the data."""
    model = network(np.float64)
    size = len(X) if isinstance(optimizer, LBFGS) else 64
    history = model.fit(X, Y, **options(optimizer=optimizer, loss=CrossEntropy(), epochs=20, batch_size=size))
    start = network(np.float64)
    start.adapt(X, rng=1)
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    assert np.abs(model.parameters - start.parameters).max() < 5  # an average with the values before would be far off
    assert model.evaluate(X, Y, loss=CrossEntropy(), metrics=["accuracy"])["accuracy"] > 0.85


def test_networks_side_by_side_start_as_alone():
    alone, together = network(), network()
    alone.fit(X, Y, **options(fast=False))
    fit_many([(together, (X, Y), {})], **options(fast=False))
    np.testing.assert_array_equal(together.parameters, alone.parameters)
