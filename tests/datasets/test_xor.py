import numpy as np
import pytest

from whorl.datasets import xor


def test_without_noise_the_label_is_whether_the_signs_differ():
    X, y = xor(500, rng=0)
    np.testing.assert_array_equal(y, (X[:, 0] > 0) != (X[:, 1] > 0))


def test_each_class_fills_its_two_quarters_evenly():
    X, y = xor(40_000, rng=0)
    assert 0 < np.abs(X).min() < 1e-3
    assert 0.999 < np.abs(X).max() <= 1
    for c in (0, 1):
        assert (X[y == c, 0] > 0).mean() == pytest.approx(0.5, abs=0.01)
        np.testing.assert_allclose(
            np.quantile(np.abs(X[y == c]), [0.25, 0.5, 0.75], axis=0)[:, 0], [0.25, 0.5, 0.75], atol=0.01
        )
    assert np.corrcoef(np.abs(X).T)[0, 1] == pytest.approx(0, abs=0.02)


def test_noise_carries_some_points_over():
    X, y = xor(5_000, noise=0.1, rng=0)
    # A coordinate u in (0, 1] changes its sign if the noise is below −u: 0.1 ∫ φ(ε) max(ε, 0) dε = 0.0399 of them.
    p = 0.1 / np.sqrt(2 * np.pi)
    assert (y != ((X[:, 0] > 0) != (X[:, 1] > 0))).mean() == pytest.approx(2 * p * (1 - p), abs=0.01)


def test_no_line_tells_it_apart_but_two_do():
    X, y = xor(2_000, rng=0)
    angles = np.linspace(0, np.pi, 60)
    scores = X @ np.stack([np.cos(angles), np.sin(angles)])  # (n, lines)
    best = max((((scores > cut) == y[:, None]).mean(axis=0)).max() for cut in np.linspace(-1, 1, 21))
    assert best < 0.78  # the best line cuts off one corner of the square
    assert ((X[:, 0] * X[:, 1] < 0) == y).all()
