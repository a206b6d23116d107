"""The best possible accuracy and cross-entropy, against closed forms, and against the posterior on random points."""

from math import erf, log, sqrt

import numpy as np
import pytest

from whorl import datasets
from whorl.datasets import best_possible, posterior


def drawn(name, settings, samples):
    """Points of each class that the data set's own function draws; blobs around the centres of their seed."""
    if name != "blobs":
        return getattr(datasets, name)(samples, **settings, rng=5)
    shape = {each: settings[each] for each in ("classes", "features") if each in settings}
    centres, y = datasets.blobs(1, **shape, spread=0, rng=settings["rng"])
    y = np.repeat(y, samples)
    noise = np.random.default_rng(5).standard_normal((len(y), centres.shape[1]))
    return centres[y] + settings.get("spread", 1.0) * noise, y


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("spiral", {"classes": 4}),
        ("spiral", {"noise": 0.6}),
        ("moons", {"noise": 0.3}),
        ("moons", {"noise": 0.15}),
        ("circles", {"noise": 0.2}),
        ("circles", {"noise": 0.3, "factor": 0.8}),
        ("circles", {"noise": 0.03, "factor": 0.95}),
        ("circles", {"noise": 0.5, "factor": 0.0}),
        ("xor", {"noise": 0.1}),
        ("xor", {"noise": 1.0}),
        ("blobs", {"spread": 3.0, "rng": 0}),
        ("blobs", {"spread": 4.0, "classes": 6, "rng": 0}),
        ("blobs", {"spread": 5.0, "classes": 3, "features": 4, "rng": 2}),
        ("blobs", {"spread": 4.0, "classes": 4, "features": 1, "rng": 1}),
    ],
)
def test_the_posterior_reaches_the_limit_on_random_points(name, settings):
    X, y = drawn(name, settings, 8_000)
    p = posterior(name, X, **settings)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    accuracy, loss = best_possible(name, **settings)
    right, losses = p.argmax(axis=1) == y, -np.log(p[np.arange(len(y)), y])
    for measured, limit in ((right, accuracy), (losses, loss)):
        assert measured.mean() == pytest.approx(limit, abs=4 * measured.std() / sqrt(len(y)) + 1e-4)
    # Calibrated: of the points with about the same probability of class 0, that fraction is of class 0.
    for part in np.array_split(np.argsort(p[:, 0]), 10):
        assert np.mean(y[part] == 0) == pytest.approx(p[part, 0].mean(), abs=4 * 0.5 / sqrt(len(part)))


def density(X, points, noise):
    """The mean of normal densities around points, up to a constant."""
    squares = ((X[:, None] - points) ** 2).sum(axis=2)
    return np.exp(-squares / (2 * noise**2)).mean(axis=1)


@pytest.mark.parametrize(("name", "noise"), [("moons", 0.1), ("moons", 0.5), ("circles", 0.1), ("circles", 0.7)])
def test_the_posterior_of_many_points_on_the_curves(name, noise):
    X = np.random.default_rng(0).uniform(-1.5, 2, size=(50, 2))
    points, y = getattr(datasets, name)(4000, noise=0)
    f = np.stack([density(X, points[y == c], noise) for c in (0, 1)], axis=1)
    np.testing.assert_allclose(posterior(name, X, noise=noise), f / f.sum(axis=1, keepdims=True), atol=2e-3)


@pytest.mark.parametrize(("features", "spread"), [(1, 4.0), (2, 3.0), (9, 8.0)])
def test_two_blobs_have_a_closed_form(features, spread):
    centres, _ = datasets.blobs(1, 2, features=features, spread=0, rng=3)
    distance = np.linalg.norm(centres[0] - centres[1])
    accuracy, _ = best_possible("blobs", classes=2, features=features, spread=spread, rng=3)
    assert accuracy == pytest.approx(0.5 + 0.5 * erf(distance / (2 * spread) / sqrt(2)), abs=1e-6)


@pytest.mark.parametrize("noise", [0.02, 0.3, 2.0])
def test_the_accuracy_of_xor_has_a_closed_form(noise):
    # The best classifier multiplies the signs; one is right with probability q, so the product is with q² + (1 − q)².
    u = (np.arange(20_000) + 0.5) / 20_000
    q = np.mean([0.5 + 0.5 * erf(each / noise / sqrt(2)) for each in u])
    assert best_possible("xor", noise=noise)[0] == pytest.approx(q**2 + (1 - q) ** 2, abs=1e-6)


@pytest.mark.parametrize("name", ["spiral", "moons", "circles", "xor"])
def test_limits_run_from_perfect_to_chance(name):
    k = 3 if name == "spiral" else 2
    assert best_possible(name, noise=0) == (1.0, 0.0)
    assert best_possible(name, noise=1e-4) == (pytest.approx(1, abs=2e-4), pytest.approx(0, abs=1e-3))
    assert best_possible(name, noise=50.0) == (pytest.approx(1 / k, abs=1e-2), pytest.approx(log(k), abs=1e-3))
    accuracies, losses = zip(*[best_possible(name, noise=noise) for noise in (0.05, 0.2, 0.5, 1.5)], strict=True)
    assert (np.diff(accuracies) <= 0).all()
    assert (np.diff(losses) >= 0).all()


def test_one_blob_or_blobs_without_spread_are_perfect():
    assert best_possible("blobs", classes=1, rng=0) == best_possible("blobs", spread=0, rng=0) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: best_possible("moon"), ValueError, "name must be 'spiral' or 'moons' or"),
        (lambda: best_possible("moons", nose=1), TypeError, "has no argument 'nose'; did you mean 'noise'?"),
        (lambda: best_possible("moons", samples=9), TypeError, "has no argument 'samples'"),
        (
            lambda: best_possible("circles", factor=1.0),
            ValueError,
            "factor must be a finite number at least 0 and below 1",
        ),
        (
            lambda: best_possible("blobs"),
            ValueError,
            "blobs needs the rng that draws the centres, such as rng=0, got None",
        ),
        (
            lambda: best_possible("blobs", classes=4, features=3, rng=0),
            ValueError,
            "best_possible takes at most three blobs, or two features, got 4 blobs in 3 features",
        ),
        (lambda: posterior("moons", [[0.0]]), ValueError, "X must have shape (m, 2), got (1, 1)"),
        (lambda: posterior("xor", [[0.0, 1.0]]), ValueError, "posterior needs noise above 0"),
    ],
)
def test_what_has_no_limit_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
