"""Straight-line NumPy computes what whorl computes."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks import straight
from benchmarks.cases import CASES, Case, samples
from benchmarks.check import LIMITS
from benchmarks.peers.ours import network
from benchmarks.peers.plain import Products, Straight
from helpers import error

from whorl import SGD, Adam, CrossEntropy

SMALL = Case("small", (5, 16, 12, 3), 40, 1, l2=1e-2)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_straight_line_training_reaches_the_parameters_of_whorl(optimizer):
    case = replace(SMALL, optimizer=optimizer, learning_rate=0.01)
    X, y = samples(case)  # one batch, so that its order does not matter
    model = network(case)
    p = model.parameters.copy()
    recipe = SGD(0.01, momentum=0.9) if optimizer == "sgd" else Adam(0.01)
    history = model.fit(X, y, loss=CrossEntropy(), optimizer=recipe, epochs=30, batch_size=case.batch, rng=0)
    losses = straight.train(case, X, y, p, 30, np.random.default_rng(0))
    np.testing.assert_allclose(losses, history["loss"], rtol=1e-5)
    np.testing.assert_allclose(p, model.parameters, rtol=0, atol=2e-5)
    assert p.dtype == np.float32
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_straight_line_gradient_equals_finite_differences(dropout):
    case = replace(SMALL, optimizer="sgd", learning_rate=1.0, dropout=dropout)
    X, y = samples(case)
    X = X.astype(np.float64)
    start = straight.initial(case, np.random.default_rng(0), np.float64)

    def trained(p):
        p = p.copy()
        (loss,) = straight.train(case, X, y, p, 1, np.random.default_rng(1))  # the same order and masks each time
        return loss, p

    gradient = start - trained(start)[1]  # one step at rate 1, from rest
    h, numeric = 1e-6, np.empty_like(start)
    for i in range(len(start)):
        above, below = start.copy(), start.copy()
        above[i] += h
        below[i] -= h
        numeric[i] = (trained(above)[0] - trained(below)[0]) / (2 * h)
    assert error(gradient, numeric) < 1e-6


def test_short_last_batch_is_weighted_by_its_length():
    case = replace(SMALL, batch=30, learning_rate=0.0, l2=0.0)
    X, y = samples(SMALL)  # 40 rows: 30 and 10
    p = straight.initial(case, np.random.default_rng(0))
    whole = straight.train(replace(case, batch=40), X, y, p, 1, np.random.default_rng(0))
    np.testing.assert_allclose(straight.train(case, X, y, p, 1, np.random.default_rng(0)), whole, rtol=1e-6)


def test_dropout_keeps_the_right_share():
    mask = straight.kept((1000, 101), round(0.3 * 65_536), np.random.default_rng(0))
    assert mask.shape == (1000, 101)
    assert abs(mask.mean() - 0.7) < 0.005


def test_straight_line_numpy_learns_each_small_network_and_predicts_probabilities():
    for name in LIMITS:
        case = CASES[name]
        smaller = replace(case, steps=8)
        X, y = samples(smaller)
        peer = Straight(smaller, X, y)
        losses = peer.train(3)
        assert losses[-1] < losses[0], name
        p = peer.predict(X[:7])
        assert p.shape == (7, case.sizes[-1])
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_matrix_products_are_those_of_a_step():
    case = CASES["table"]
    products = Products(case, *samples(replace(case, steps=1))).products
    shapes = [(a.shape, b.shape) for a, b, _ in products]
    assert shapes == [
        ((256, 20), (20, 256)),
        ((20, 256), (256, 256)),
        ((256, 256), (256, 256)),
        ((256, 256), (256, 256)),
        ((256, 256), (256, 256)),
        ((256, 256), (256, 2)),
        ((256, 256), (256, 2)),
        ((256, 2), (2, 256)),
    ]
