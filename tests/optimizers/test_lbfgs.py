"""L-BFGS reaches minima that others only come near, and takes all samples in a step."""

import numpy as np
import pytest

import whorl
from whorl import LBFGS, Adam, CrossEntropy, Dense, Model, ReLU, Softmax
from whorl.optimizers import Averaged, Clipped, Objective
from whorl.passes import loss_pass

X, Y = whorl.datasets.spiral(40, rng=0)


def test_lbfgs_reaches_the_minimum_where_adam_only_comes_near():
    # A convex problem: softmax regression with a penalty has one minimum, where the gradient is 0.
    results = {}
    for optimizer in (LBFGS(), Adam(0.05)):
        model = Model([Dense(3, weight_l2=1e-2, bias_l2=1e-2), Softmax()], inputs=2, rng=0, dtype=np.float64)
        history = model.fit(X, Y, loss=CrossEntropy(), optimizer=optimizer, epochs=30, batch_size=120)
        loss_pass(model, X, Y, CrossEntropy()).backward()
        results[type(optimizer)] = history["loss"][-1], np.abs(model.gradients).max()
    assert results[LBFGS][1] < 1e-8
    assert results[LBFGS][0] <= results[Adam][0]


def test_the_loss_never_rises():
    model = Model([Dense(8, weight_l2=1e-3), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)
    history = model.fit(X, Y, loss=CrossEntropy(), optimizer=LBFGS(), epochs=40)
    assert (np.diff(history["loss"]) <= 1e-12).all()
    assert history["loss"][-1] < 0.95 * history["loss"][0]


@pytest.mark.parametrize("optimizer", [LBFGS(), Clipped(LBFGS(), norm=1.0), Averaged(LBFGS())], ids=repr)
def test_it_takes_all_samples_in_each_step(optimizer):
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    settings = {"loss": CrossEntropy(), "optimizer": optimizer, "epochs": 2, "rng": 0}
    run = model.training(X, Y, **settings)
    assert [step.samples for step in run.steps()] == [120, 120]
    name = type(optimizer).__name__
    with pytest.raises(
        ValueError, match=f"batch_size must be None or at least 120 for {name}, which takes all samples, got 32"
    ):
        model.fit(X, Y, batch_size=32, **settings)
    model.fit(X, Y, batch_size=30, accumulate=4, **settings)  # four batches are all samples


@pytest.mark.parametrize("optimizer", [LBFGS(), Clipped(LBFGS(), norm=1.0), Averaged(LBFGS())], ids=repr)
def test_a_step_without_an_objective_is_refused(optimizer):
    p = np.ones(2)
    with pytest.raises(
        TypeError, match="LBFGS has a line search: step needs an objective, to evaluate the loss again, got None"
    ):
        optimizer.step(p, np.ones(2), optimizer.start(p), 1.0)


def test_at_a_minimum_nothing_changes():
    p, lbfgs = np.array([3.0]), LBFGS()
    state = lbfgs.start(p)
    lbfgs.step(p, np.zeros(1), state, 1.0, Objective(0.0, lambda: pytest.fail("there is no line to search along")))
    np.testing.assert_array_equal(p, [3.0])
    assert state.pairs == ()


def test_where_nothing_along_the_line_is_better_the_parameters_stay():
    # The gradient points the wrong way, so that the loss rises along the line, however short the step.
    p, g, lbfgs = np.array([1.0]), np.array([-1.0]), LBFGS()
    state = lbfgs.start(p)
    lbfgs.step(p, g, state, 1.0, Objective(1.0, lambda: float(p[0])))
    np.testing.assert_array_equal(p, [1.0])
    assert state.pairs == ()


def test_it_remembers_the_last_pairs_only():
    p, g, lbfgs = np.array([-1.0, 1.0]), np.empty(2), LBFGS(history=2)

    def evaluate():
        x, y = p
        g[:] = -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)
        return float((1 - x) ** 2 + 100 * (y - x * x) ** 2)

    state = lbfgs.start(p)
    counts = []
    for _ in range(4):
        lbfgs.step(p, g, state, 1.0, Objective(evaluate(), evaluate))
        counts.append(len(state.pairs))
    assert counts == [1, 2, 2, 2]
