"""Check gradients: change each value slightly, and compare the change of the loss with the gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.losses import Loss, as_loss
from whorl.model import Model
from whorl.passes import loss_pass
from whorl.training import Samples


def check_gradients(
    model: Model, X: Any, y: Any, *, loss: Loss, sample_weight: Any = None, step: float = 1e-6, rng: RNG = 0
) -> dict[str, float]:
    """Compare the model's gradients with finite differences, and return the largest relative error by parameter.

    For each element p of a parameter, the central difference ``(L(p + h) − L(p − h)) / 2h`` is compared with dL/dp, with
    the same dropout masks in all passes. The error of a parameter is
    ``max |analytic − numeric| / max(|analytic|, |numeric|)``, the largest deviation over the largest gradient: below 1e-6
    the gradient is right, above 1e-3 it is wrong. The rounding error of the central difference, about 1e-9, is subtracted
    from the deviation first; gradients smaller than that cannot be checked.

    The check uses a copy of the model in float64, and takes two passes for each element. The parameters and inputs of the
    copy are shifted by normal noise of standard deviation 0.01. Otherwise the inputs of a ReLU can be exactly 0, where it
    has no derivative: for example, when all biases and a sample are 0.

    Parameters
    ----------
    model : Model
    X, y, loss, sample_weight
        As in `Model.evaluate`; a few samples are enough.
    step : float, optional
        h, above 0; multiplied by |p| for elements above 1.
    rng : int, Generator or None, optional
        Draws the shift and the dropout masks.

    Returns
    -------
    dict of str to float
        The error of each parameter, such as ``"w1"``, and of dL/dX as ``"inputs"``.

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
    loss = as_loss(loss)
    data = Samples.checked(double, X, y, loss, sample_weight)
    x = np.asarray(data.x)
    x = x + 0.01 * generator.standard_normal(x.shape)

    def run() -> tuple[float, Callable[[], Array | None]]:
        done = loss_pass(double, x, data.target, loss, data.weight, np.random.default_rng(seed), inputs=True)
        return done.loss, done.backward

    def numeric(array: Array) -> Array:
        slopes = np.empty(array.size)
        flat = array.reshape(-1)  # a view, because the arrays are contiguous
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
    double.gradients[:] = 1.0  # a layer must write its gradients, not add to them
    dx = backward()
    assert dx is not None
    noise = 8 * np.finfo(float).eps * max(1.0, abs(value)) / h  # the rounding error of a central difference
    analytic = {name: gradient.copy() for name, gradient in double.named_gradients().items()} | {"inputs": dx}
    arrays = double.named_parameters() | {"inputs": x}
    return {name: relative_error(analytic[name], numeric(arrays[name]), noise) for name in arrays}


def relative_error(a: Array, b: Array, noise: float) -> float:
    """Return the largest deviation, less the noise, over the largest value; 0 if there is no deviation, infinity for NaN."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.inf
    deviation = np.abs(a - b).max(initial=0) - noise
    return float(deviation / max(np.abs(a).max(), np.abs(b).max())) if deviation > 0 else 0.0
