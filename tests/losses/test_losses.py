"""The contract that every loss fulfils. A new loss is tested by adding it to CASES."""

import re

import numpy as np
import pytest
from helpers import error, slopes

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
from whorl.passes import FUSED as FUSED_IN_MODELS


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
    assert set(FUSED_IN_MODELS) == {type(loss) for loss, *_ in FUSED.values()}


@every_loss
@pytest.mark.parametrize("sample_weight", WEIGHTS, ids=["equal", "weighted"])
def test_gradients_agree_with_finite_differences(loss, prediction, y, sample_weight):
    prediction = prediction.copy()
    target, weight = prepared(loss, prediction, y, sample_weight)
    gradient = loss.forward(prediction, target, weight)[1]()
    numeric = slopes(lambda: loss.forward(prediction, target, weight)[0], prediction)
    assert error(gradient, numeric) < 1e-6


@every_loss
def test_the_float_type_is_kept(loss, prediction, y):
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
    flat = [] if prediction.shape[1:] == (1,) else [y[:, 0] if y.ndim > 1 else y[:, None]]
    for wrong in (y[..., None], y[None], y[0], y[:-1], *flat):
        with pytest.raises(ValueError, match=r"\by\b"):
            loss(prediction, wrong)


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError(), Huber(), BinaryCrossEntropy(), Poisson()])
def test_flat_targets_are_those_of_one_output(loss):
    prediction, y = np.array([[0.2], [0.9], [0.4]]), np.array([0.0, 1.0, 1.0])
    assert loss(prediction, y) == loss(prediction, y[:, None])
    with pytest.raises(ValueError, match=r"y must have shape \(n, 2\), as the predictions have, got \(3,\)"):
        loss(np.hstack([prediction, prediction]), y)


@every_loss
def test_masked_arrays_are_refused(loss, prediction, y):
    with pytest.raises(TypeError, match="y must not be a masked array: fill in the masked values"):
        loss(prediction, np.ma.masked_array(y, mask=np.zeros_like(y)))
    with pytest.raises(TypeError, match="prediction must not be a masked array: fill in the masked values"):
        loss(np.ma.masked_array(prediction, mask=prediction > 0.5), y)


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
def test_fused_and_separate_are_the_same_function(loss, layer, y, z, sample_weight):
    target, weight = prepared(loss, z, y, sample_weight)
    fused, p, backward = loss.from_scores(z, target, weight)
    p_separate, through_layer = layer.forward(z, None)
    value, backward_separate = loss.forward(p_separate, target, weight)
    assert fused == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(p, p_separate, rtol=1e-15)
    np.testing.assert_allclose(backward(), through_layer(backward_separate(), None), rtol=1e-10, atol=1e-15)


@every_fused_loss
def test_a_model_fuses_the_last_layer_and_the_loss(loss, layer, y, z):
    fused = Model([Dense(z.shape[1]), layer], inputs=2, rng=0, dtype=np.float64)
    separate = Model([Dense(z.shape[1]), type("Separate", (type(layer),), {})()], inputs=2, rng=0, dtype=np.float64)
    X = numbers(3, 6, 2)
    settings = {"loss": loss, "optimizer": SGD(0.5), "epochs": 3, "rng": 0}
    np.testing.assert_allclose(fused.fit(X, y, **settings)["loss"], separate.fit(X, y, **settings)["loss"], rtol=1e-10)
    assert max(check_gradients(fused, X, y, loss=loss).values()) < 1e-6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MeanSquaredError()([[1.0, 2.0]], [1.0]), "y must have shape (n, 2), as the predictions have, got (1,)"),
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
def test_bad_arguments_predictions_and_labels_are_refused(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
