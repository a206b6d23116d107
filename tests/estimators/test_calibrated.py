"""Estimators that have been calibrated: intervals in the unit of the targets, sets in the order of the classes."""

import numpy as np
import pytest
from sklearn.base import clone

from whorl.sklearn import NetworkClassifier, NetworkRegressor

OPTIONS = {"layers": "Dense(16), ReLU()", "optimizer": "Adam(0.01)", "epochs": 20, "random_state": 0}


def prices(count, seed):
    """Numbers far from 0, whose noise grows with them."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, (count, 2))
    y = 10_000 * (1 + X[:, 0])
    return X, y + 0.5 * (y - 9000) * rng.normal(size=count)


def kinds(count, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 2))
    return X, np.array(["low", "middle", "top"])[np.digitize(X[:, 0] + 0.5 * rng.normal(size=count), [-0.5, 0.5])]


def test_intervals_are_in_the_unit_of_the_targets():
    regressor = NetworkRegressor(**OPTIONS).fit(*prices(300, 0))
    X, y = prices(5000, 1)
    plain = regressor.predict(X)
    assert regressor.calibrate(*prices(1000, 2)) is regressor
    prediction, low, high = regressor.predict(X, interval=0.9)
    np.testing.assert_array_equal(prediction, plain)
    np.testing.assert_array_equal(regressor.predict(X), plain)
    assert prediction.shape == low.shape == high.shape == (5000,)
    assert ((low <= y) & (y <= high)).mean() == pytest.approx(0.9, abs=0.03)
    width = high - low
    assert width[X[:, 0] > 0.9].mean() > 2 * width[X[:, 0] < 0.1].mean()


def test_sets_have_the_order_of_the_classes():
    classifier = NetworkClassifier(**OPTIONS).fit(*kinds(300, 0))
    X, y = kinds(5000, 1)
    before = classifier.predict(X)
    inside = classifier.calibrate(*kinds(1000, 2)).predict_sets(X, coverage=0.9)
    np.testing.assert_array_equal(classifier.predict(X), before)
    assert inside.shape == (5000, 3)
    assert inside[np.arange(5000), np.searchsorted(classifier.classes_, y)].mean() == pytest.approx(0.9, abs=0.03)
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1)


def test_fit_forgets_what_was_learned_from_held_out_samples():
    regressor = NetworkRegressor(**OPTIONS, warm_start=True).fit(*prices(50, 0)).calibrate(*prices(50, 1))
    regressor.fit(*prices(50, 0))
    with pytest.raises(ValueError, match=r"predict\(X, interval=…\) needs held-out samples: .* call calibrate\(X, y\)"):
        regressor.predict(prices(5, 0)[0], interval=0.9)
    assert clone(regressor).get_params() == regressor.get_params()


def test_data_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"rooms": [1, 2, 3, 4] * 30, "heating": ["gas", "oil", None] * 40})
    rent = 400.0 + 150 * frame["rooms"]
    regressor = NetworkRegressor(**OPTIONS).fit(frame, rent).calibrate(frame, rent)
    assert len(regressor.predict(frame[:7], interval=0.8).low) == 7


def test_what_cannot_be_calibrated():
    X, y = prices(40, 0)
    with pytest.raises(ValueError, match="not fitted"):
        NetworkRegressor().calibrate(X, y)
    two = NetworkRegressor(**OPTIONS).fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match=r"calibrate needs a model with .*, got outputs of shape \(2,\)"):
        two.calibrate(X, np.column_stack([y, y]))
    classifier = NetworkClassifier(**OPTIONS).fit(*kinds(40, 0))
    with pytest.raises(ValueError, match=r"predict_sets\(X\) needs held-out samples: .* call calibrate"):
        classifier.predict_sets(X)
    with pytest.raises(ValueError, match="y must hold the classes"):
        classifier.calibrate(X[:2], ["low", "highest"])
