"""Cross-entropy, binary cross-entropy: values by hand, extreme scores, label smoothing, weights of classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whorl import SGD, BinaryCrossEntropy, CrossEntropy, Dense, Model, Sigmoid, Softmax


def test_cross_entropy_by_hand():
    p = [[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]]
    assert CrossEntropy()(p, [0, 1, 1]) == pytest.approx(-(np.log(0.7) + np.log(0.5) + np.log(0.9)) / 3, rel=1e-15)


def test_one_hot_labels_are_the_same_as_whole_numbers():
    p, y = Softmax().forward(np.random.default_rng(0).normal(size=(6, 4)), None)[0], np.array([0, 1, 2, 3, 3, 1])
    for dtype in (int, float, np.float32, bool):
        assert CrossEntropy()(p, np.eye(4, dtype=dtype)[y]) == CrossEntropy()(p, y)


def test_the_fused_gradient_is_p_minus_y_over_n():
    z = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    _, _, backward = CrossEntropy().from_scores(z, np.array([2, 0]))
    np.testing.assert_allclose(backward(), [[0.1, 0.15, -0.25], [-0.2, 0.15, 0.05]], atol=1e-15)


def test_scores_may_be_in_any_memory_order(rng):
    z, y = rng.normal(size=(5, 3)), np.array([2, 0, 1, 1, 0])
    value, p, backward = CrossEntropy().from_scores(np.asfortranarray(z), y)
    expected, q, other = CrossEntropy().from_scores(z, y)
    assert value == expected
    np.testing.assert_array_equal(p, q)
    np.testing.assert_array_equal(backward(), other())


def test_the_fused_backward_pass_does_not_change_the_probabilities(rng):
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


def test_one_output_is_refused_with_the_way_to_write_it():
    with pytest.raises(ValueError, match=r"for one output, use Sigmoid\(\) and BinaryCrossEntropy\(\)"):
        CrossEntropy()([[1.0], [1.0]], [0, 0])


def test_scores_are_refused():
    with pytest.raises(ValueError, match="takes probabilities"):
        CrossEntropy()([[0.5, 0.502]], [0])
    CrossEntropy()([[0.5, 0.5005]], [0])
    with pytest.raises(ValueError, match=r"takes probabilities.*end the model with Softmax"):
        CrossEntropy()([[2.0, -1.0]], [0])
    with pytest.raises(ValueError, match="takes probabilities"):
        CrossEntropy()([[0.5, 0.6]], [0])


def test_binary_cross_entropy_of_huge_scores_is_exact_when_fused():
    z, y = np.array([[1e4], [-1e4], [1e4]]), np.array([[1.0], [1.0], [0.0]])
    value, p, backward = BinaryCrossEntropy().from_scores(z, y)
    assert value == pytest.approx(2e4 / 3, rel=1e-15)
    np.testing.assert_array_equal(p, [[1], [0], [1]])
    np.testing.assert_allclose(backward(), [[0], [-1 / 3], [1 / 3]])


def test_with_label_smoothing_the_best_prediction_is_not_quite_sure():
    loss = CrossEntropy(label_smoothing=0.3)
    sure, doubtful = loss([[0.999, 0.0005, 0.0005]], [0]), loss([[0.8, 0.1, 0.1]], [0])  # 0.7 + 0.3/3 and 0.3/3
    assert doubtful < sure
    assert doubtful == pytest.approx(-0.8 * np.log(0.8) - 0.2 * np.log(0.1))


def test_class_weights_with_one_output(rng):
    X, y = np.zeros((100, 1)), np.repeat([[0], [1]], [95, 5], axis=0)
    model = Model([Dense(1), Sigmoid()], inputs=1, rng=0, dtype=np.float64)
    settings = {"loss": BinaryCrossEntropy(), "optimizer": SGD(1.0), "epochs": 300, "batch_size": 100}
    model.fit(X, y, class_weight="balanced", **settings)
    assert model.predict(X[:1])[0, 0] == pytest.approx(0.5, abs=1e-3)
