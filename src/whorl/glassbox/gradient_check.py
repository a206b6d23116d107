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

    ReLU, `Hinge` and `MeanAbsoluteError` have kinks, where the slope of the loss jumps. If p lies within h of one, the central
    difference mixes the slopes of both sides. So an element that deviates is compared with the one-sided differences
    ``(4 L(p ± h) − 3 L(p) − L(p ± 2h)) / ±2h`` too; if these differ from each other, also with those of h / 10 and h / 100. The
    nearest one counts. Where there is no kink, both sides agree, and a wrong gradient deviates from both.

    The check uses a copy of the model in float64, and takes two passes for each element. The parameters and inputs of the
    copy are shifted by normal noise of standard deviation 0.01. Otherwise the inputs of a ReLU can be exactly 0, where it
    has no derivative: for example, when all biases and a sample are 0.

    The last layer and the loss are checked as training computes them: where `Softmax` meets `CrossEntropy`, or `Sigmoid`
    `BinaryCrossEntropy`, that is their fused step, which does not use the layer's own backward pass. With `MeanSquaredError` it does.

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

    def numeric(array: Array, analytic: Array) -> Array:
        flat, a = array.reshape(-1), analytic.reshape(-1)  # views, because the arrays are contiguous

        def loss_at(i: int, shift: float) -> float:
            kept = flat[i]
            flat[i] += shift
            shifted = run()[0]
            flat[i] = kept
            return shifted

        def one_sided(i: int, shift: float) -> float:
            return (4 * loss_at(i, shift) - 3 * value - loss_at(i, 2 * shift)) / (2 * shift)

        nudges = h * np.maximum(1, np.abs(flat))
        slopes = np.array([(loss_at(i, d) - loss_at(i, -d)) / (2 * d) for i, d in enumerate(nudges)])
        deviates = np.abs(slopes - a) > noise + 1e-7 * np.maximum(np.abs(slopes), np.abs(a)).max(initial=0)
        for i in map(int, np.flatnonzero(deviates)):
            for nudge in nudges[i] / (1, 10, 100):
                right, left = one_sided(i, nudge), one_sided(i, -nudge)
                slopes[i] = min(slopes[i], right, left, key=lambda slope: abs(slope - a[i]))
                if abs(right - left) < abs(slopes[i] - a[i]) / 10:  # there is no kink: the gradient deviates from both
                    break
        return slopes.reshape(array.shape)

    value, backward = run()
    double.gradients[:] = 1.0  # a layer must write its gradients, not add to them
    dx = backward()
    assert dx is not None
    noise = 8 * np.finfo(float).eps * max(1.0, abs(value)) / h  # the rounding error of a central difference
    analytic = {name: gradient.copy() for name, gradient in double.named_gradients().items()} | {"inputs": dx}
    arrays = double.named_parameters() | {"inputs": x}
    return {name: relative_error(analytic[name], numeric(arrays[name], analytic[name]), noise) for name in arrays}


def relative_error(a: Array, b: Array, noise: float) -> float:
    """Return the largest deviation, less the noise, over the largest value; 0 if there is no deviation, infinity for NaN."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.inf
    deviation = np.abs(a - b).max(initial=0) - noise
    return float(deviation / max(np.abs(a).max(), np.abs(b).max())) if deviation > 0 else 0.0
