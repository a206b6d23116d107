"""The contract that every optimizer fulfils. A new one is tested by adding it to the table. PyTorch is in tests/parity."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import whorl.optimizers
from whorl import (
    LBFGS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Averaged,
    Clipped,
    CrossEntropy,
    Dense,
    InverseTime,
    Lion,
    Model,
    NAdam,
    ReLU,
    RMSprop,
    Softmax,
)
from whorl.optimizers import Objective, Optimizer, State
from whorl.optimizers.optimizer import BLOCK
from whorl.schedules import begin, rate_at

# optimizer, learning rate on the parabola and steps, learning rate on Rosenbrock and steps
TABLE = [
    (SGD(), 0.1, 200, 1e-3, 20_000),
    (SGD(momentum=0.9), 0.05, 300, 2e-4, 10_000),
    (SGD(momentum=0.9, nesterov=True), 0.05, 300, 2e-4, 10_000),
    (Adam(), 0.1, 500, 0.01, 5000),
    (AdamW(weight_decay=1e-6), 0.1, 500, 0.01, 5000),
    (NAdam(), 0.1, 500, 0.01, 5000),
    (RMSprop(), 0.01, 1000, 1e-3, 8000),
    (RMSprop(momentum=0.5), 0.01, 1000, 3e-4, 8000),
    (Adagrad(), 1.0, 1000, 0.5, 20_000),
    (Lion(), 1e-3, 6000, 1e-3, 20_000),
    (LBFGS(), 1.0, 30, 1.0, 60),
    (LBFGS(history=2), 1.0, 30, 1.0, 100),
    (Clipped(SGD(momentum=0.9), norm=5.0), 0.05, 300, 2e-4, 10_000),
    (Averaged(Adam(), decay=0.9), 0.1, 500, 0.01, 5000),
    (Clipped(Averaged(SGD(momentum=0.9), decay=0.9), norm=5.0), 0.05, 300, 2e-4, 10_000),
    (Averaged(Clipped(Adam(), norm=5.0), decay=0.9), 0.1, 500, 0.01, 5000),
    (Averaged(Averaged(Adam(), decay=0.9), decay=0.9), 0.1, 500, 0.01, 5000),
    (Clipped(LBFGS(), norm=50.0), 1.0, 30, 1.0, 100),
    (Averaged(LBFGS(), decay=0.5), 1.0, 40, 1.0, 100),
    (Clipped(Averaged(LBFGS(), decay=0.5), norm=50.0), 1.0, 40, 1.0, 100),
]
OPTIMIZERS = [row[0] for row in TABLE]
STEPPING = [optimizer for optimizer in OPTIMIZERS if optimizer.batch_size is not None]  # all but L-BFGS

every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
every_stepping_optimizer = pytest.mark.parametrize("optimizer", STEPPING, ids=repr)


def test_every_public_optimizer_is_in_the_table():
    kinds = {getattr(whorl.optimizers, name) for name in whorl.optimizers.__all__}
    assert kinds - {Objective, Optimizer, State} == {type(optimizer) for optimizer in OPTIMIZERS}


def parabola(p, g):
    slope = np.array([1.0, 10.0], p.dtype)
    g[:] = slope * (p - [3, -2])
    return float(0.5 * (slope * (p - [3, -2]) ** 2).sum())


def rosenbrock(p, g):
    x, y = p
    g[:] = -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)
    return float((1 - x) ** 2 + 100 * (y - x * x) ** 2)


def descend(optimizer, function, p, state, learning_rate, steps):
    """Take steps from p, in place, as training does; return the parameters that a model would have afterwards."""
    g = np.empty_like(p)
    for _ in range(steps):
        objective = Objective(function(p, g), lambda: function(p, g))
        optimizer.step(p, g, state, learning_rate, objective)
        optimizer.settle(p, state)
    average = optimizer.average(state)
    return p if average is None else average


def minimum(optimizer, function, start, learning_rate, steps):
    p = np.array(start)
    return descend(optimizer, function, p, optimizer.start(p), learning_rate, steps)


def arrays(memory):
    """All arrays in what an optimizer remembers."""
    if isinstance(memory, np.ndarray):
        return [memory]
    parts = vars(memory).values() if isinstance(memory, SimpleNamespace) else memory
    return [array for part in parts if not isinstance(part, int | float | None) for array in arrays(part)]


@pytest.mark.parametrize(("optimizer", "rate", "steps"), [row[:3] for row in TABLE], ids=repr)
def test_finds_the_minimum_of_a_parabola(optimizer, rate, steps):
    np.testing.assert_allclose(minimum(optimizer, parabola, [0.0, 0.0], rate, steps), [3, -2], atol=1e-3)


@pytest.mark.parametrize(("optimizer", "rate", "steps"), [(row[0], *row[3:]) for row in TABLE], ids=repr)
def test_finds_the_minimum_of_rosenbrocks_valley(optimizer, rate, steps):
    np.testing.assert_allclose(minimum(optimizer, rosenbrock, [-1.0, 1.0], rate, steps), [1, 1], atol=0.02)


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_float_type_is_kept(optimizer, dtype):
    p = np.zeros(2, dtype)
    state = optimizer.start(p)
    result = descend(optimizer, parabola, p, state, 0.1, 3)
    assert p.any()
    assert {array.dtype for array in [p, result, *arrays(state)]} == {np.dtype(dtype)}


@every_stepping_optimizer
def test_a_step_changes_the_parameters_in_place_and_only_reads_the_gradients(optimizer):
    p, g = np.ones(5), np.arange(5.0)
    state = optimizer.start(p)
    g.flags.writeable = False
    optimizer.step(p, g, state, 0.1)
    assert (p[1:] < 1).all()
    after = p.copy()
    optimizer.settle(p, state)
    np.testing.assert_array_equal(p, after)
    np.testing.assert_array_equal(g, np.arange(5))


def unclipped(optimizer):
    """The same with a norm that clips nothing: it is that of all elements together, so it depends on their number."""
    if not isinstance(optimizer, Clipped | Averaged):
        return optimizer
    changes = {"norm": 1e9} if isinstance(optimizer, Clipped) else {}
    return replace(optimizer, optimizer=unclipped(optimizer.optimizer), **changes)


@every_stepping_optimizer
def test_long_vectors_are_stepped_as_short_ones_across_the_edges_of_blocks(optimizer):
    n = 2 * BLOCK + 5
    long, short, gradient = np.ones(n), np.ones(3), np.array([0.1, -2.0, 30.0])
    optimizer = unclipped(optimizer)
    first, second = optimizer.start(long), optimizer.start(short)
    for _ in range(3):
        optimizer.step(long, np.resize(gradient, n), first, 0.01)
        optimizer.step(short, gradient, second, 0.01)
    np.testing.assert_array_equal(long, np.resize(short, n))


@every_optimizer
def test_what_it_remembers_lies_in_the_state_alone(optimizer):
    # Two descents with one optimizer, step by step in turn, are those that each alone is.
    before = copy.deepcopy(optimizer)
    alone = [minimum(optimizer, function, [-1.0, 1.0], 1e-3, 6) for function in (parabola, rosenbrock)]
    points = [np.array([-1.0, 1.0]) for _ in alone]
    states = [optimizer.start(p) for p in points]
    for _ in range(6):
        results = [
            descend(optimizer, function, p, state, 1e-3, 1)
            for function, p, state in zip((parabola, rosenbrock), points, states, strict=True)
        ]
    np.testing.assert_array_equal(results, alone)
    assert optimizer == before
    assert not any(np.shares_memory(a, b) for a in arrays(states[0]) for b in arrays(states[1]))


@every_optimizer
def test_a_copy_of_the_state_goes_on_to_the_same_bits(optimizer):
    p = np.array([-1.0, 1.0])
    state = optimizer.start(p)
    descend(optimizer, rosenbrock, p, state, 1e-3, 5)
    q, copied = p.copy(), copy.deepcopy(state)
    end = descend(optimizer, rosenbrock, p, state, 1e-3, 5)
    again = descend(optimizer, rosenbrock, q, copied, 1e-3, 5)
    np.testing.assert_array_equal(q, p)
    np.testing.assert_array_equal(again, end)


def test_a_learning_rate_may_be_a_number_a_schedule_or_any_function():
    def rate(optimizer, epoch):
        return rate_at(optimizer.learning_rate, epoch, begin(optimizer.learning_rate))

    assert rate(SGD(0.3), 7.5) == 0.3
    assert rate(SGD(InverseTime(0.3, decay=1.0)), 2) == pytest.approx(0.1)
    assert rate(SGD(lambda epoch: 1 / (1 + epoch)), 3) == 0.25
    assert repr(SGD(InverseTime(0.3, decay=1.0), momentum=0.5)) == "SGD(InverseTime(0.3, decay=1.0), momentum=0.5)"


class SignDescent(Optimizer):
    """An optimizer as a user writes it: steps of one size, which shrink."""

    shrink: float = 0.99

    def start(self, parameters):
        return State(size=1.0)

    def step(self, parameters, gradients, state, learning_rate, objective=None):
        parameters -= learning_rate * state.size * np.sign(gradients)
        state.size *= self.shrink


@pytest.mark.parametrize("around", [lambda own: own, lambda own: Clipped(Averaged(own, decay=0.9), norm=1.0)])
def test_an_optimizer_of_a_users_own_can_be_wrapped_and_trains(around):
    optimizer = around(SignDescent(0.05, shrink=0.98))
    np.testing.assert_allclose(minimum(optimizer, parabola, [0.0, 0.0], 0.1, 500), [3, -2], atol=0.01)
    X, y, model = spiral_model()
    history = model.fit(X, y, loss=CrossEntropy(), optimizer=optimizer, epochs=10, rng=0)
    assert history["loss"][-1] < history["loss"][0]


def spiral_model():
    X, y = whorl.datasets.spiral(40, rng=0)
    return X, y, Model([Dense(8, weight_l2=1e-3), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)


def test_accumulated_batches_are_one_batch():
    X, y, model = spiral_model()
    _, _, same = spiral_model()
    settings = {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "epochs": 3, "rng": 0}
    settings["sample_weight"] = np.arange(1, 121)
    whole = model.fit(X, y, batch_size=50, metrics=["accuracy"], **settings)
    parts = same.fit(X, y, batch_size=10, accumulate=5, metrics=["accuracy"], **settings)
    np.testing.assert_allclose(same.parameters, model.parameters, rtol=1e-9)
    np.testing.assert_allclose(parts["loss"], whole["loss"], rtol=1e-12)
    assert parts["accuracy"] == whole["accuracy"]


@pytest.mark.parametrize("around", [lambda sgd: sgd, lambda sgd: Clipped(Averaged(sgd), norm=0.5)])
def test_partial_fit_goes_on_with_the_state_that_it_returned(around):
    X, y, model = spiral_model()
    _, _, same = spiral_model()
    sgd, state = around(SGD(InverseTime(0.1, decay=0.5), momentum=0.9)), None
    whole = same.fit(X, y, loss=CrossEntropy(), optimizer=sgd, epochs=3, rng=0)
    for _ in range(3):
        state = model.partial_fit(X, y, loss=CrossEntropy(), optimizer=sgd, state=state, rng=0)
    assert state.history["loss"] == whole["loss"]
    assert state.history["learning_rate"] == whole["learning_rate"]
    np.testing.assert_array_equal(model.parameters, same.parameters)
    assert model.partial_fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), rng=0).epoch == 1
    for other in (Adam(0.1), SGD(0.1)):
        with pytest.raises(ValueError, match="state must come from the same kind of optimizer"):
            model.partial_fit(X, y, loss=CrossEntropy(), optimizer=other, state=state, rng=0)
