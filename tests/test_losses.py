"""The contract that every loss fulfils, and what each computes."""

import numpy as np
import pytest
from helpers import error, slopes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whorl import CrossEntropy
from whorl.layers import Softmax


def softmax(z):
    return Softmax().forward(z, None)[0]


# Each loss with predictions and labels that suit it. A new loss is tested by adding it here.
CASES = {
    "CrossEntropy": (
        CrossEntropy(),
        softmax(np.random.default_rng(0).normal(size=(6, 4))),
        np.array([0, 1, 2, 3, 3, 1]),
    ),
}
WEIGHTS = [None, [1.0, 2.0, 0.0, 0.5, 3.0, 0.1]]

every_loss = pytest.mark.parametrize(("loss", "prediction", "y"), CASES.values(), ids=CASES)


def prepared(loss, prediction, y, sample_weight=None):
    target = loss.targets(y, prediction.shape[1:], prediction.dtype)
    weight = None if sample_weight is None else np.array(sample_weight) / np.mean(sample_weight)
    return target, weight


@every_loss
@pytest.mark.parametrize("sample_weight", WEIGHTS, ids=["equal", "weighted"])
def test_gradients_agree_with_finite_differences(loss, prediction, y, sample_weight):
    prediction = prediction.copy()
    target, weight = prepared(loss, prediction, y, sample_weight)
    gradient = loss.forward(prediction, target, weight)[1]()
    numeric = slopes(lambda: loss.forward(prediction, target, weight)[0], prediction)
    assert error(gradient, numeric) < 1e-6


@every_loss
def test_the_float_type_stays(loss, prediction, y):
    target, _ = prepared(loss, prediction, y)
    value, backward = loss.forward(prediction.astype(np.float32), target, np.ones(len(y), np.float32))
    assert type(value) is float
    assert backward().dtype == np.float32


@every_loss
def test_the_loss_is_a_mean_over_samples(loss, prediction, y):
    each = [loss(prediction[i : i + 1], y[i : i + 1]) for i in range(len(y))]
    assert loss(prediction, y) == pytest.approx(np.mean(each), rel=1e-12)
    weight = np.arange(1.0, 1 + len(y))
    assert loss(prediction, y, weight) == pytest.approx(np.average(each, weights=weight), rel=1e-12)


@every_loss
@pytest.mark.parametrize("factor", [1e-300, 1e-3, 7.0, 1e300])
def test_scaling_all_weights_changes_nothing(loss, prediction, y, factor):
    weight = np.array([1.0, 2, 3, 4, 5, 6])
    assert loss(prediction, y, factor * weight) == pytest.approx(loss(prediction, y, weight), rel=1e-12)


@every_loss
def test_nothing_broadcasts(loss, prediction, y):
    for labels in (y[:, None], y[None], y[0], y[:-1]):
        with pytest.raises(ValueError, match=r"\by\b"):
            loss(prediction, labels)


# Cross-entropy


def test_cross_entropy_by_hand():
    p = [[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]]
    assert CrossEntropy()(p, [0, 1, 1]) == pytest.approx(-(np.log(0.7) + np.log(0.5) + np.log(0.9)) / 3, rel=1e-15)


def test_one_hot_labels_are_the_same_as_whole_numbers():
    _, p, y = CASES["CrossEntropy"]
    for dtype in (int, float, np.float32, bool):
        assert CrossEntropy()(p, np.eye(4, dtype=dtype)[y]) == CrossEntropy()(p, y)


@pytest.mark.parametrize("sample_weight", WEIGHTS, ids=["equal", "weighted"])
def test_the_fused_gradient_agrees_with_finite_differences(sample_weight, rng):
    z = rng.normal(size=(6, 4))
    target, weight = prepared(CrossEntropy(), z, [0, 1, 2, 3, 3, 1], sample_weight)
    gradient = CrossEntropy().from_scores(z, target, weight)[2]()
    numeric = slopes(lambda: CrossEntropy().from_scores(z, target, weight)[0], z)
    assert error(gradient, numeric) < 1e-6


@pytest.mark.parametrize("sample_weight", WEIGHTS, ids=["equal", "weighted"])
def test_fused_and_apart_are_the_same_function(sample_weight, rng):
    z = rng.normal(size=(6, 4))
    target, weight = prepared(CrossEntropy(), z, [0, 1, 2, 3, 3, 1], sample_weight)
    fused, p, backward = CrossEntropy().from_scores(z, target, weight)
    p_apart, through_softmax = Softmax().forward(z, None)
    apart, backward_apart = CrossEntropy().forward(p_apart, target, weight)
    assert fused == pytest.approx(apart, rel=1e-14)
    np.testing.assert_allclose(p, p_apart, rtol=1e-15)
    np.testing.assert_allclose(backward(), through_softmax(backward_apart()), rtol=1e-12, atol=1e-16)


def test_the_fused_gradient_is_p_minus_y_over_n():
    z = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    _, _, backward = CrossEntropy().from_scores(z, np.array([2, 0]))
    np.testing.assert_allclose(backward(), [[0.1, 0.15, -0.25], [-0.2, 0.15, 0.05]], atol=1e-15)


def test_the_fused_backward_leaves_the_probabilities_alone(rng):
    z = rng.normal(size=(3, 2))
    _, p, backward = CrossEntropy().from_scores(z, np.array([0, 1, 0]))
    before = p.copy()
    first = backward()
    np.testing.assert_array_equal(p, before)
    np.testing.assert_array_equal(backward(), first)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_scores_are_exact_when_fused(dtype):
    z = np.array([[1e4, -1e4], [1e4, -1e4]], dtype)
    value, p, backward = CrossEntropy().from_scores(z, np.array([0, 1]))
    assert value == 1e4  # the mean of 0 and 2e4
    np.testing.assert_array_equal(p, [[1, 0], [1, 0]])
    np.testing.assert_array_equal(backward(), [[0, 0], [0.5, -0.5]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_probability_of_0_is_clipped_and_its_gradient_is_that_of_the_clipped_function(dtype):
    p = np.array([[1, 0], [0.5, 0.5]], dtype)
    value, backward = CrossEntropy().forward(p, np.array([1, 0]))
    assert value == pytest.approx((-np.log(np.finfo(dtype).tiny) + np.log(2)) / 2, rel=1e-6)
    np.testing.assert_array_equal(backward(), [[0, 0], [-1, 0]])


@given(arrays(np.float64, (5, 3), elements=st.floats(-1e4, 1e4)))
def test_the_fused_loss_is_finite_and_its_gradient_sums_to_0(z):
    value, _, backward = CrossEntropy().from_scores(z, np.array([0, 1, 2, 0, 1]))
    assert 0 <= value < 2.1e4
    np.testing.assert_allclose(backward().sum(axis=1), 0, atol=1e-15)


def test_one_class_has_no_surprise():
    assert CrossEntropy()([[1.0], [1.0]], [0, 0]) == 0


def test_scores_are_refused():
    with pytest.raises(ValueError, match=r"takes probabilities.*end the model with Softmax"):
        CrossEntropy()([[2.0, -1.0]], [0])
    with pytest.raises(ValueError, match="takes probabilities"):
        CrossEntropy()([[0.5, 0.6]], [0])
