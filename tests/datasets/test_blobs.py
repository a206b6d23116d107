import numpy as np
import pytest

from whorl.datasets import blobs


def test_without_spread_the_points_of_a_class_are_its_centre():
    X, _ = blobs(4, classes=5, features=3, spread=0, rng=0)
    clouds = X.reshape(5, 4, 3)
    np.testing.assert_array_equal(clouds, np.repeat(clouds[:, :1], 4, axis=1))
    assert len(np.unique(clouds[:, 0], axis=0)) == 5


def test_the_centres_fill_the_box_from_minus_ten_to_ten():
    X, _ = blobs(1, classes=20_000, spread=0, rng=0)
    assert (np.abs(X) < 10).all()
    np.testing.assert_allclose(np.quantile(X, [0, 0.25, 0.5, 0.75, 1], axis=0).T, [[-10, -5, 0, 5, 10]] * 2, atol=0.2)


@pytest.mark.parametrize("features", [1, 2, 64])
def test_any_number_of_features(features):
    X, y = blobs(10, classes=4, features=features, rng=0)
    assert (X.shape, y.shape) == ((40, features), (40,))


def test_the_spread_is_one_unless_said_and_the_same_for_each_class():
    X, _ = blobs(20_000, rng=0)
    assert X.reshape(3, 20_000, 2).std(axis=1) == pytest.approx(np.ones((3, 2)), abs=0.02)


def test_the_centres_do_not_depend_on_how_many_points_are_drawn():
    few, many = (blobs(n, spread=0, rng=7)[0][::n] for n in (2, 30))
    np.testing.assert_array_equal(few, many)
