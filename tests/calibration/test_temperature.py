"""The temperature: against a fine grid and against what made the labels, and for samples that tell little."""

import numpy as np
import pytest

from whorl.calibration import temperature
from whorl.metrics import accuracy, calibration_error


def softmax(z):
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def drawn(z, rng):
    """Labels drawn with the probabilities softmax(z)."""
    return (rng.random((len(z), 1)) > softmax(z).cumsum(axis=1)).sum(axis=1).clip(max=z.shape[1] - 1)


def loss(z, y, T, weight=None):
    """The objective of the docstring, as a mean, term by term."""
    w = np.full(len(z), 1 / len(z)) if weight is None else weight / weight.sum()
    log = np.log(np.exp(z / T).sum(axis=1))
    own = log - z[np.arange(len(z)), y] / T
    expected = log - z.mean(axis=1) / T
    return w @ own + (w**2).sum() * (w @ expected)


@pytest.mark.parametrize("n", [1, 5, 30, 300])
@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_it_is_the_lowest_point_of_a_fine_grid(n, factor, rng):
    z = rng.normal(size=(n, 4))
    y, weight = drawn(z, rng), rng.uniform(0.1, 3, n)
    grid = 1 / np.geomspace(0.001, 20, 4001)
    best = grid[np.argmin([loss(factor * z, y, T, weight) for T in grid])]
    assert temperature(factor * z, y, weight) == pytest.approx(best, rel=3e-3)


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_it_finds_the_temperature_that_made_the_labels(true, rng):
    z = 2 * rng.normal(size=(40_000, 5))
    y = drawn(z, rng)
    T = temperature(true * z, y)
    assert pytest.approx(true, rel=0.03) == T
    assert calibration_error(y, softmax(true * z / T)) < 0.015
    assert accuracy(y, softmax(true * z / T)) == accuracy(y, softmax(true * z))


def test_weights_count_as_repetitions(rng):
    z = rng.normal(size=(2000, 3))
    y, weight = drawn(2 * z, rng), rng.integers(4, size=2000)
    T = temperature(z, y, weight)
    assert pytest.approx(temperature(np.repeat(z, weight, axis=0), np.repeat(y, weight)), rel=5e-3) == T
    assert temperature(z, y, 10.0 * weight) == pytest.approx(T, rel=1e-9)
    assert temperature(z, y, 5e307 * weight) == pytest.approx(T, rel=1e-9)
    assert temperature(z, np.eye(3)[y], weight) == T


def test_a_constant_added_to_the_scores_of_a_sample_changes_nothing(rng):
    z = rng.normal(size=(50, 3))
    y = drawn(z, rng)
    shifted = z + 1e4 * rng.normal(size=(50, 1))
    assert temperature(shifted, y) == pytest.approx(temperature(z, y), rel=1e-6)


@pytest.mark.parametrize("n", [1, 5, 100, 10_000])
@pytest.mark.parametrize("size", [0.8, 3.0, 400.0])
def test_if_all_are_right_the_probabilities_are_those_of_n_plus_one_samples(n, size):
    z = np.array([[size, 0.0, 0.0]] * n)
    p = softmax(z / temperature(z, np.zeros(n, int)))[0, 0]
    assert p == pytest.approx((n + 1 / 3) / (n + 1), rel=1e-6)  # of which one has the label by chance


def test_the_limits():
    wrong = temperature([[3.0, 0.0]] * 100, [1] * 100)
    assert wrong == 1000
    assert temperature([[0.001, 0.0]] * 100, [0] * 100) == 0.05
    assert temperature(np.zeros((10, 3)), [0] * 10) == 1
    assert temperature([[5.0, 5.0], [2.0, 2.0]], [0, 1]) == 1
    assert 0.05 <= temperature([[1e4, 0.0, -1e4]] * 10, [0] * 9 + [2]) <= 1000


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([[1.0]], [0]), ValueError, "scores must have shape"),
        (([1.0, 2.0], [0, 1]), ValueError, "scores must have shape"),
        ((np.zeros((0, 2)), []), ValueError, "with at least one sample"),
        (([[1.0, np.nan]], [0]), ValueError, "scores must hold finite numbers"),
        (([[1.0, 2.0]], [2]), ValueError, "y must hold labels from 0 to 1"),
        (([[1.0, 2.0]], [0, 1]), ValueError, "scores and y must have the same number of samples, got 1 and 2"),
        (([[1.0, 2.0]], [0], [-1.0]), ValueError, "weight must be 1 numbers of at least 0"),
        (([[1.0, 2.0]], [0], [0.0]), ValueError, "and not all 0"),
        (([[1.0, 2.0]], [0], [1.0, 1.0]), ValueError, "one for each sample, and not all 0, got shape (2,)"),
    ],
)
def test_what_is_refused(arguments, error, words):
    with pytest.raises(error) as caught:
        temperature(*arguments)
    assert words in str(caught.value)
