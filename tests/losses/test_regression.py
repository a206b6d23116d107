"""Losses for numbers: the constant that minimizes each, and Poisson rates close to 0."""

import math

import numpy as np
import pytest

from whorl import Adam, Dense, Huber, MeanAbsoluteError, MeanSquaredError, Model, Poisson, Quantile, Softplus
from whorl.passes import loss_pass


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
    ids=lambda each: getattr(each, "__name__", None) or repr(each),
)
def test_the_best_constant_prediction(loss, best, rng):
    y = rng.gamma(2.0, size=(101, 1))
    candidates = np.unique(np.concatenate([y[:, 0], np.linspace(0.01, 8, 4000)]))
    losses = [loss(np.full_like(y, candidate), y) for candidate in candidates]
    assert candidates[np.argmin(losses)] == pytest.approx(best(y), abs=0.003)


def poisson_model(bias, dtype):
    model = Model([Dense(1), Softplus()], inputs=2, rng=0, dtype=dtype)
    model.named_parameters()["w1"][:] = [[0.1], [-0.2]]
    model.named_parameters()["b1"][:] = bias
    return model


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [-80.0, -37.0, -25.0, -16.0, -12.0, -3.0, 0.0, 15.0])
def test_poisson_after_softplus_has_the_right_gradient_down_to_tiny_rates(bias, dtype, rng):
    x, y = rng.normal(size=(20, 2)).astype(dtype), rng.poisson(1.6, size=(20, 1)).astype(dtype)
    model = poisson_model(bias, dtype)
    done = loss_pass(model, x, y, Poisson())
    done.backward()
    # With p = log(1 + e^z), dL/dz = (1 - y / p) / (1 + e^-z).
    w, b = (array.astype(float) for array in model.named_parameters().values())
    z = x.astype(float) @ w + b
    p = np.log1p(np.exp(z))
    slope = (1 - y / p) / (1 + np.exp(-z)) / len(x)
    rtol = 1e-4 if dtype is np.float32 else 1e-11
    assert done.loss == pytest.approx(np.mean(p - y * np.log(p)), rel=rtol)
    assert model.named_gradients()["b1"][0] == pytest.approx(slope.sum(), rel=rtol)
    np.testing.assert_allclose(model.named_gradients()["w1"], x.T @ slope, rtol=rtol, atol=rtol)


def test_poisson_training_recovers_from_a_rate_of_1e_11():
    # The inputs are 0, so the minimum is that of a constant rate: the mean m of the counts, with the loss m - m log m.
    y = np.random.default_rng(0).poisson(1.6, size=(200, 1))
    m = y.mean()
    model = poisson_model(-25.0, np.float32)
    history = model.fit(np.zeros((200, 2)), y, loss=Poisson(), optimizer=Adam(0.1), epochs=60, rng=0)
    assert history["loss"][0] > 25 * m * 0.9
    assert history["loss"][-1] == pytest.approx(m - m * math.log(m), abs=0.01)
    assert model.predict(np.zeros((1, 2)))[0, 0] == pytest.approx(m, rel=0.05)
