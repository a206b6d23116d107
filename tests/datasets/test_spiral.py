from pathlib import Path

import numpy as np
import pytest

from whorl.datasets import spiral
from whorl.datasets.spiral import spiral_limit

DATA = Path(__file__).parents[1] / "data"


def test_the_points_equal_those_of_the_package_nnfs():
    # Stored from nnfs 0.5.1: numpy.random.seed(0), then nnfs.datasets.spiral_data(100, 3).
    stored = np.load(DATA / "nnfs_spiral_100_3_seed_0.npz")
    X, y = spiral(100, 3, rng=np.random.RandomState(0))
    np.testing.assert_array_equal(X, stored["X"])
    np.testing.assert_array_equal(y, stored["y"])


def test_shapes_types_and_order():
    X, y = spiral(7, classes=4, rng=0)
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((28, 2), np.float64, (28,), np.int64)
    np.testing.assert_array_equal(y, np.repeat([0, 1, 2, 3], 7))


def test_the_radius_is_evenly_spaced_whatever_the_noise():
    X, _ = spiral(50, classes=2, noise=3.0, rng=0)
    np.testing.assert_allclose(np.hypot(*X.T).reshape(2, 50), [np.linspace(0, 1, 50)] * 2, atol=1e-12)


def test_without_noise_the_angle_is_two_and_a_half_t():
    X, _ = spiral(50, classes=3, noise=0, rng=0)
    r, t = np.linspace(0, 1, 50), np.linspace(4, 8, 50)  # the arm of class 1
    np.testing.assert_allclose(X[50:100], np.column_stack([r * np.sin(2.5 * t), r * np.cos(2.5 * t)]), atol=1e-15)


def test_same_seed_same_points():
    one, same, other = (spiral(10, rng=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


# From an independent numerical integration.
@pytest.mark.parametrize(
    ("classes", "accuracy", "loss"),
    [(2, 0.9948, 0.0146), (3, 0.9098, 0.2132), (4, 0.8333, 0.3952), (5, 0.7873, 0.5051)],
)
def test_limit(classes, accuracy, loss):
    assert spiral_limit(classes) == (pytest.approx(accuracy, abs=5e-5), pytest.approx(loss, abs=5e-5))


def test_the_best_classifier_reaches_the_limit_on_random_points():
    # The best classifier chooses the arm whose angle at this radius is nearest.
    X, y = spiral(100_000, classes=3, rng=0)
    X, y = X[X.any(axis=1)], y[X.any(axis=1)]
    r, angle = np.hypot(*X.T), np.arctan2(X[:, 0], X[:, 1])
    away = (angle - 10 * r)[:, None] - 10 * np.arange(3)
    away = np.abs((away + np.pi) % (2 * np.pi) - np.pi)
    assert (away.argmin(axis=1) == y).mean() == pytest.approx(spiral_limit(3)[0], abs=2e-3)


@pytest.mark.parametrize("noise", [3.0, 5.0, 300.0])
def test_limit_with_much_noise_is_chance(noise):
    assert spiral_limit(3, noise=noise) == (pytest.approx(1 / 3, abs=1e-9), pytest.approx(np.log(3), abs=1e-9))


@pytest.mark.parametrize("noise", [1e-6, 1e-4, 0.01])
def test_limit_with_little_noise_is_perfect(noise):
    assert spiral_limit(3, noise=noise) == (pytest.approx(1, abs=1e-9), pytest.approx(0, abs=1e-9))


def test_limit_worsens_steadily_with_noise():
    accuracies, losses = zip(*[spiral_limit(3, noise=noise) for noise in np.linspace(0.05, 4, 30)], strict=True)
    assert (np.diff(accuracies) < 1e-9).all()
    assert (np.diff(losses) > -1e-9).all()


def test_limit_of_one_class_is_perfect():
    assert spiral_limit(1) == (pytest.approx(1), pytest.approx(0))
