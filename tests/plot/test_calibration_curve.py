"""The reliability diagram: its points against scikit-learn's, its intervals against SciPy's."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

import whorl
from whorl.metrics import calibration_error


@pytest.fixture
def predictions(rng):
    """Labels of three classes, and probabilities that are too sure."""
    p = rng.dirichlet([1, 1, 1], 400)
    y = (rng.random(400)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    sure = p**3
    return y, sure / sure.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("bins", [1, 5, 10])
def test_points_are_those_of_scikit_learn(predictions, bins):
    y, p = predictions
    ax = whorl.plot.calibration_curve(y, p, bins=bins)
    fraction, confidence = calibration_curve(p.argmax(axis=1) == y, p.max(axis=1), n_bins=bins)
    np.testing.assert_allclose(ax.lines[1].get_xydata(), np.transpose([confidence, fraction]), rtol=1e-12)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("confidence", "fraction predicted right")
    assert ax.get_legend().get_texts()[0].get_text() == f"calibration error {calibration_error(y, p, bins):.3f}"


@pytest.mark.parametrize("of", [0, 2])
def test_points_of_a_class_are_those_of_scikit_learn(predictions, of):
    y, p = predictions
    ax = whorl.plot.calibration_curve(y, p, of=of)
    fraction, probability = calibration_curve(y == of, p[:, of], n_bins=10)
    np.testing.assert_allclose(ax.lines[1].get_xydata(), np.transpose([probability, fraction]), rtol=1e-12)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (f"probability of class {of}", f"fraction of class {of}")


def test_probabilities_between_two_bins():
    p = np.array([[0.0], [0.25], [0.25], [0.5], [0.75], [1.0]])
    y = np.array([[0], [0], [1], [1], [1], [1]])
    points = whorl.plot.calibration_curve(y, p, of=1, bins=4).lines[1].get_xydata()
    np.testing.assert_array_equal(points, np.transpose(calibration_curve(y[:, 0], p[:, 0], n_bins=4)[::-1]))
    np.testing.assert_allclose(points, [[0.5 / 3, 1 / 3], [0.5, 1], [0.75, 1], [1, 1]])


def test_one_output_is_the_probability_of_class_1(predictions):
    y, p = predictions
    two = np.stack([1 - p[:, 1], p[:, 1]], axis=1)
    drawn = [
        whorl.plot.calibration_curve(labels, prediction, of=1).lines[1].get_xydata()
        for labels, prediction in ((y == 1, two), ((y == 1)[:, None], two[:, 1:]))
    ]
    np.testing.assert_array_equal(*drawn)


def test_intervals_are_those_of_wilson(predictions):
    y, p = predictions
    ax = whorl.plot.calibration_curve(y, p, bins=4)
    place = np.ceil(p.max(axis=1) * 4)
    assert len(ax.collections[0].get_segments()) == 3  # no confidence is below 1/3
    for m, segment in zip((2, 3, 4), ax.collections[0].get_segments(), strict=True):
        right = (p.argmax(axis=1) == y)[place == m]
        interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
        np.testing.assert_allclose(segment[:, 1], [interval.low, interval.high], atol=1e-4)


def test_bars_are_the_fractions_of_the_samples(predictions):
    y, p = predictions
    values, edges, _ = whorl.plot.calibration_curve(y, p, bins=5).patches[0].get_data()
    np.testing.assert_allclose(values, np.histogram(p.max(axis=1), edges)[0] / 400)


def test_several_predictions_in_the_same_axes(predictions):
    y, p = predictions
    ax = whorl.plot.calibration_curve(y, p, label="before")
    assert (
        whorl.plot.calibration_curve(y, np.sqrt(p) / np.sqrt(p).sum(axis=1, keepdims=True), label="after", ax=ax) is ax
    )
    first, second = (line for line in ax.lines if line.get_label().startswith("calibration"))
    for of_line in ("get_color", "get_marker", "get_linestyle"):
        assert getattr(first, of_line)() != getattr(second, of_line)()
    assert [text.get_text().partition(", ")[2] for text in ax.get_legend().get_texts()] == ["before", "after"]


def test_the_number_of_a_class_is_checked(predictions):
    with pytest.raises(ValueError, match="of must be the number of a class, from 0 to 2, got 3"):
        whorl.plot.calibration_curve(*predictions, of=3)
    with pytest.raises(
        ValueError, match="prediction must hold probabilities, from 0 to 1, to compare with frequencies, got 2"
    ):
        whorl.plot.calibration_curve([0, 1], [[0, 2], [2, 0]])
