import numpy as np
import pytest
from helpers import error, slopes

from whorl import CrossEntropy, Dense, MeanSquaredError, Model, Softmax
from whorl.passes import loss_pass
from whorl.regularizers import L1, L2


def test_l2_gradient_agrees_with_finite_differences(rng):
    l2 = L2(rng.uniform(size=10))
    w, gradients = rng.normal(size=10), np.zeros(10)
    l2.forward(w)[1](gradients)
    assert error(gradients, slopes(lambda: l2.forward(w)[0], w)) < 1e-6


def test_l1_gradient_agrees_with_finite_differences(rng):
    l1 = L1(rng.uniform(size=10))
    w, gradients = rng.normal(size=10), np.zeros(10)
    l1.forward(w)[1](gradients)
    assert error(gradients, slopes(lambda: l1.forward(w)[0], w)) < 1e-6


def test_l1_by_hand_and_at_0():
    penalty, backward = L1(np.array([0.5, 2.0, 1.0])).forward(np.array([-3.0, 0.0, 1.0]))
    gradients = np.ones(3)
    backward(gradients)
    assert penalty == 2.5
    np.testing.assert_array_equal(gradients, [0.5, 1, 2])


def test_all_four_penalties_of_a_layer_add_up(rng):
    layer = Dense(4, weight_l1=0.1, weight_l2=0.2, bias_l1=0.3, bias_l2=0.4)
    model = Model([layer], inputs=3, rng=0, dtype=np.float64)
    w, b = model.named_parameters().values()
    b[:] = rng.normal(size=4)
    expected = 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum() + 0.3 * np.abs(b).sum() + 0.4 * (b**2).sum()
    measured = model.evaluate(np.zeros((1, 3)), np.zeros((1, 4)), loss=MeanSquaredError())
    assert measured["penalty"] == pytest.approx(expected, rel=1e-12)


def test_l2_adds_to_the_gradients_and_may_be_called_again():
    _, backward = L2(np.array([0.5, 0.0])).forward(np.array([3.0, 3.0]))
    gradients = np.array([1.0, 1.0])
    backward(gradients)
    np.testing.assert_array_equal(gradients, [4, 1])
    backward(gradients)
    np.testing.assert_array_equal(gradients, [7, 1])


@pytest.mark.parametrize(("weight_l2", "bias_l2"), [(0.1, 0.0), (0.0, 0.1), (0.2, 0.3)])
def test_weights_and_biases_have_separate_strengths(weight_l2, bias_l2):
    plain = [Dense(2), Softmax()]
    models = [
        Model([Dense(4, weight_l2=weight_l2, bias_l2=bias_l2), *plain], inputs=3, rng=0, dtype=np.float64),
        Model([Dense(4), *plain], inputs=3, rng=0, dtype=np.float64),
    ]
    x, target = np.random.default_rng(1).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    for model in models:
        model.named_parameters()["b1"][:] = [1, 2, 3, 4]
    named = models[0].named_parameters()
    losses = []
    for model in models:
        done = loss_pass(model, x, target, CrossEntropy())
        done.backward()
        losses.append((done.loss, done.penalty))
    expected = weight_l2 * (named["w1"] ** 2).sum() + bias_l2 * (1 + 4 + 9 + 16)
    assert losses[0][1] == pytest.approx(expected, rel=1e-12)
    assert losses[0][0] - losses[1][0] == pytest.approx(expected, rel=1e-12)
    assert losses[1][1] == 0
    regularised, unregularised = (model.named_gradients() for model in models)
    np.testing.assert_allclose(regularised["w1"] - unregularised["w1"], 2 * weight_l2 * named["w1"], atol=1e-15)
    np.testing.assert_allclose(regularised["b1"] - unregularised["b1"], 2 * bias_l2 * named["b1"], atol=1e-15)
    np.testing.assert_array_equal(regularised["w2"], unregularised["w2"])


def test_the_penalty_does_not_depend_on_the_batch():
    model = Model([Dense(2, weight_l2=0.1), Softmax()], inputs=3, rng=0)
    x, y = np.random.default_rng(1).normal(size=(8, 3)), np.arange(8) % 2
    penalties = {model.evaluate(x[:n], y[:n], loss=CrossEntropy())["penalty"] for n in (1, 3, 8)}
    assert len(penalties) == 1
