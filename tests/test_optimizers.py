"""One table runs every optimizer; then each variant, step by step, by hand. PyTorch's numbers are in tests/parity."""

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
from whorl.optimizers import Optimizer
from whorl.optimizers.optimizer import BLOCK

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
]
STEPPING = [row[0] for row in TABLE if not isinstance(row[0], LBFGS)]

every_optimizer = pytest.mark.parametrize("optimizer", STEPPING, ids=repr)


def test_every_public_optimizer_is_in_the_table():
    kinds = {getattr(whorl.optimizers, name) for name in whorl.optimizers.__all__}
    assert kinds - {Optimizer} == {type(row[0]) for row in TABLE}


def parabola(p, g):
    slope = np.array([1.0, 10.0])
    g[:] = slope * (p - [3, -2])
    return float(0.5 * (slope * (p - [3, -2]) ** 2).sum())


def rosenbrock(p, g):
    x, y = p
    g[:] = -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)
    return float((1 - x) ** 2 + 100 * (y - x * x) ** 2)


def descend(optimizer, function, start, learning_rate, steps):
    p, g = np.array(start), np.empty(2)
    optimizer = optimizer.fresh()
    for _ in range(steps):
        optimizer.advance(p, g, learning_rate, function(p, g), lambda: function(p, g))
    return p if optimizer.average is None else optimizer.average


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
    holders = [optimizer, getattr(optimizer, "optimizer", None)]
    values = [value for holder in holders if holder is not None for value in vars(holder).values()]
    state = [a for value in values for a in (value if isinstance(value, tuple) else [value])]
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
    if isinstance(optimizer, Clipped):  # whose length is that of all elements together
        optimizer = Clipped(optimizer.optimizer, norm=1e9)
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


def test_lion_by_hand():
    p, lion = np.array([1.0]), Lion(beta1=0.5, beta2=0.8, weight_decay=0.1)
    lion.step(p, np.array([5.0]), 0.1)  # u = sign(2.5); m = 0.2 · 5
    assert p[0] == pytest.approx(1 * 0.99 - 0.1, rel=1e-15)
    before = p[0]
    lion.step(p, np.array([-0.9]), 0.1)  # u = sign(0.5 − 0.45) = 1
    assert p[0] == pytest.approx(before * 0.99 - 0.1, rel=1e-15)


def test_clipping_keeps_the_direction_and_short_gradients():
    p, q = np.zeros(3), np.zeros(3)
    Clipped(SGD(), norm=2.0).step(p, np.array([3.0, 0.0, 4.0]), 1.0)
    np.testing.assert_allclose(p, [-1.2, 0, -1.6])
    Clipped(SGD(), norm=5.1).step(q, np.array([3.0, 0.0, 4.0]), 1.0)
    np.testing.assert_array_equal(q, [-3, 0, -4])


def test_a_wrappers_recipe_makes_twins_that_share_nothing():
    recipe = Clipped(SGD(0.1, momentum=0.9), norm=1.0)
    recipe.step(np.ones(2), np.ones(2), 0.1)
    assert recipe.fresh().optimizer._velocity is None
    assert recipe.rate(3) == 0.1


def test_the_average_by_hand():
    p, averaged = np.array([0.0]), Averaged(SGD(), decay=0.2)
    averaged.step(p, np.array([-1.0]), 1.0)  # p = 1: the average begins there
    averaged.step(p, np.array([-1.0]), 1.0)  # p = 2: d = min(0.2, 3/12)
    assert averaged.average[0] == pytest.approx(0.2 * 1 + 0.8 * 2, rel=1e-15)


def spiral_model():
    X, y = whorl.datasets.spiral(40, rng=0)
    return X, y, Model([Dense(8, weight_l2=1e-3), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)


def test_between_epochs_the_model_shows_the_average_and_the_steps_go_on_from_where_they_were():
    X, y, model = spiral_model()
    _, _, plain = spiral_model()
    settings = {"loss": CrossEntropy(), "epochs": 4, "rng": 0, "validation": (X, y)}
    run = model.training(X, y, optimizer=Averaged(SGD(0.1, momentum=0.9), decay=0.9), **settings)
    raw = plain.training(X, y, optimizer=SGD(0.1, momentum=0.9), **settings)
    for shown, stepped in zip(run, raw, strict=True):
        assert shown["loss"] == stepped["loss"]
        np.testing.assert_array_equal(model.parameters, run.optimizer.average)
        assert shown["val_loss"] == model.evaluate(X, y, loss=CrossEntropy())["loss"]
    assert (model.parameters != plain.parameters).any()


def test_lbfgs_goes_to_the_bottom_where_adam_only_comes_near():
    # A convex problem: softmax regression with a penalty has one minimum, where the gradient is 0.
    X, y, _ = spiral_model()
    results = {}
    for optimizer in (LBFGS(), Adam(0.05)):
        model = Model([Dense(3, weight_l2=1e-2, bias_l2=1e-2), Softmax()], inputs=2, rng=0, dtype=np.float64)
        history = model.fit(X, y, loss=CrossEntropy(), optimizer=optimizer, epochs=30, batch_size=120)
        model.loss(X, y, CrossEntropy())[3]()
        results[type(optimizer)] = history["loss"][-1], np.abs(model.gradients).max()
    assert results[LBFGS][1] < 1e-8
    assert results[LBFGS][0] <= results[Adam][0]


def test_lbfgs_never_goes_up_and_takes_all_samples():
    X, y, model = spiral_model()
    history = model.fit(X, y, loss=CrossEntropy(), optimizer=LBFGS(), epochs=40)
    assert (np.diff(history["loss"]) <= 1e-12).all()
    assert history["loss"][-1] < 0.95 * history["loss"][0]
    with pytest.raises(
        ValueError, match="batch_size must be None or at least 120 for LBFGS, which takes all samples, got 32"
    ):
        model.fit(X, y, loss=CrossEntropy(), optimizer=LBFGS(), epochs=1, batch_size=32)
    with pytest.raises(TypeError, match="call advance"):
        LBFGS().step(np.ones(2), np.ones(2), 1.0)


def test_accumulated_batches_are_one_batch():
    X, y, model = spiral_model()
    _, _, twin = spiral_model()
    settings = {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "epochs": 3, "rng": 0}
    settings["sample_weight"] = np.arange(1, 121)
    whole = model.fit(X, y, batch_size=50, metrics=["accuracy"], **settings)
    parts = twin.fit(X, y, batch_size=10, accumulate=5, metrics=["accuracy"], **settings)
    np.testing.assert_allclose(twin.parameters, model.parameters, rtol=1e-9)
    np.testing.assert_allclose(parts["loss"], whole["loss"], rtol=1e-12)
    assert parts["accuracy"] == whole["accuracy"]


def test_partial_fit_goes_on_with_what_the_optimizer_remembers():
    X, y, model = spiral_model()
    _, _, twin = spiral_model()
    sgd, rng = SGD(InverseTime(0.1, decay=0.5), momentum=0.9), np.random.default_rng(0)
    whole = twin.fit(X, y, loss=CrossEntropy(), optimizer=sgd, epochs=3, rng=0)
    epochs = [model.partial_fit(X, y, loss=CrossEntropy(), optimizer=sgd, rng=rng) for _ in range(3)]
    assert [epoch["loss"] for epoch in epochs] == whole["loss"]
    assert [epoch["learning_rate"] for epoch in epochs] == whole["learning_rate"]
    np.testing.assert_array_equal(model.parameters, twin.parameters)
    assert model.partial_fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1)).number == 1
