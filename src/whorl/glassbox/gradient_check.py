"""Are the gradients right? Change each number slightly, and compare the change of the loss with the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.losses import Loss
from whorl.model import Model
from whorl.passes import loss_pass
from whorl.training import Samples


def check_gradients(
    model: Model, X: Any, y: Any, *, loss: Loss, sample_weight: Any = None, step: float = 1e-6, rng: RNG = 0
) -> dict[str, float]:
    """Compare the model's gradients with finite differences, and return the largest relative error by parameter.

    For each element p of a parameter, the central difference ``(L(p + h) − L(p − h)) / 2h`` is held against dL/dp, with
    the model's random choices (dropout) made alike in all passes. The error of a parameter is
    ``max |analytic − numeric| / max(|analytic|, |numeric|)``, the largest deviation over the largest gradient: below 1e-6
    means right, above 1e-3 wrong. What rounding alone may do to a difference of losses, some 1e-9, is taken off the
    deviation first: where a network is so sure that its gradients are smaller than that, there is nothing to compare.

    The check works on a copy of the model in float64, and takes two passes for each parameter. It takes them at a point
    close by, the parameters and inputs shifted by normal noise of standard deviation 0.01: a fresh model's biases are all
    0 and so is the spiral's first point, which puts each ReLU on its kink, where there is no slope to compare with.

    Parameters
    ----------
    model : Model
    X, y, loss, sample_weight
        As in `Model.evaluate`; a few samples will do.
    step : float, optional
        h, above 0: for numbers of size 1; larger ones move in proportion.
    rng : int, Generator or None, optional
        Draws the shift and the dropout masks.

    Returns
    -------
    dict of str to float
        By parameter (``"w1"``), and ``"inputs"`` for dL/dX.

    Examples
    --------
    >>> from whorl import CrossEntropy, Dense, Dropout, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(5, rng=0)
    >>> model = Model([Dense(8, weight_l2=0.01), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=2, rng=0)
    >>> errors = check_gradients(model, X, y, loss=CrossEntropy())
    >>> list(errors)
    ['w1', 'b1', 'w2', 'b2', 'inputs']
    >>> max(errors.values()) < 1e-6
    True
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    h = validation.number("step", step, above=0)
    generator = randomness.generator(rng)
    seed = int(generator.integers(2**32))
    double = Model(model.layers, inputs=model.inputs, rng=0, dtype=np.float64)
    double.statistics[:] = model.statistics
    double.parameters[:] = model.parameters + 0.01 * generator.standard_normal(model.parameters.shape)
    data = Samples.checked(double, X, y, loss, sample_weight)
    x = np.asarray(data.x)
    x = x + 0.01 * generator.standard_normal(x.shape)

    def run() -> tuple[float, Callable[[], Array | None]]:
        done = loss_pass(double, x, data.target, loss, data.weight, np.random.default_rng(seed), inputs=True)
        return done.loss, done.backward

    def numeric(array: Array) -> Array:
        slopes = np.empty(array.size)
        flat = array.reshape(-1)  # a view: x and the vector's stretches are contiguous
        for i, kept in enumerate(flat.copy()):
            nudge = h * max(1, abs(kept))
            flat[i] = kept + nudge
            above = run()[0]
            flat[i] = kept - nudge
            below = run()[0]
            flat[i] = kept
            slopes[i] = (above - below) / (2 * nudge)
        return slopes.reshape(array.shape)

    value, backward = run()
    dx = backward()
    assert dx is not None
    noise = 8 * np.finfo(float).eps * max(1.0, abs(value)) / h  # how far rounding alone takes a difference of losses
    analytic = {name: gradient.copy() for name, gradient in double.named_gradients().items()} | {"inputs": dx}
    arrays = double.named_parameters() | {"inputs": x}
    return {name: relative_error(analytic[name], numeric(arrays[name]), noise) for name in arrays}


def relative_error(a: Array, b: Array, noise: float) -> float:
    """Return the largest deviation, but for the noise, over the largest value; 0 if there is none."""
    deviation = np.abs(a - b).max(initial=0) - noise
    return float(deviation / max(np.abs(a).max(), np.abs(b).max())) if deviation > 0 else 0.0
