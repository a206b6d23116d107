"""Functions that layers and losses share, written so that nothing overflows."""

import numpy as np

from whorl.types import Array


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + e⁻ˣ)``, as ``(1 + tanh(x / 2)) / 2``.

    Examples
    --------
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    y: Array = np.tanh(0.5 * x)
    y += 1
    y *= 0.5
    return y


def softplus(x: Array) -> Array:
    """Return ``log(1 + eˣ)``, as ``max(x, 0) + log(1 + e^−|x|)``.

    Examples
    --------
    >>> softplus(np.array([-1e4, 0.0])).round(4)
    array([0.    , 0.6931])
    """
    y: Array = np.log1p(np.exp(-np.abs(x)))
    y += np.maximum(x, 0)
    return y
