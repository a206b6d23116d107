import numpy as np
import pytest

from whorl.datasets import circles


@pytest.mark.parametrize("factor", [0, 0.3, 0.99])
def test_without_noise_the_radii_are_one_and_the_factor(factor):
    outer, inner = np.split(circles(50, noise=0, factor=factor)[0], 2)
    np.testing.assert_allclose(np.hypot(*outer.T), 1)
    np.testing.assert_allclose(np.hypot(*inner.T), factor)


def test_the_points_go_evenly_once_round():
    for ring in np.split(circles(50, noise=0)[0], 2):
        angles = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0]))
        np.testing.assert_allclose(angles, np.arange(50) * 2 * np.pi / 50, atol=1e-12)


def test_the_numbers_of_scikit_learn():
    # From scikit-learn 1.9.1: make_circles(6, factor=0.5, shuffle=False), rounded.
    expected = [[1, 0], [-0.5, 0.866025], [-0.5, -0.866025], [0.5, 0], [-0.25, 0.433013], [-0.25, -0.433013]]
    np.testing.assert_allclose(circles(3, noise=0)[0], expected, atol=1e-6)


def test_the_noise_is_a_tenth_and_the_factor_a_half_unless_said():
    for ring, radius in zip(np.split(circles(20_000, rng=0)[0], 2), (1, 0.5), strict=True):
        r = np.hypot(*ring.T)
        assert r.mean() == pytest.approx(radius, abs=0.02)  # noise across the radius makes it a little longer
        assert r.std() == pytest.approx(0.1, abs=0.003)
