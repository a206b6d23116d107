"""L-BFGS, for small problems: all samples at once, the curvature guessed from the last steps, and a line search."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from whorl._core import validation
from whorl._core.types import Array
from whorl.optimizers.optimizer import LearningRate, Optimizer


class LBFGS(Optimizer):
    """``p ← p + t d`` with ``d = −H g``: H is the inverse curvature, as the last steps and changes of the gradient tell it.

    From pairs ``s = p' − p`` and ``y = g' − g`` of the last steps, two loops work out H g without ever forming H; the length t
    is found by bisection, so that it satisfies Wolfe's two conditions, with D(t) the loss along d::

        D(t) ≤ D(0) + c₁ t D′(0)        D′(t) ≥ c₂ D′(0)        c₁ = 1e-4, c₂ = 0.9

    It takes all samples in each step (so an epoch is a step), and several passes where the line search needs them. On a few
    thousand samples it needs no tuning, and gets to the bottom of the valley where SGD and Adam only come near. Leave dropout
    out: the line search compares losses, which must not change by themselves.

    Parameters
    ----------
    learning_rate : float or callable, optional
        The first t tried, at least 0; 1 is right.
    history : int, optional
        Pairs remembered, at least 1.

    Raises
    ------
    TypeError
        In `step`: it needs `advance`, which can ask for the loss again.

    Notes
    -----
    PyTorch's takes up to 20 steps a call and has no line search unless asked; scikit-learn's ``solver="lbfgs"`` is SciPy's.

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
    >>> for _ in range(3):
    ...     lbfgs.advance(p, g, 1.0, evaluate(), evaluate)
    >>> p.round(6)
    array([3., 3.])
    """

    batch_size = None

    def __init__(self, learning_rate: LearningRate = 1.0, *, history: int = 10) -> None:
        super().__init__(learning_rate)
        self.history = validation.integer("history", history)
        self._pairs: deque[tuple[Array, Array]] = deque(maxlen=self.history)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        raise TypeError("LBFGS searches along a line, for which it must ask for the loss again: call advance")

    def advance(
        self, parameters: Array, gradients: Array, learning_rate: float, loss: float, evaluate: Callable[[], float]
    ) -> None:
        start, slope = parameters.copy(), gradients.copy()
        d = self._direction(slope)
        along = float(slope @ d)
        if not along < 0:  # at the bottom, or rounding has spoilt the pairs
            self._pairs.clear()
            d, along = -slope, -float(slope @ slope)
            if along == 0:
                return
        t = learning_rate if self._pairs else learning_rate * min(1.0, 1 / math.sqrt(-along))
        low, high = 0.0, math.inf
        best = loss
        for _ in range(25):
            parameters[...] = start + t * d
            best = evaluate()
            if not best <= loss + 1e-4 * t * along:
                high = t
            elif float(gradients @ d) < 0.9 * along:
                low = t
            else:
                break
            t = 2 * low if high == math.inf else (low + high) / 2
        else:
            if not best <= loss:  # nothing along d is better, but for rounding
                parameters[...] = start
                evaluate()
                return
        s, y = parameters - start, gradients - slope
        if float(s @ y) > 1e-10 * float(y @ y):
            self._pairs.append((s, y))

    def _direction(self, g: Array) -> Array:
        """Return −H g, by the two loops."""
        q, shares = g.copy(), []
        for s, y in reversed(self._pairs):
            share = float(s @ q) / float(s @ y)
            q -= share * y
            shares.append(share)
        if self._pairs:
            s, y = self._pairs[-1]
            q *= float(s @ y) / float(y @ y)
        for (s, y), share in zip(self._pairs, reversed(shares), strict=True):
            q += (share - float(y @ q) / float(s @ y)) * s
        return -q
