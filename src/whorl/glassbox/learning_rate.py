"""The learning-rate range test: train with growing rates, and see where the loss falls, and where it explodes."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.training import Options, Training, options

SMOOTHING = 0.95
"""Weight of the past in the moving average of the losses: an average over about twenty steps."""
EXPLODED = 4.0
"""The test ends where the smoothed loss is as many times the lowest one."""
NEARLY = 0.05
"""The loss has nearly fallen where it is above its minimum by this fraction of its whole fall."""
MARGIN = 5
"""The suggestion is the rate at that place, divided by this."""
LEAST_FALL = 3.0
"""A fall of the smoothed loss by less than so many times its own noise is no fall."""


@dataclass(frozen=True, eq=False)
class LearningRateSearch:
    """The result of `find_learning_rate`.

    Attributes
    ----------
    rates : ndarray, shape (s,)
        The learning rate of each step.
    losses : ndarray, shape (s,)
        The loss of each step's batch, before the step.
    smoothed : ndarray, shape (s,)
        The moving average of the losses.
    suggestion : float or None
        The learning rate to try first; None if the test does not show one.
    reason : str
        Why, in words.
    """

    rates: Array = field(repr=False)
    losses: Array = field(repr=False)
    smoothed: Array = field(repr=False)
    suggestion: float | None
    reason: str


def find_learning_rate(
    model: Model,
    X: Any,
    y: Any,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 200,
    **arguments: Any,
) -> LearningRateSearch:
    """Search for a learning rate: train a copy of the model with rates that grow from step to step, and watch the loss.

    The rate of step k of S is ``lowest (highest / lowest)^(k / (S − 1))``. The losses l of the batches are smoothed by a moving
    average without its bias towards 0, ``a_k = β a_(k−1) + (1 − β) l_k`` and ``s_k = a_k / (1 − β^(k + 1))``, with β = 0.95. The test
    ends early where s exceeds four times its minimum. The suggestion is a fifth of the lowest rate at which s has come within 5 % of
    its whole fall, from the mean of the first losses to its minimum. The minimum itself would not do: where s is flat for long, it may lie
    at any rate up to those that are useful for some steps only, and not for a whole training.

    The model is not changed, nor is a generator that is passed as `rng`.

    Parameters
    ----------
    model : Model
        Usually one that has not been trained.
    X, y
        As in `Model.fit`.
    lowest, highest : float, optional
        The range of rates, above 0.
    steps : int, optional
        S, at least 20.
    loss, optimizer, batch_size, accumulate, sample_weight, class_weight, rng, …
        As described in `Options`; those of the training that the rate is for. The optimizer's own learning rate, a number or a schedule,
        is replaced in the test.

    Returns
    -------
    LearningRateSearch
        Draw it with `whorl.plot.learning_rate_search`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or the optimizer has a line search, such as `LBFGS`.

    Notes
    -----
    fast.ai's ``lr_find`` has 100 steps and β = 0.98, which averages over half of them, so that its minimum comes late.

    References
    ----------
    Smith (2017), Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186, section 3.3.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(100, rng=0)
    >>> model = Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> found = find_learning_rate(model, X, y, loss=CrossEntropy(), optimizer=Adam(), rng=0)
    >>> 0.003 < found.suggestion < 0.3
    True
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    low, high = validation.number("lowest", lowest, above=0), validation.number("highest", highest, above=0)
    if not low < high:
        raise ValueError(f"highest must be above lowest, {low:g}, got {high:g}")
    count = validation.integer("steps", steps, minimum=20)
    given = options("find_learning_rate", {"epochs": 1, **arguments})
    if given.state is not None or given.resume is not None:
        raise ValueError("state and resume are for training: the search begins with the model as it is")
    rng = copy.deepcopy(given.rng)
    given = replace(given, rng=rng, callbacks=(), metrics=(), on_divergence="stop", fast=False)
    rates, losses = _test(copy.deepcopy(model), X, y, given, np.geomspace(low, high, count))
    smoothed = _smooth(losses)
    ends = np.flatnonzero(smoothed > EXPLODED * np.minimum.accumulate(smoothed))
    last = int(ends[0]) + 1 if len(ends) else len(rates)
    rates, losses, smoothed = rates[:last], losses[:last], smoothed[:last]
    for array in (rates, losses, smoothed):
        array.flags.writeable = False
    return LearningRateSearch(rates, losses, smoothed, *_suggest(rates, losses, smoothed))


def with_rate(optimizer: Optimizer, rate: Any) -> Optimizer:
    """Return the optimizer with another learning rate, inside the optimizers that wrap it; raise ValueError for a line search."""
    if optimizer.batch_size is None:
        raise ValueError(
            f"optimizer must take steps of a learning rate, but {optimizer!r} searches for the length of each"
        )
    inner = getattr(optimizer, "optimizer", None)
    if isinstance(inner, Optimizer):
        return replace(optimizer, optimizer=with_rate(inner, rate))  # type: ignore[call-arg]
    return replace(optimizer, learning_rate=rate)


def _test(model: Model, X: Any, y: Any, given: Options, rates: Array) -> tuple[Array, Array]:
    """Train the model with these rates, one for each step; return those that were used, and the loss before each step."""
    last = len(rates) - 1

    def rate(_: float) -> float:
        return float(rates[min(training.step, last)])

    given = replace(given, optimizer=with_rate(given.optimizer, rate), epochs=len(rates))
    training, losses = Training(model, X, y, given), list[float]()
    for step in training.steps():
        losses.append(step.loss)
        if len(losses) == len(rates):
            break
    return rates[: len(losses)].copy(), np.array(losses)


def _smooth(losses: Array) -> Array:
    """Return the moving average of the losses, without its bias."""
    average, smoothed = 0.0, np.empty_like(losses)
    for k, loss in enumerate(losses):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smoothed[k] = average / (1 - SMOOTHING ** (k + 1))
    return smoothed


def _suggest(rates: Array, losses: Array, smoothed: Array) -> tuple[float | None, str]:
    """Return the rate to try first, or None, and the reason."""
    settled = 10  # the average of fewer losses is noisy
    if len(rates) <= settled:
        return (
            None,
            f"the loss explodes within {len(rates)} steps: lower the lowest rate, or scale inputs and targets to about 1",
        )
    at = settled + int(smoothed[settled:].argmin())
    early = losses[: max(settled, len(rates) // 4)]  # where the rates are too small to change anything
    noise = float(early.std()) * math.sqrt((1 - SMOOTHING) / (1 + SMOOTHING))
    start = float(early.mean())
    fall = start - float(smoothed[at])
    if fall <= max(LEAST_FALL * noise, 1e-3 * abs(start)):
        return None, (
            f"the loss does not fall: from {start:.4g} to {smoothed[at]:.4g} at its lowest, with a noise of {noise:.2g}; more steps or"
            " larger batches show more, if the network can learn from these data"
        )
    fallen = settled + int(np.argmax(smoothed[settled:] <= smoothed[at] + NEARLY * fall))
    rate = float(f"{rates[fallen] / MARGIN:.2g}")
    reason = f"a fifth of {rates[fallen]:.2g}, the lowest rate with 95 % of the fall of the loss, from {start:.3g} to {smoothed[at]:.3g}"
    if at >= len(rates) - 2 and smoothed[-1] <= smoothed.min():
        return rate, f"{reason}; it still falls at the highest rate, {rates[-1]:.2g}: higher rates may be better"
    return rate, f"{reason}; it rises at rates above {rates[at]:.2g}"
