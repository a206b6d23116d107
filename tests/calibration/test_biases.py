"""The temperature with biases: against a general optimizer, and against what made the labels."""

import numpy as np
import pytest
from scipy.optimize import minimize

from whorl.calibration import temperature, temperature_and_biases


def softmax(z):
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def drawn(z, rng):
    """Labels drawn with the probabilities softmax(z)."""
    return (rng.random((len(z), 1)) > softmax(z).cumsum(axis=1)).sum(axis=1).clip(max=z.shape[1] - 1)


def objective(parameters, z, y, weight):
    """The objective of the docstring, divided by n, term by term."""
    t, b = parameters[0], parameters[1:]
    w = weight / weight.sum()
    share = (w**2).sum()  # 1/n
    logits = t * z + b
    log = np.log(np.exp(logits).sum(axis=1))
    own = log - logits[np.arange(len(z)), y]
    expected = log - logits.mean(axis=1)
    return w @ own + share * (w @ expected) + share * (b**2).sum() / (2 * 0.2**2)


@pytest.mark.parametrize("n", [1, 5, 30, 300])
@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_it_is_what_a_general_optimizer_finds(n, factor, rng):
    z = factor * rng.normal(size=(n, 4))
    y, weight = drawn(z + np.array([1.0, 0, 0, -1]), rng), rng.uniform(0.1, 3, n)
    limits = [(0.001, 20), *4 * [(None, None)]]
    best = minimize(objective, [1.0, 0, 0, 0, 0], (z, y, weight), bounds=limits, options={"ftol": 1e-15, "gtol": 1e-10})
    T, b = temperature_and_biases(z, y, weight)
    found = objective(np.r_[1 / T, b], z, y, weight)
    assert found <= best.fun + 1e-12
    assert found == pytest.approx(best.fun, rel=1e-7)
    np.testing.assert_allclose(b, best.x[1:], atol=2e-4)
    assert b.sum() == pytest.approx(0, abs=1e-12)


def test_it_finds_the_temperature_and_biases_that_made_the_labels(rng):
    true = np.array([0.5, -0.2, -0.3])
    z = 2 * rng.normal(size=(40_000, 3))
    y = drawn(z / 1.7 + true, rng)
    T, b = temperature_and_biases(z, y)
    assert pytest.approx(1.7, rel=0.03) == T
    np.testing.assert_allclose(b, true, atol=0.04)


def test_each_class_is_predicted_as_often_as_it_occurs(rng):
    z = rng.normal(size=(20_000, 2)) + np.array([0.0, 1.0])
    y = (rng.random(20_000) < 0.05).astype(int)  # rare, and the scores do not tell
    T, b = temperature_and_biases(z, y)
    assert softmax(z / T + b)[:, 1].mean() == pytest.approx(y.mean(), abs=2e-3)
    assert softmax(z / temperature(z, y))[:, 1].mean() > 0.3


@pytest.mark.parametrize("n", [100, 1000, 10_000])
def test_the_mean_probability_approaches_the_share_as_samples_grow(n):
    y = np.arange(n) % 20 == 0  # 5 % of them
    T, b = temperature_and_biases(np.zeros((n, 2)), y.astype(int))
    p = softmax(np.zeros((n, 2)) / T + b)[:, 1].mean()
    # Where the derivative by b_1 is 0: n (p − 0.05) + (p − 1/2) + b_1 / 0.2² = 0
    assert n * (p - 0.05) + (p - 0.5) + b[1] / 0.04 == pytest.approx(0, abs=1e-6 * n)
    assert 0.05 < p < {100: 0.22, 1000: 0.09, 10_000: 0.06}[n]


def test_few_samples_change_the_odds_little(rng):
    _, b = temperature_and_biases(rng.normal(size=(10, 2)), [0] * 9 + [1])
    assert abs(b[0] - b[1]) < 0.3


def test_the_limits_and_equal_scores():
    T, b = temperature_and_biases([[3.0, 0.0]] * 100, [1] * 100)
    assert pytest.approx(1000) == T
    assert b[1] > 0.7
    assert temperature_and_biases([[0.001, 0.0]] * 100, [0] * 100)[0] == 0.05
    T, b = temperature_and_biases(np.zeros((1000, 2)), [0] * 900 + [1] * 100)
    assert T == 1
    assert softmax(b[None])[0, 0] == pytest.approx(0.9, abs=0.03)
    T, b = temperature_and_biases([[1e4, 0.0, -1e4]] * 10, [0] * 9 + [2])
    assert 0.05 <= T <= 1000
    assert np.isfinite(b).all()


def test_what_is_refused():
    with pytest.raises(ValueError, match="scores must have shape"):
        temperature_and_biases([[1.0]], [0])
    with pytest.raises(ValueError, match="y must hold labels from 0 to 1"):
        temperature_and_biases([[1.0, 2.0]], [2])
