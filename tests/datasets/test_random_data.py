"""What all random data sets have in common; a new one is tested by adding it to DRAWN."""

import inspect

import numpy as np
import pytest

from whorl import datasets
from whorl.datasets import blobs, circles, moons, spiral, xor

# The function, its classes, and the name of its noise.
DRAWN = [(spiral, 3, "noise"), (moons, 2, "noise"), (circles, 2, "noise"), (blobs, 3, "spread"), (xor, 2, "noise")]

each = pytest.mark.parametrize(("draw", "classes", "noise"), DRAWN, ids=[row[0].__name__ for row in DRAWN])


def test_the_list_is_complete():
    public = [getattr(datasets, name) for name in datasets.__all__]
    assert {f for f in public if inspect.isfunction(f) and "rng" in inspect.signature(f).parameters} == {
        row[0] for row in DRAWN
    }


@each
@pytest.mark.parametrize("samples", [1, 7])
def test_shapes_types_and_order(draw, classes, noise, samples):
    X, y = draw(samples, rng=0)
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((classes * samples, 2), np.float64, (classes * samples,), np.int64)
    np.testing.assert_array_equal(y, np.repeat(range(classes), samples))


@each
def test_the_default_is_a_thousand_of_each_class(draw, classes, noise):
    assert len(draw(rng=0)[0]) == 1000 * classes


@each
def test_same_seed_same_points(draw, classes, noise):
    one, same, other = (draw(10, rng=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@each
def test_generators_and_legacy_states(draw, classes, noise):
    generator, legacy = np.random.default_rng(1), np.random.RandomState(1)
    np.testing.assert_array_equal(draw(10, rng=generator)[0], draw(10, rng=1)[0])
    assert (draw(10, rng=generator)[0] != draw(10, rng=1)[0]).any()
    assert np.isfinite(draw(10, rng=legacy)[0]).all()


@each
def test_the_arrays_can_be_changed(draw, classes, noise):
    X, y = draw(3, rng=0)
    X[0], y[0] = 5, 1


@pytest.mark.parametrize(("draw", "classes", "noise"), DRAWN[1:], ids=[row[0].__name__ for row in DRAWN[1:]])
def test_the_noise_is_normal_with_the_given_deviation(draw, classes, noise):
    # The same seed gives the same noise, scaled, so the difference from the data without noise is the noise.
    n = 20_000
    error = draw(n, rng=0, **{noise: 0.3})[0] - draw(n, rng=0, **{noise: 0})[0]
    assert error.mean(axis=0) == pytest.approx([0, 0], abs=4 * 0.3 / np.sqrt(2 * n))
    np.testing.assert_allclose(np.cov(error.T), 0.09 * np.eye(2), atol=0.002)
    assert (np.abs(error) < 0.3).mean() == pytest.approx(0.6827, abs=0.005)
