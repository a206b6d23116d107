import numpy as np
import pytest

from whorl.datasets import moons


def halves(**options):
    return np.split(moons(50, **options)[0], 2)


def test_without_noise_every_point_is_at_distance_one_from_the_centre_of_its_half_circle():
    upper, lower = halves(noise=0)
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1)


def test_the_upper_one_is_above_its_centre_and_the_lower_one_below():
    upper, lower = halves(noise=0)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()


def test_the_points_are_evenly_apart_from_end_to_end():
    for half in halves(noise=0):
        np.testing.assert_allclose(np.hypot(*np.diff(half, axis=0).T), 2 * np.sin(np.pi / 49 / 2))
    upper, lower = halves(noise=0)
    np.testing.assert_allclose(upper[[0, -1]], [[1, 0], [-1, 0]], atol=1e-15)
    np.testing.assert_allclose(lower[[0, -1]], [[0, 0.5], [2, 0.5]], atol=1e-15)


def test_the_numbers_of_scikit_learn():
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


def test_the_noise_is_a_tenth_unless_said():
    upper, lower = np.split(moons(20_000, rng=0)[0], 2)
    for half, centre in [(upper, (0, 0)), (lower, (1, 0.5))]:
        assert np.hypot(*(half - centre).T).std() == pytest.approx(0.1, abs=0.003)
