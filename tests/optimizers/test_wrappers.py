"""Clipped gradients and averaged parameters, around each other and around any optimizer."""

import numpy as np
import pytest

import whorl
from whorl import (
    LBFGS,
    SGD,
    Adam,
    AdamW,
    Averaged,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Model,
    NAdam,
    ReduceOnPlateau,
    ReLU,
    RMSprop,
    Softmax,
)
from whorl.optimizers import State

X, Y = whorl.datasets.spiral(40, rng=0)
HUGE = 1e30  # a norm that clips nothing


def fit(optimizer, *, dtype=np.float64, **changes):
    """A small model trained for some epochs, and its history."""
    model = Model([Dense(8, weight_l2=1e-3), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=dtype)
    settings = {"loss": CrossEntropy(), "optimizer": optimizer, "epochs": 4, "rng": 0} | changes
    return model, model.fit(X, Y, **settings)


def test_clipping_keeps_the_direction_and_short_gradients():
    p, q = np.zeros(3), np.zeros(3)
    for point, norm in ((p, 2.0), (q, 5.1)):
        clipped = Clipped(SGD(), norm=norm)
        clipped.step(point, np.array([3.0, 0.0, 4.0]), clipped.start(point), 1.0)
    np.testing.assert_allclose(p, [-1.2, 0, -1.6])
    np.testing.assert_array_equal(q, [-3, 0, -4])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-30, 1e-3, 1e18, 1e25, 1e37])
def test_gradients_whose_squares_overflow_are_clipped_too(size, dtype):
    p, clipped = np.zeros(2, dtype), Clipped(SGD(), norm=2.0)
    clipped.step(p, np.array([3 * size, 4 * size], dtype), clipped.start(p), 1.0)
    expected = [-1.2, -1.6] if 5 * size > 2 else [-3 * size, -4 * size]
    np.testing.assert_allclose(p, expected, rtol=1e-6)


def test_the_average_by_hand():
    p, averaged = np.array([0.0]), Averaged(SGD(), decay=0.2)
    state = averaged.start(p)
    assert averaged.average(state) is None  # before the first step there is none
    for _ in range(2):
        averaged.step(p, np.array([-1.0]), state, 1.0)  # p = 1, where the average begins; then p = 2
        averaged.settle(p, state)
    assert averaged.average(state)[0] == pytest.approx(0.2 * 1 + 0.8 * 2, rel=1e-15)  # d = min(0.2, 3/12)


def test_the_average_is_of_what_remains_after_constraints():
    p, averaged = np.array([0.0]), Averaged(SGD())
    state = averaged.start(p)
    averaged.step(p, np.array([-5.0]), state, 1.0)
    p[:] = 0.5  # as max-norm or a frozen layer has it
    averaged.settle(p, state)
    np.testing.assert_array_equal(averaged.average(state), [0.5])
    p[:] = 7
    np.testing.assert_array_equal(averaged.average(state), [0.5])  # it shares no memory with the parameters


class Noting(SGD):
    """Notes the parameters that each step has led to."""

    def start(self, parameters):
        return State(settled=[])

    def settle(self, parameters, state):
        state.settled.append(parameters.copy())


def test_the_optimizer_inside_is_shown_the_settled_parameters_too():
    p = np.array([0.0])
    wrapped = Averaged(Clipped(Averaged(Noting()), norm=1.0))
    state = wrapped.start(p)
    for value in (1.0, 2.0):
        p[:] = value
        wrapped.settle(p, state)
    np.testing.assert_array_equal(state.inner.inner.inner.settled, [[1.0], [2.0]])


@pytest.mark.parametrize("rate", [0.1, Cosine(0.1, epochs=5), ReduceOnPlateau(0.1)], ids=repr)
def test_wrappers_have_the_learning_rate_and_the_batch_size_of_the_one_inside(rate):
    for inner, batch_size in ((SGD(rate), 32), (LBFGS(rate), None)):
        for wrapped in (
            Clipped(inner, norm=1.0),
            Averaged(inner),
            Clipped(Averaged(inner), norm=1.0),
            Averaged(Clipped(Averaged(inner), norm=1.0)),
        ):
            assert wrapped.learning_rate is inner.learning_rate
            assert wrapped.batch_size == batch_size


def test_between_epochs_the_model_has_the_average_and_the_steps_go_on_from_where_they_were():
    settings = {"loss": CrossEntropy(), "epochs": 4, "rng": 0, "validation": (X, Y)}
    sgd = SGD(0.1, momentum=0.9)
    for optimizer in (Averaged(sgd, decay=0.9), Clipped(Averaged(sgd, decay=0.9), norm=HUGE)):
        model, plain = (Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0) for _ in range(2))
        run = model.training(X, Y, optimizer=optimizer, **settings)
        raw = plain.training(X, Y, optimizer=sgd, **settings)
        for averaged, stepped in zip(run, raw, strict=True):
            assert averaged["loss"] == stepped["loss"]
            np.testing.assert_array_equal(model.parameters, optimizer.average(run.state.optimizer))
            np.testing.assert_array_equal(run.state.stepped, plain.parameters)
            assert averaged["val_loss"] == model.evaluate(X, Y, loss=CrossEntropy())["loss"]
        assert (model.parameters != plain.parameters).any()


def test_clipping_around_an_average_keeps_the_average():
    plain, _ = fit(SGD(0.1))
    averaged, _ = fit(Averaged(SGD(0.1), decay=0.9))
    for optimizer in (
        Clipped(Averaged(SGD(0.1), decay=0.9), norm=HUGE),
        Averaged(Clipped(SGD(0.1), norm=HUGE), decay=0.9),
    ):
        both, _ = fit(optimizer)
        np.testing.assert_array_equal(both.parameters, averaged.parameters)
        assert (both.parameters != plain.parameters).any()


@pytest.mark.parametrize(
    "inner", [SGD(0.1, momentum=0.9), Adam(0.01), AdamW(0.01), NAdam(0.01), RMSprop(0.01), LBFGS()], ids=repr
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_norm_that_is_never_reached_changes_no_bit(inner, dtype):
    plain, first = fit(inner, dtype=dtype)
    clipped, second = fit(Clipped(inner, norm=HUGE), dtype=dtype)
    assert first["loss"] == second["loss"]
    np.testing.assert_array_equal(clipped.parameters, plain.parameters)


@pytest.mark.parametrize(
    "around",
    [
        lambda own: Clipped(own, norm=0.05),
        lambda own: Averaged(own, decay=0.5),
        lambda own: Clipped(Averaged(own, decay=0.5), norm=0.05),
        lambda own: Averaged(Clipped(own, norm=0.05), decay=0.5),
    ],
    ids=["clipped", "averaged", "clipped averaged", "averaged clipped"],
)
@pytest.mark.parametrize("inner", [SGD(0.1, momentum=0.9), LBFGS()], ids=repr)
def test_wrapped_optimizers_train(around, inner):
    model, history = fit(around(inner), epochs=40)
    unwrapped, _ = fit(inner, epochs=40)
    reached = model.evaluate(X, Y, loss=CrossEntropy())["loss"]
    assert reached < 0.95 * history["loss"][0]
    assert (model.parameters != unwrapped.parameters).any()


def test_clipping_shortens_the_steps_of_a_training():
    start = Model([Dense(8, weight_l2=1e-3), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64).parameters
    for norm in (1e-3, 1e-2):
        model, _ = fit(Clipped(SGD(1.0), norm=norm), epochs=1, batch_size=120)  # one step
        assert np.linalg.norm(model.parameters - start) == pytest.approx(norm, rel=1e-9)


def test_the_average_of_lbfgs_is_that_of_its_steps():
    model = Model([Dense(3, weight_l2=1e-2), Softmax()], inputs=2, rng=0, dtype=np.float64)
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=Averaged(LBFGS(), decay=0.5), epochs=5, rng=0)
    seen = [run.state.stepped for _ in run]
    average = seen[0]
    for t, p in enumerate(seen[1:], 2):
        d = min(0.5, (1 + t) / (10 + t))
        average = d * average + (1 - d) * p
    np.testing.assert_allclose(model.parameters, average, rtol=1e-12)
