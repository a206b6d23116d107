"""The library learns what PyTorch learns, step for step: computed live where PyTorch is, else against stored values."""

import importlib.util

import numpy as np
import pytest
from torch_reference import BIAS_L2, CASES, HIDDEN, STORED, WEIGHT_L2, problem, trajectory

from whorl import CrossEntropy, Dense, Model, ReLU, Softmax


def stored(name):
    with np.load(STORED) as archive:
        return archive[f"{name} losses"], archive[f"{name} parameters"]


def reference(name):
    if importlib.util.find_spec("torch") is None:
        return stored(name)
    live = trajectory(name)
    for array, kept in zip(live, stored(name), strict=True):  # the stored values do not grow stale
        np.testing.assert_allclose(array, kept, rtol=0, atol=1e-10)
    return live


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
    optimizer = CASES[name][0].fresh()
    losses = []
    for rows in batches:
        loss, _, _, backward = model.loss(X[rows], y[rows], CrossEntropy())
        backward()
        optimizer.step(model.parameters, model.gradients, optimizer.rate(0))
        losses.append(loss)

    their_losses, their_parameters = reference(name)
    np.testing.assert_allclose(losses, their_losses, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.parameters, their_parameters, rtol=0, atol=1e-9)
    assert losses[-1] < losses[0]
