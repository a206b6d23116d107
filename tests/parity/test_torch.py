"""The library learns what PyTorch learns, step by step: computed now where PyTorch is installed, else what is stored."""

import functools
import importlib.util

import numpy as np
import pytest
from torch_reference import (
    BIAS_L2,
    CASES,
    COUNT_OPTIMIZER,
    HIDDEN,
    LAYERS,
    LOSSES,
    STEPS,
    STORED,
    WEIGHT_L2,
    count_problem,
    everything,
    examples,
    problem,
)

from whorl import CrossEntropy, Dense, MeanSquaredError, Model, Poisson, ReLU, Softmax, Softplus
from whorl.passes import loss_pass


@functools.cache
def reference():
    """All of PyTorch's numbers; where it is installed, computed now and held against those stored."""
    with np.load(STORED) as archive:
        stored = dict(archive)
    if importlib.util.find_spec("torch") is None:
        return stored
    live = everything()
    assert set(live) == set(stored)
    for name, array in live.items():
        np.testing.assert_allclose(array, stored[name], rtol=0, atol=1e-9)
    return live


def train(model, X, y, loss, optimizer, batches):
    """The loss before each step."""
    state, losses = optimizer.start(model.parameters), []
    for rows in batches:
        done = loss_pass(model, X[rows], y[rows], loss)
        done.backward()
        optimizer.step(model.parameters, model.gradients, state, optimizer.learning_rate)
        losses.append(done.loss)
    return losses


@pytest.mark.parametrize("name", CASES)
def test_two_hundred_steps(name):
    X, y, start, batches = problem()
    layers = [
        Dense(HIDDEN, weight_l2=WEIGHT_L2, bias_l2=BIAS_L2),
        ReLU(),
        Dense(3, weight_l2=WEIGHT_L2, bias_l2=BIAS_L2),
        Softmax(),
    ]
    model = Model(layers, inputs=2, dtype=np.float64)
    for parameter, view in model.named_parameters().items():
        view[:] = start[parameter]
    losses = train(model, X, y, CrossEntropy(), CASES[name][0], batches)
    np.testing.assert_allclose(losses, reference()[f"{name} losses"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.parameters, reference()[f"{name} parameters"], rtol=0, atol=1e-9)
    assert losses[-1] < losses[0]


def test_counts_from_a_rate_of_1e_11():
    X, y, start, batches = count_problem()
    model = Model([Dense(1), Softplus()], inputs=3, dtype=np.float64)
    model.parameters[:] = start
    losses = train(model, X, y, Poisson(), COUNT_OPTIMIZER, batches)
    np.testing.assert_allclose(losses, reference()["counts losses"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.parameters, reference()["counts parameters"], rtol=0, atol=1e-9)
    assert losses[0] > 30
    assert losses[-1] < 1


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_gradients(name):
    loss, kind, _, predictions, labels = LOSSES[name]
    p = examples(predictions, 1)
    target = loss.targets(examples(labels, 2), (5,), p.dtype)
    if kind in ("CrossEntropyLoss", "BCEWithLogitsLoss"):  # which take scores, as ours does where it is fused
        value, _, backward = loss.from_scores(p, target)
    else:
        value, backward = loss.forward(p, target)
    np.testing.assert_allclose(np.append(backward().ravel(), value), reference()[f"loss {name}"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_over_two_hundred_passes(name):
    model = Model([LAYERS[name][0]], inputs=5, dtype=np.float64)
    aim = examples("scores", 5)
    for i in range(STEPS):
        x = 2 * examples("scores", i)
        done = loss_pass(model, x, aim, MeanSquaredError(), rng=np.random.default_rng(0), inputs=True)
        dx = done.backward()
        model.parameters -= 0.5 * model.gradients
    prediction = model.predict(examples("scores", 7))
    ours = np.concatenate([array.ravel() for array in (done.prediction, dx, prediction)])
    np.testing.assert_allclose(ours, reference()[f"layer {name}"], rtol=0, atol=1e-9)
