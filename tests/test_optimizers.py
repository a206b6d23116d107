"""One table runs every optimizer; then each variant, step by step, by hand. PyTorch's numbers are in tests/parity."""

import numpy as np
import pytest

import whorl.optimizers
from whorl import SGD, Adam, InverseTime
from whorl.optimizers import BLOCK, Optimizer

# optimizer, learning rate on the parabola and steps, learning rate on Rosenbrock and steps
TABLE = [
    (SGD(), 0.1, 200, 1e-3, 20_000),
    (SGD(momentum=0.9), 0.05, 300, 2e-4, 10_000),
    (SGD(momentum=0.9, nesterov=True), 0.05, 300, 2e-4, 10_000),
    (Adam(), 0.1, 500, 0.01, 5000),
]

every_optimizer = pytest.mark.parametrize("optimizer", [row[0] for row in TABLE], ids=repr)


def test_every_public_optimizer_is_in_the_table():
    kinds = {value for value in vars(whorl.optimizers).values() if isinstance(value, type)}
    assert {kind for kind in kinds if issubclass(kind, Optimizer)} - {Optimizer} == {type(row[0]) for row in TABLE}


def parabola(p):
    return np.array([1.0, 10.0]) * (p - [3, -2])


def rosenbrock(p):
    x, y = p
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


def descend(optimizer, gradient, start, learning_rate, steps):
    p = np.array(start)
    optimizer = optimizer.fresh()
    for _ in range(steps):
        optimizer.step(p, gradient(p), learning_rate)
    return p


@pytest.mark.parametrize(("optimizer", "rate", "steps"), [row[:3] for row in TABLE], ids=repr)
def test_finds_the_bottom_of_a_parabola(optimizer, rate, steps):
    np.testing.assert_allclose(descend(optimizer, parabola, [0.0, 0.0], rate, steps), [3, -2], atol=1e-3)


@pytest.mark.parametrize(("optimizer", "rate", "steps"), [(row[0], *row[3:]) for row in TABLE], ids=repr)
def test_finds_the_bottom_of_rosenbrocks_valley(optimizer, rate, steps):
    np.testing.assert_allclose(descend(optimizer, rosenbrock, [-1.0, 1.0], rate, steps), [1, 1], atol=0.02)


@every_optimizer
def test_the_float_type_stays(optimizer):
    p, optimizer = np.ones(5, np.float32), optimizer.fresh()
    for _ in range(3):
        optimizer.step(p, np.full(5, 0.5, np.float32), 0.1)
    state = [a for value in vars(optimizer).values() for a in (value if isinstance(value, tuple) else [value])]
    assert {array.dtype for array in [p, *state] if isinstance(array, np.ndarray)} == {np.dtype(np.float32)}


@every_optimizer
def test_steps_in_place_and_leaves_the_gradients(optimizer):
    p, g, optimizer = np.ones(5), np.arange(5.0), optimizer.fresh()
    same = p
    optimizer.step(p, g, 0.1)
    assert (same[1:] < 1).all()
    np.testing.assert_array_equal(g, np.arange(5))


@every_optimizer
def test_long_vectors_are_worked_on_whole(optimizer):
    # Element by element the result is that of a short vector, on both sides of each block's edge.
    n = 2 * BLOCK + 5
    long, short, gradient = np.ones(n), np.ones(3), np.array([0.1, -2.0, 30.0])
    first, second = optimizer.fresh(), optimizer.fresh()
    for _ in range(3):
        first.step(long, np.resize(gradient, n), 0.01)
        second.step(short, gradient, 0.01)
    np.testing.assert_array_equal(long, np.resize(short, n))


@every_optimizer
def test_a_fresh_twin_remembers_no_step(optimizer):
    used, p = optimizer.fresh(), np.ones(2)
    for _ in range(3):
        used.step(p, np.ones(2), 0.1)
    q, r = np.ones(2), np.ones(2)
    used.fresh().step(q, np.ones(2), 0.1)
    optimizer.fresh().step(r, np.ones(2), 0.1)
    np.testing.assert_array_equal(q, r)
    assert repr(used.fresh()) == repr(optimizer)


def test_sgd_by_hand():
    p, sgd = np.array([1.0]), SGD(momentum=0.9)
    for gradient, rate, expected in [
        (1.0, 0.1, 1 - 0.1 * 1),  # v = 1
        (2.0, 0.1, 0.9 - 0.1 * 2.9),  # v = 0.9 + 2
        (0.0, 0.2, 0.61 - 0.2 * 2.61),  # v = 2.61, at once with the new rate
    ]:
        sgd.step(p, np.array([gradient]), rate)
        assert p[0] == pytest.approx(expected, rel=1e-15)


def test_nesterov_by_hand():
    p, sgd = np.array([1.0]), SGD(momentum=0.5, nesterov=True)
    sgd.step(p, np.array([1.0]), 0.1)  # v = 1, so p falls by 0.1 (1 + 0.5)
    assert p[0] == pytest.approx(0.85, rel=1e-15)
    sgd.step(p, np.array([1.0]), 0.1)  # v = 1.5, so p falls by 0.1 (1 + 0.75)
    assert p[0] == pytest.approx(0.675, rel=1e-15)


def test_adam_by_hand():
    p, adam = np.array([1.0]), Adam(beta1=0.5, beta2=0.75, epsilon=0.1)
    adam.step(p, np.array([2.0]), 0.1)  # m̂ = 2, v̂ = 4
    assert p[0] == pytest.approx(1 - 0.1 * 2 / (2 + 0.1), rel=1e-14)
    before = p[0]
    adam.step(p, np.array([-1.0]), 0.1)
    m_hat = (0.5 * 1 + 0.5 * -1) / (1 - 0.25)  # m was 0.5 · 2
    v_hat = (0.75 * 1 + 0.25 * 1) / (1 - 0.5625)  # v was 0.25 · 4
    assert p[0] == pytest.approx(before - 0.1 * m_hat / (np.sqrt(v_hat) + 0.1), rel=1e-14)


def test_adams_epsilon_is_added_to_the_corrected_root():
    # With a tiny gradient ε decides: the first step is lr g / (g + ε).
    p, adam = np.array([0.0]), Adam(epsilon=1e-8)
    adam.step(p, np.array([1e-8]), 1.0)
    assert p[0] == pytest.approx(-0.5, rel=1e-6)


def test_a_learning_rate_may_be_a_number_a_schedule_or_any_function():
    assert SGD(0.3).rate(7.5) == 0.3
    assert SGD(InverseTime(0.3, decay=1.0)).rate(2) == pytest.approx(0.1)
    assert SGD(lambda epoch: 1 / (1 + epoch)).rate(3) == 0.25
    assert repr(SGD(InverseTime(0.3, decay=1.0), momentum=0.5)) == "SGD(InverseTime(0.3, decay=1.0), momentum=0.5)"
