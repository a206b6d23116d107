"""`RankScale`: ranks among the different values of the training data, whatever the values are."""

import numpy as np
import pytest
from helpers import error, slopes

from whorl import MeanSquaredError, Model, RankScale, load

ROOT3 = np.sqrt(3)


def fitted(*columns, knots=256, dtype=np.float64):
    """A model of this layer alone, fitted to these columns."""
    model = Model([RankScale(knots)], inputs=len(columns), rng=0, dtype=dtype)
    model.adapt(np.column_stack(columns))
    return model


def ranks(model, *columns):
    """The ranks, from 0 to 1, that a model gives these values: one column for each feature."""
    return (model.predict(np.column_stack(columns)) / ROOT3 + 1) / 2


def test_it_is_linear_between_the_different_values_of_the_training_data(rng):
    values = np.array([-3.0, 0.0, 0.5, 10.0, 1e6])
    x = rng.uniform(-100, 2e6, 500) ** rng.choice([0.1, 1], 500).astype(complex)  # small numbers and large ones
    x = np.concatenate([x.real, values, rng.uniform(-5, 12, 500)])
    found = ranks(fitted(values), x)[:, 0]
    np.testing.assert_allclose(found, np.interp(x, values, [0, 0.25, 0.5, 0.75, 1]), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ranks(fitted(values), values)[:, 0], [0, 0.25, 0.5, 0.75, 1], atol=1e-15)


def test_repeated_values_have_one_rank():
    seldom, often = np.array([0.0, 5.0, 7.0]), np.array([0.0] * 97 + [5.0, 7.0])
    x = np.linspace(-1, 8, 50)
    np.testing.assert_array_equal(fitted(seldom).predict(x[:, None]), fitted(often).predict(x[:, None]))


def test_without_repetitions_it_is_scikit_learns_ranks(rng):
    from sklearn.preprocessing import QuantileTransformer

    x = rng.lognormal(0, 3, (200, 2))
    expected = QuantileTransformer(n_quantiles=200).fit_transform(x)
    np.testing.assert_allclose(ranks(fitted(*x.T), *x.T), expected, atol=1e-6)  # it shrinks the values a little


def test_more_different_values_than_knots_are_interpolated(rng):
    values = np.sort(rng.lognormal(0, 2, 1001))
    chosen = values[::100]  # equal distances in rank
    x = np.concatenate([values, rng.uniform(-1, 2 * values[-1], 500)])
    found = ranks(fitted(rng.permutation(values), knots=11), x)[:, 0]
    np.testing.assert_allclose(found, np.interp(x, chosen, np.linspace(0, 1, 11)), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ranks(fitted(values), values)[:, 0], np.linspace(0, 1, 1001), atol=1 / 256)


@pytest.mark.parametrize("different", [2, 3, 4, 5, 6, 7, 8, 9, 1000])
def test_the_least_and_the_largest_value_are_knots_and_none_stands_twice(different):
    model = fitted(np.arange(different), knots=5)
    knots, last = model.named_statistics()["knots1"][0], int(model.named_statistics()["last1"][0])
    assert last == min(different, 5) - 1
    assert (knots[0], knots[last]) == (0, different - 1)
    assert (np.diff(knots[: last + 1]) > 0).all()
    np.testing.assert_array_equal(knots[last:], different - 1)


def test_a_constant_feature_becomes_0_also_for_other_values():
    model = fitted(np.full(9, 7.0), np.arange(9.0))
    np.testing.assert_array_equal(model.predict([[7.0, 4.0], [1e9, 4.0], [-1e9, 4.0]]), 0)


def test_outside_of_the_training_data_it_is_that_of_the_nearest_value():
    model = fitted([1.0, 1.0 + 1e-9, 2.0, 2.0 + 1e-9])
    np.testing.assert_allclose(model.predict([[-1e300], [0.9], [2.1], [1e300]])[:, 0], [-ROOT3, -ROOT3, ROOT3, ROOT3])


@pytest.mark.parametrize("transform", [np.exp, np.cbrt, lambda x: 1e6 * x - 3], ids=["exp", "cbrt", "linear"])
def test_increasing_transformations_of_a_feature_change_nothing(transform, rng):
    x = rng.normal(0, 3, 900).round(2)  # with repetitions
    for knots in (256, 20):
        plain, other = fitted(x, knots=knots), fitted(transform(x), knots=knots)
        at = np.intersect1d(plain.named_statistics()["knots1"][0], x)  # between knots it is linear in x itself
        np.testing.assert_allclose(plain.predict(at[:, None]), other.predict(transform(at)[:, None]), atol=1e-12)
    whole = ranks(fitted(x), x)[:, 0], ranks(fitted(transform(x)), transform(x))[:, 0]
    np.testing.assert_allclose(*whole, atol=1 / 255)


def test_many_different_values_have_mean_0_and_deviation_1(rng):
    x = rng.lognormal(0, 2, 1000)
    y = fitted(x).predict(x[:, None])
    assert y.mean() == pytest.approx(0, abs=0.01)
    assert y.std() == pytest.approx(1, abs=0.01)


def test_float32_stays_float32_and_close(rng):
    x = rng.lognormal(0, 2, (300, 2)).astype(np.float32)
    y = fitted(*x.T, dtype=np.float32).predict(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, fitted(*x.T).predict(x), atol=1e-6)
    near = np.array([16_777_216.0, 16_777_217.0, 16_777_218.0])  # the second one is the first one in float32
    assert fitted(near, dtype=np.float32).named_statistics()["last1"][0] == 1
    far = np.array([[3e38], [-3e38]])  # differences from the knots, divided by their distance, are infinite
    np.testing.assert_allclose(fitted([0, 1e-30, 1], dtype=np.float32).predict(far)[:, 0], [ROOT3, -ROOT3], rtol=1e-6)


@pytest.mark.parametrize("knots", [256, 5, 2])
def test_the_gradient_is_the_slope_between_the_knots(knots, rng):
    values = rng.normal(size=(40, 3))
    values[:, 1] = values[:, 1].round()
    values[:, 2] = 4.0
    model = fitted(*values.T, knots=knots)
    edges = model.named_statistics()["knots1"]
    x = rng.uniform(-4, 4, size=(200, 3))
    x = x[np.abs(x[:, :, None] - edges).min(axis=(1, 2)) > 1e-3]  # at the knots there is no derivative
    upstream = rng.normal(size=x.shape)
    layer, p = model.layers[0], model.p[0]
    dx = layer.forward(x, p)[1](upstream.copy(), model.gradient_views(inputs=True)[0])
    assert error(dx, slopes(lambda: float((layer.forward(x, p)[0] * upstream).sum()), x)) < 1e-6
    outside = (x < edges.min(axis=1)) | (x > edges.max(axis=1))
    assert outside[:, :2].any()
    np.testing.assert_array_equal(dx[outside], 0)
    np.testing.assert_array_equal(dx[:, 2], 0)
    assert (dx[~outside] != 0).all()


def test_it_is_fitted_when_training_begins_and_saved_with_the_model(tmp_path, rng):
    x = rng.lognormal(0, 2, (50, 2))
    model = Model([RankScale(8)], inputs=2, rng=0)
    assert model.layers[0].needs_data(model.p[0])
    model.adapt(x)
    assert not model.layers[0].needs_data(model.p[0])
    model.save(tmp_path / "a.npz")
    np.testing.assert_array_equal(load(tmp_path / "a.npz").predict(x), model.predict(x))
    before = model.predict(x)
    model.adapt(10 * x)
    np.testing.assert_allclose(model.predict(10 * x), before, atol=1e-5)
    assert model.evaluate(10 * x, before, loss=MeanSquaredError())["loss"] < 1e-10


def test_features_may_have_any_shape(rng):
    x = rng.normal(size=(30, 2, 3))
    images = Model([RankScale(9)], inputs=(2, 3), rng=0, dtype=np.float64)
    images.adapt(x)
    flat = x.reshape(30, 6)
    np.testing.assert_array_equal(images.predict(x).reshape(30, 6), fitted(*flat.T, knots=9).predict(flat))
