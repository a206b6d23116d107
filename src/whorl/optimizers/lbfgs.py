"""L-BFGS, for small problems: all samples in each step, curvature estimated from recent steps, and a line search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY

from whorl._core.description import argument
from whorl._core.types import Array
from whorl._core.validation import integer, learning_rate
from whorl.optimizers.optimizer import LearningRate, Objective, Optimizer, State


class LBFGS(Optimizer):
    """``p ← p + t d`` with ``d = −H g``: H is an estimate of the inverse Hessian matrix.

    From the pairs ``s = p' − p`` and ``y = g' − g`` of recent steps, two loops compute H g without forming H. The step length
    t is found by bisection, so that it satisfies both Wolfe conditions, where D(t) is the loss along d::

        D(t) ≤ D(0) + c₁ t D′(0)        D′(t) ≥ c₂ D′(0)        c₁ = 1e-4, c₂ = 0.9

    Each step takes all samples (so an epoch is one step), with several passes if the line search needs them. On a few
    thousand samples it needs no tuning, and it reaches the minimum where SGD and Adam only come close. Do not use dropout: the
    line search compares losses, which must not change at random.

    Parameters
    ----------
    learning_rate : float or callable, optional
        The first t to try, at least 0; 1 suits most problems.
    history : int, optional
        Number of pairs to keep, at least 1.

    Raises
    ------
    TypeError
        In `step`, without an objective.

    Notes
    -----
    PyTorch's takes up to 20 steps per call, by default without a line search; scikit-learn's ``solver="lbfgs"`` is SciPy's.

    References
    ----------
    Nocedal, Wright (2006), Numerical Optimization, algorithms 7.4 and 7.5. Lewis, Overton (2013), Nonsmooth optimization via
    quasi-Newton methods, algorithm 2.6, for the line search.

    Examples
    --------
    >>> import numpy as np
    >>> def evaluate():  # the gradient of Σ (p − 3)²
    ...     g[:] = 2 * (p - 3)
    ...     return float(((p - 3) ** 2).sum())
    >>> p, g = np.zeros(2), np.zeros(2)
    >>> lbfgs = LBFGS()
    >>> state = lbfgs.start(p)
    >>> for _ in range(3):
    ...     lbfgs.step(p, g, state, 1.0, Objective(evaluate(), evaluate))
    >>> p.round(6)
    array([3., 3.])
    """

    learning_rate: LearningRate = argument(learning_rate, default=1.0)
    _: KW_ONLY
    history: int = argument(integer, default=10)

    @property
    def batch_size(self) -> None:
        """None: each step takes all samples."""
        return

    def start(self, parameters: Array) -> State:
        return State(pairs=())

    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        if objective is None:
            raise TypeError("LBFGS has a line search: step needs an objective, to evaluate the loss again, got None")
        start, slope = parameters.copy(), gradients.copy()
        d = _direction(slope, state.pairs)
        along = float(slope @ d)
        if not along < 0:  # at a minimum, or the pairs are useless because of rounding errors
            state.pairs = ()
            d, along = -slope, -float(slope @ slope)
            if along == 0:
                return
        t = learning_rate if state.pairs else learning_rate * min(1.0, 1 / math.sqrt(-along))
        low, high = 0.0, math.inf
        best = objective.loss
        for _ in range(25):
            parameters[...] = start + t * d
            best = objective.evaluate()
            if not best <= objective.loss + 1e-4 * t * along:
                high = t
            elif float(gradients @ d) < 0.9 * along:
                low = t
            else:
                break
            t = 2 * low if high == math.inf else (low + high) / 2
        else:
            if not best <= objective.loss:  # no point along d is better, up to rounding errors
                parameters[...] = start
                objective.evaluate()
                return
        s, y = parameters - start, gradients - slope
        if float(s @ y) > 1e-10 * float(y @ y):
            state.pairs = (*state.pairs, (s, y))[-self.history :]


def _direction(g: Array, pairs: Sequence[tuple[Array, Array]]) -> Array:
    """Return −H g, computed by the two loops of algorithm 7.4."""
    q, shares = g.copy(), []
    for s, y in reversed(pairs):
        share = float(s @ q) / float(s @ y)
        q -= share * y
        shares.append(share)
    if pairs:
        s, y = pairs[-1]
        q *= float(s @ y) / float(y @ y)
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q += (share - float(y @ q) / float(s @ y)) * s
    return -q
