"""The contract that every loss fulfils, and what each computes."""

import re

import numpy as np
import pytest
from helpers import error, slopes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import whorl.losses
from whorl import (
    SGD,
    BinaryCrossEntropy,
    CrossEntropy,
    Dense,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Model,
    Poisson,
    Quantile,
    Sigmoid,
    Softmax,
    check_gradients,
)
from whorl.functions import sigmoid
from whorl.losses import Elementwise, FusedLoss, Loss
from whorl.network import FUSED as FUSING


def softmax(z):
    return Softmax().forward(z, None)[0]


def numbers(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


LABELS = np.array([0, 1, 2, 3, 3, 1])

# Each loss with predictions and labels that suit it. A new loss is tested by adding it here.
CASES = {
    "CrossEntropy": (CrossEntropy(), softmax(numbers(0, 6, 4)), LABELS),
    "CrossEntropy smoothed": (CrossEntropy(label_smoothing=0.1), softmax(numbers(0, 6, 4)), LABELS),
    "BinaryCrossEntropy": (BinaryCrossEntropy(), sigmoid(numbers(0, 6, 1)), (numbers(1, 6, 1) > 0).astype(int)),
    "BinaryCrossEntropy of several": (BinaryCrossEntropy(), sigmoid(numbers(0, 6, 3)), sigmoid(numbers(1, 6, 3))),
    "Hinge": (Hinge(), numbers(0, 6, 4), LABELS),
    "Hinge of margin 3": (Hinge(margin=3.0), numbers(0, 6, 4), LABELS),
    "MeanSquaredError": (MeanSquaredError(), numbers(0, 6, 2), numbers(1, 6, 2)),
    "MeanAbsoluteError": (MeanAbsoluteError(), numbers(0, 6, 1), numbers(1, 6, 1)),
    "Huber": (Huber(), 2 * numbers(0, 6, 2), numbers(1, 6, 2)),
    "Huber of delta 0.3": (Huber(delta=0.3), numbers(0, 6, 2, 2), numbers(1, 6, 2, 2)),
    "Quantile": (Quantile(0.9), numbers(0, 6, 1), numbers(1, 6, 1)),
    "Quantile of three": (Quantile([0.1, 0.5, 0.9]), numbers(0, 6, 3), numbers(1, 6, 3)),
    "Poisson": (Poisson(), np.exp(numbers(0, 6, 2)), np.array([[0, 1], [2, 3], [0, 0], [9, 1], [1, 1], [4, 0]])),
}
WEIGHTS = [None, [1.0, 2.0, 0.0, 0.5, 3.0, 0.1]]

FUSED = {
    "CrossEntropy": (CrossEntropy(), Softmax(), LABELS, numbers(0, 6, 4)),
    "CrossEntropy smoothed": (CrossEntropy(label_smoothing=0.2), Softmax(), LABELS, numbers(0, 6, 4)),
    "BinaryCrossEntropy": (BinaryCrossEntropy(), Sigmoid(), sigmoid(numbers(1, 6, 3)), numbers(0, 6, 3)),
}
every_fused_loss = pytest.mark.parametrize(("loss", "layer", "y", "z"), FUSED.values(), ids=FUSED)

every_loss = pytest.mark.parametrize(("loss", "prediction", "y"), CASES.values(), ids=CASES)


def prepared(loss, prediction, y, sample_weight=None):
    target = loss.targets(y, prediction.shape[1:], prediction.dtype)
    weight = None if sample_weight is None else np.array(sample_weight) / np.mean(sample_weight)
    return target, weight


def test_every_public_loss_is_here():
    kinds = {kind for kind in vars(whorl.losses).values() if isinstance(kind, type) and issubclass(kind, Loss)}
    assert kinds - {Loss, FusedLoss, Elementwise} == {type(loss) for loss, _, _ in CASES.values()}
    assert set(FUSING) == {type(loss) for loss, *_ in FUSED.values()}


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
    prediction = prediction.astype(np.float32)
    target, _ = prepared(loss, prediction, y)
    value, backward = loss.forward(prediction, target, np.ones(len(y), np.float32))
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
    for wrong in (y[..., None], y[None], y[0], y[:-1], y[:, 0] if y.ndim > 1 else y[:, None]):
        with pytest.raises(ValueError, match=r"\by\b"):
            loss(prediction, wrong)


# Cross-entropy


def test_cross_entropy_by_hand():
    p = [[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]]
    assert CrossEntropy()(p, [0, 1, 1]) == pytest.approx(-(np.log(0.7) + np.log(0.5) + np.log(0.9)) / 3, rel=1e-15)


def test_one_hot_labels_are_the_same_as_whole_numbers():
    _, p, y = CASES["CrossEntropy"]
    for dtype in (int, float, np.float32, bool):
        assert CrossEntropy()(p, np.eye(4, dtype=dtype)[y]) == CrossEntropy()(p, y)


@every_fused_loss
@pytest.mark.parametrize("sample_weight", WEIGHTS, ids=["equal", "weighted"])
def test_the_fused_gradient_agrees_with_finite_differences(loss, layer, y, z, sample_weight):
    z = z.copy()
    target, weight = prepared(loss, z, y, sample_weight)
    gradient = loss.from_scores(z, target, weight)[2]()
    numeric = slopes(lambda: loss.from_scores(z, target, weight)[0], z)
    assert error(gradient, numeric) < 1e-6


@every_fused_loss
@pytest.mark.parametrize("sample_weight", WEIGHTS, ids=["equal", "weighted"])
def test_fused_and_apart_are_the_same_function(loss, layer, y, z, sample_weight):
    target, weight = prepared(loss, z, y, sample_weight)
    fused, p, backward = loss.from_scores(z, target, weight)
    p_apart, through_layer = layer.forward(z, None)
    apart, backward_apart = loss.forward(p_apart, target, weight)
    assert fused == pytest.approx(apart, rel=1e-12)
    np.testing.assert_allclose(p, p_apart, rtol=1e-15)
    np.testing.assert_allclose(backward(), through_layer(backward_apart()), rtol=1e-10, atol=1e-15)


@every_fused_loss
def test_a_model_takes_the_two_for_one(loss, layer, y, z):
    fused = Model([Dense(z.shape[1]), layer], inputs=2, rng=0, dtype=np.float64)
    apart = Model([Dense(z.shape[1]), type("Apart", (type(layer),), {})()], inputs=2, rng=0, dtype=np.float64)
    X = numbers(3, 6, 2)
    settings = {"loss": loss, "optimizer": SGD(0.5), "epochs": 3, "rng": 0}
    np.testing.assert_allclose(fused.fit(X, y, **settings)["loss"], apart.fit(X, y, **settings)["loss"], rtol=1e-10)
    assert max(check_gradients(fused, X, y, loss=loss).values()) < 1e-6


def test_the_fused_gradient_is_p_minus_y_over_n():
    z = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    _, _, backward = CrossEntropy().from_scores(z, np.array([2, 0]))
    np.testing.assert_allclose(backward(), [[0.1, 0.15, -0.25], [-0.2, 0.15, 0.05]], atol=1e-15)


def test_scores_may_lie_in_memory_in_any_order(rng):
    z, y = rng.normal(size=(5, 3)), np.array([2, 0, 1, 1, 0])
    value, p, backward = CrossEntropy().from_scores(np.asfortranarray(z), y)
    expected, q, other = CrossEntropy().from_scores(z, y)
    assert value == expected
    np.testing.assert_array_equal(p, q)
    np.testing.assert_array_equal(backward(), other())


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
    with pytest.raises(ValueError, match="takes probabilities"):
        CrossEntropy()([[0.5, 0.502]], [0])
    CrossEntropy()([[0.5, 0.5005]], [0])
    with pytest.raises(ValueError, match=r"takes probabilities.*end the model with Softmax"):
        CrossEntropy()([[2.0, -1.0]], [0])
    with pytest.raises(ValueError, match="takes probabilities"):
        CrossEntropy()([[0.5, 0.6]], [0])


# The others


@pytest.mark.parametrize(
    ("loss", "best"),
    [
        (MeanSquaredError(), np.mean),
        (MeanAbsoluteError(), np.median),
        (Quantile(0.2), lambda y: np.quantile(y, 0.2, method="inverted_cdf")),
        (Huber(delta=1e-6), np.median),
        (Huber(delta=1e6), np.mean),
        (Poisson(), np.mean),
    ],
    ids=repr,
)
def test_the_best_constant_answer(loss, best, rng):
    y = rng.gamma(2.0, size=(101, 1))
    candidates = np.unique(np.concatenate([y[:, 0], np.linspace(0.01, 8, 4000)]))
    losses = [loss(np.full_like(y, candidate), y) for candidate in candidates]
    assert candidates[np.argmin(losses)] == pytest.approx(best(y), abs=0.003)


def test_binary_cross_entropy_of_huge_scores_is_exact_when_fused():
    z, y = np.array([[1e4], [-1e4], [1e4]]), np.array([[1.0], [1.0], [0.0]])
    value, p, backward = BinaryCrossEntropy().from_scores(z, y)
    assert value == pytest.approx(2e4 / 3, rel=1e-15)
    np.testing.assert_array_equal(p, [[1], [0], [1]])
    np.testing.assert_allclose(backward(), [[0], [-1 / 3], [1 / 3]])


def test_label_smoothing_is_best_served_by_a_little_doubt():
    loss = CrossEntropy(label_smoothing=0.3)
    sure, wise = loss([[0.999, 0.0005, 0.0005]], [0]), loss([[0.8, 0.1, 0.1]], [0])  # 0.7 + 0.3/3 and 0.3/3
    assert wise < sure
    assert wise == pytest.approx(-0.8 * np.log(0.8) - 0.2 * np.log(0.1))


def test_class_weights_with_one_output(rng):
    X, y = np.zeros((100, 1)), np.repeat([[0], [1]], [95, 5], axis=0)
    model = Model([Dense(1), Sigmoid()], inputs=1, rng=0, dtype=np.float64)
    settings = {"loss": BinaryCrossEntropy(), "optimizer": SGD(1.0), "epochs": 300, "batch_size": 100}
    model.fit(X, y, class_weight="balanced", **settings)
    assert model.predict(X[:1])[0, 0] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MeanSquaredError()([[1.0]], [1.0]), "y must have shape (n, 1), as the predictions have, got (1,); use y[:, None]"),
        (lambda: MeanSquaredError()([1.0], [[1.0]]), "y must have shape (n,), as the predictions have, got (1, 1)"),
        (lambda: BinaryCrossEntropy()([[0.5]], [[2]]), "y must lie in [0, 1], but y[0, 0] is 2"),
        (lambda: BinaryCrossEntropy()([[1.5]], [[1]]), "takes probabilities in [0, 1], got numbers from 1.5 to 1.5"),
        (lambda: Poisson()([[1.0]], [[-1]]), "y must hold counts of at least 0, got -1"),
        (lambda: Poisson()([[-1.0]], [[1]]), "Poisson takes rates of at least 0, got -1: end the model with Softplus()"),
        (lambda: Quantile([0.1, 0.9])([[1.0]], [[1.0]]), "Quantile of 2 q takes predictions (n, 2), got (n, 1)"),
        (lambda: Quantile(1.0), "q must be a finite number above 0 and below 1, got 1.0"),
        (lambda: Quantile([0.5, 0.0]), "q[1] must be a finite number above 0 and below 1, got 0.0"),
        (lambda: Huber(delta=0), "delta must be a finite number above 0, got 0"),
        (lambda: Hinge(margin=-1), "margin must be a finite number above 0, got -1"),
        (lambda: CrossEntropy(label_smoothing=1.0), "label_smoothing must be a finite number at least 0 and below 1"),
    ],
)  # fmt: skip
def test_what_a_loss_cannot_take_it_refuses(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
