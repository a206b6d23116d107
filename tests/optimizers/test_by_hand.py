"""The variant that each optimizer is, step by step, compared with numbers worked out by hand."""

import math

import numpy as np
import pytest

from whorl import SGD, Adagrad, Adam, AdamW, Lion, NAdam, Polynomial, RMSprop
from whorl.optimizers import Objective


def steps(optimizer, start, *gradients_and_rates):
    """The parameter after each step."""
    p = np.array([start])
    state = optimizer.start(p)
    for gradient, rate in gradients_and_rates:
        optimizer.step(p, np.array([gradient]), state, rate)
        yield p[0]


def test_sgd():
    reached = steps(SGD(momentum=0.9), 1.0, (1.0, 0.1), (2.0, 0.1), (0.0, 0.2))
    expected = [
        1 - 0.1 * 1,  # v = 1
        0.9 - 0.1 * 2.9,  # v = 0.9 + 2
        0.61 - 0.2 * 2.61,  # v = 2.61, at once with the new rate
    ]
    assert list(reached) == pytest.approx(expected, rel=1e-15)


def test_sgd_without_momentum():
    assert list(steps(SGD(), 1.0, (1.0, 0.5), (-2.0, 0.25))) == [0.5, 1.0]


def test_nesterov():
    # v = 1, so p falls by 0.1 (1 + 0.5); then v = 1.5, and it falls by 0.1 (1 + 0.75).
    reached = steps(SGD(momentum=0.5, nesterov=True), 1.0, (1.0, 0.1), (1.0, 0.1))
    assert list(reached) == pytest.approx([0.85, 0.675], rel=1e-15)


def test_adam():
    first, second = steps(Adam(beta1=0.5, beta2=0.75, epsilon=0.1), 1.0, (2.0, 0.1), (-1.0, 0.1))
    assert first == pytest.approx(1 - 0.1 * 2 / (2 + 0.1), rel=1e-14)  # m̂ = 2, v̂ = 4
    m_hat = (0.5 * 1 + 0.5 * -1) / (1 - 0.25)  # m was 0.5 · 2
    v_hat = (0.75 * 1 + 0.25 * 1) / (1 - 0.5625)  # v was 0.25 · 4
    assert second == pytest.approx(first - 0.1 * m_hat / (math.sqrt(v_hat) + 0.1), rel=1e-14)


def test_adams_epsilon_is_added_to_the_corrected_root():
    # With a tiny gradient ε decides: the first step is lr g / (g + ε).
    (reached,) = steps(Adam(epsilon=1e-8), 0.0, (1e-8, 1.0))
    assert reached == pytest.approx(-0.5, rel=1e-6)


def test_adamw_decays_the_parameter_before_adams_step():
    adam, adamw = steps(Adam(), 2.0, (3.0, 0.1)), steps(AdamW(weight_decay=0.5), 2.0, (3.0, 0.1))
    assert next(adamw) == pytest.approx(next(adam) - 0.1 * 0.5 * 2.0, rel=1e-15)


@pytest.mark.parametrize(
    "optimizer", [AdamW(weight_decay=Polynomial(0.5, epochs=4)), Lion(weight_decay=Polynomial(0.5, epochs=4))], ids=repr
)
def test_weight_decay_follows_its_schedule_and_the_factors_of_the_parameters(optimizer):
    p = np.array([1.0, 1.0, 1.0])
    at_one = Objective(0.0, lambda: 0.0, epoch=1.0, decay=np.array([1.0, 0.0, 2.0]))  # λ is 0.375 then
    optimizer.step(p, np.zeros(3), optimizer.start(p), 0.1, at_one)
    assert p == pytest.approx([1 - 0.1 * 0.375, 1.0, 1 - 0.1 * 0.75], rel=1e-15)
    optimizer.step(p, np.zeros(3), optimizer.start(p), 0.1)  # without an objective: all decay, as at the start
    assert p[1] == pytest.approx(1 - 0.1 * 0.5, rel=1e-15)


@pytest.mark.parametrize("decay", [0.004, 1.0])  # PyTorch's default; Keras's formula, μ = β₁ (1 − 0.96ᵗ / 2)
def test_nadam(decay):
    beta1, beta2, epsilon, rate = 0.9, 0.75, 0.1, 0.1
    reached = list(
        steps(NAdam(beta1=beta1, beta2=beta2, epsilon=epsilon, momentum_decay=decay), 1.0, (2, rate), (-1, rate))
    )
    mu = [0.9 * (1 - 0.96 ** (t * decay) / 2) for t in (1, 2, 3)]
    m, v = 0.1 * 2, 0.25 * 4
    aim = (1 - mu[0]) / (1 - mu[0]) * 2 + mu[1] / (1 - mu[0] * mu[1]) * m
    first = 1 - rate * aim / (math.sqrt(v / 0.25) + epsilon)
    m, v = 0.9 * m + 0.1 * -1, 0.75 * v + 0.25 * 1
    product = mu[0] * mu[1]
    aim = (1 - mu[1]) / (1 - product) * -1 + mu[2] / (1 - product * mu[2]) * m
    assert reached == pytest.approx([first, first - rate * aim / (math.sqrt(v / 0.4375) + epsilon)], rel=1e-14)


def test_nadam_describes_the_variant_of_keras():
    assert "Keras has ψ = 1, a factor 0.96ᵗ" in " ".join(NAdam.__doc__.split())
    assert NAdam().momentum_decay == 0.004


def test_rmsprop():
    # √v is √(0.75 · 0 + 0.25 · 64) = 4, then √(0.75 · 16 + 0.25 · 16) = 4; u is 2, then 0.5 · 2 + 1.
    reached = steps(RMSprop(alpha=0.75, momentum=0.5, epsilon=1e-300), 1.0, (8.0, 0.1), (4.0, 0.1))
    assert list(reached) == pytest.approx([0.8, 0.6], rel=1e-14)


def test_adagrad():
    # √v is 3, then √(9 + 16) = 5.
    assert list(steps(Adagrad(), 1.0, (3.0, 0.1), (4.0, 0.1))) == pytest.approx([0.9, 0.82], rel=1e-9)


def test_lion():
    lion = Lion(beta1=0.5, beta2=0.8, weight_decay=0.1)
    first, second = steps(lion, 1.0, (5.0, 0.1), (-0.9, 0.1))
    assert first == pytest.approx(1 * 0.99 - 0.1, rel=1e-15)  # u = sign(2.5); m = 0.2 · 5
    assert second == pytest.approx(first * 0.99 - 0.1, rel=1e-15)  # u = sign(0.5 − 0.45) = 1
