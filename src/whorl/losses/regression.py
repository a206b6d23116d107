"""Losses for regression: squared, absolute, Huber, quantile and Poisson.

Letters: n samples, m outputs, p predictions, y targets, d = p − y.
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.description import argument
from whorl._core.types import Array, Shape
from whorl._core.validation import number, number_or_numbers
from whorl.losses.loss import Elementwise, values


class MeanSquaredError(Elementwise):
    """``d²``, the mean over samples and outputs; its gradient is ``2 d / (n m)``. The best constant prediction is the mean.

    PyTorch's ``MSELoss`` and Keras's ``MeanSquaredError``.

    Examples
    --------
    >>> MeanSquaredError()([[1.0], [2.0]], [[1.0], [4.0]])
    2.0
    """

    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        d = p - y
        return d * d, 2 * d


class MeanAbsoluteError(Elementwise):
    """``|d|``, the mean over samples and outputs; its gradient is ``sign(d) / (n m)``, 0 at 0.

    The best constant prediction is the median.

    PyTorch's ``L1Loss`` and Keras's ``MeanAbsoluteError``.

    Examples
    --------
    >>> MeanAbsoluteError()([[1.0], [2.0]], [[1.0], [4.0]])
    1.0
    """

    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        d = p - y
        return np.abs(d), np.sign(d)


class Huber(Elementwise):
    """``d² / 2`` where |d| ≤ δ, else ``δ (|d| − δ / 2)``: quadratic for small errors, linear for large ones.

    PyTorch's ``HuberLoss`` and Keras's ``Huber``; PyTorch's ``SmoothL1Loss(beta)`` is this one divided by δ.

    Parameters
    ----------
    delta : float, optional
        δ, above 0.

    References
    ----------
    Huber (1964), Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35.

    Examples
    --------
    >>> Huber()([[1.0], [4.0]], [[0.0], [0.0]])  # 1/2, and 4 - 1/2
    2.0
    """

    _: KW_ONLY
    delta: float = argument(number, default=1.0, above=0)

    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        d = p - y
        slope = np.clip(d, -self.delta, self.delta)
        return slope * (d - 0.5 * slope), slope


class Quantile(Elementwise):
    """``max(q (y − p), (q − 1) (y − p))``, the pinball loss: the best constant prediction is the q-quantile.

    Parameters
    ----------
    q : float or sequence of float
        In (0, 1): with 0.9, nine in ten targets are below the prediction. Several values, one for each output of the
        model, give several quantiles at once; all columns of the targets are then equal,
        ``np.repeat(y[:, None], m, axis=1)``.

    References
    ----------
    Koenker, Bassett (1978), Regression Quantiles, Econometrica 46, equation 3.1.

    Examples
    --------
    >>> round(Quantile(0.9)([[1.0], [1.0]], [[2.0], [0.0]]), 6)  # 1 too low: 0.9, 1 too high: 0.1
    0.5
    """

    q: float | tuple[float, ...] = argument(number_or_numbers, above=0, below=1)

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        if isinstance(self.q, tuple) and outputs != (len(self.q),):
            raise ValueError(
                f"Quantile of {len(self.q)} q takes predictions (n, {len(self.q)}), got {validation.batch(outputs)}"
            )
        return values(y, outputs, dtype)

    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        q = np.asarray(self.q, p.dtype)
        slope = np.where(p > y, 1 - q, np.where(p < y, -q, np.zeros_like(q)))
        return slope * (p - y), slope


class Poisson(Elementwise):
    """``p − y log p``, the negative log-likelihood of counts y at the rate p, without ``log y!``; the gradient is ``1 − y / p``.

    Rates must be positive: end the model with `Softplus`. The logarithm is clipped at the smallest normal number.

    Notes
    -----
    PyTorch's ``PoissonNLLLoss(log_input=False)`` adds 1e-8 to p in the logarithm, Keras's ``Poisson`` 1e-7.

    Examples
    --------
    >>> Poisson()([[1.0], [1.0]], [[0], [3]])
    1.0
    """

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        array = values(y, outputs, dtype)
        if (array < 0).any():
            raise ValueError(f"y must hold counts of at least 0, got {array.min():g}")
        return array

    def each(self, p: Array, y: Array) -> tuple[Array, Array]:
        if (p < 0).any():
            raise ValueError(f"Poisson takes rates of at least 0, got {p.min():.4g}: end the model with Softplus()")
        floor = np.finfo(p.dtype).tiny
        safe = np.maximum(p, floor)
        return p - y * np.log(safe), 1 - np.where(p >= floor, y / safe, 0)
