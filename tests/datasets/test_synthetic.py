"""The shape of each synthetic data set; test_random_data.py has what they have in common."""

import numpy as np
import pytest

from whorl.datasets import blobs, circles, moons, xor


def halves(**options):
    return np.split(moons(50, **options)[0], 2)


def test_moons_have_radius_one():
    upper, lower = halves(noise=0)
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1)


def test_moons_are_an_upper_and_a_lower_half():
    upper, lower = halves(noise=0)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()


def test_moons_are_evenly_spaced_from_end_to_end():
    for half in halves(noise=0):
        np.testing.assert_allclose(np.hypot(*np.diff(half, axis=0).T), 2 * np.sin(np.pi / 49 / 2))
    upper, lower = halves(noise=0)
    np.testing.assert_allclose(upper[[0, -1]], [[1, 0], [-1, 0]], atol=1e-15)
    np.testing.assert_allclose(lower[[0, -1]], [[0, 0.5], [2, 0.5]], atol=1e-15)


def test_moons_equal_those_of_scikit_learn():
    # From scikit-learn 1.9.1: make_moons(8, shuffle=False), rounded.
    expected = [
        [1, 0],
        [0.5, 0.866025],
        [-0.5, 0.866025],
        [-1, 0],
        [0, 0.5],
        [0.5, -0.366025],
        [1.5, -0.366025],
        [2, 0.5],
    ]
    np.testing.assert_allclose(moons(4, noise=0)[0], expected, atol=1e-6)


def test_the_default_noise_of_moons_is_a_tenth():
    upper, lower = np.split(moons(20_000, rng=0)[0], 2)
    for half, centre in [(upper, (0, 0)), (lower, (1, 0.5))]:
        assert np.hypot(*(half - centre).T).std() == pytest.approx(0.1, abs=0.003)


@pytest.mark.parametrize("factor", [0, 0.3, 0.99])
def test_the_radii_of_circles_are_one_and_the_factor(factor):
    outer, inner = np.split(circles(50, noise=0, factor=factor)[0], 2)
    np.testing.assert_allclose(np.hypot(*outer.T), 1)
    np.testing.assert_allclose(np.hypot(*inner.T), factor)


def test_circles_are_evenly_spaced():
    for ring in np.split(circles(50, noise=0)[0], 2):
        angles = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0]))
        np.testing.assert_allclose(angles, np.arange(50) * 2 * np.pi / 50, atol=1e-12)


def test_circles_equal_those_of_scikit_learn():
    # From scikit-learn 1.9.1: make_circles(6, factor=0.5, shuffle=False), rounded.
    expected = [[1, 0], [-0.5, 0.866025], [-0.5, -0.866025], [0.5, 0], [-0.25, 0.433013], [-0.25, -0.433013]]
    np.testing.assert_allclose(circles(3, noise=0)[0], expected, atol=1e-6)


def test_the_defaults_of_circles():
    for ring, radius in zip(np.split(circles(20_000, rng=0)[0], 2), (1, 0.5), strict=True):
        r = np.hypot(*ring.T)
        assert r.mean() == pytest.approx(radius, abs=0.02)  # noise across the radius makes it a little longer
        assert r.std() == pytest.approx(0.1, abs=0.003)


def test_xor_labels_tell_whether_the_signs_differ():
    X, y = xor(500, rng=0)
    np.testing.assert_array_equal(y, (X[:, 0] > 0) != (X[:, 1] > 0))


def test_xor_classes_are_uniform_in_two_quadrants():
    X, y = xor(40_000, rng=0)
    assert 0 < np.abs(X).min() < 1e-3
    assert 0.999 < np.abs(X).max() <= 1
    for c in (0, 1):
        assert (X[y == c, 0] > 0).mean() == pytest.approx(0.5, abs=0.01)
        np.testing.assert_allclose(
            np.quantile(np.abs(X[y == c]), [0.25, 0.5, 0.75], axis=0)[:, 0], [0.25, 0.5, 0.75], atol=0.01
        )
    assert np.corrcoef(np.abs(X).T)[0, 1] == pytest.approx(0, abs=0.02)


def test_xor_noise_moves_points_into_other_quadrants():
    X, y = xor(5_000, noise=0.1, rng=0)
    # A coordinate u in (0, 1] changes its sign if the noise is below −u: 0.1 ∫ φ(ε) max(ε, 0) dε = 0.0399 of them.
    p = 0.1 / np.sqrt(2 * np.pi)
    assert (y != ((X[:, 0] > 0) != (X[:, 1] > 0))).mean() == pytest.approx(2 * p * (1 - p), abs=0.01)


def test_xor_is_separated_by_two_lines_but_not_by_one():
    X, y = xor(2_000, rng=0)
    angles = np.linspace(0, np.pi, 60)
    scores = X @ np.stack([np.cos(angles), np.sin(angles)])  # (n, lines)
    best = max((((scores > cut) == y[:, None]).mean(axis=0)).max() for cut in np.linspace(-1, 1, 21))
    assert best < 0.78  # the best line cuts off one corner of the square
    assert ((X[:, 0] * X[:, 1] < 0) == y).all()


def test_blobs_without_spread_are_their_centres():
    X, _ = blobs(4, classes=5, features=3, spread=0, rng=0)
    clouds = X.reshape(5, 4, 3)
    np.testing.assert_array_equal(clouds, np.repeat(clouds[:, :1], 4, axis=1))
    assert len(np.unique(clouds[:, 0], axis=0)) == 5


def test_the_centres_of_blobs_are_uniform_from_minus_ten_to_ten():
    X, _ = blobs(1, classes=20_000, spread=0, rng=0)
    assert (np.abs(X) < 10).all()
    np.testing.assert_allclose(np.quantile(X, [0, 0.25, 0.5, 0.75, 1], axis=0).T, [[-10, -5, 0, 5, 10]] * 2, atol=0.2)


@pytest.mark.parametrize("features", [1, 2, 64])
def test_blobs_with_any_number_of_features(features):
    X, y = blobs(10, classes=4, features=features, rng=0)
    assert (X.shape, y.shape) == ((40, features), (40,))


def test_the_default_spread_of_blobs_is_one_for_each_class():
    X, _ = blobs(20_000, rng=0)
    assert X.reshape(3, 20_000, 2).std(axis=1) == pytest.approx(np.ones((3, 2)), abs=0.02)


def test_the_centres_of_blobs_do_not_depend_on_the_number_of_points():
    few, many = (blobs(n, spread=0, rng=7)[0][::n] for n in (2, 30))
    np.testing.assert_array_equal(few, many)
