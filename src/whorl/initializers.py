"""First values for the parameters: as large as keeps the signal's size the same from layer to layer.

A layer's output ``y_j = Σ_i x_i w_ij`` has the variance ``n_in · Var[w] · E[x²]``. With
``Var[w] = 1 / n_in`` the signal neither dies out nor explodes; ReLU then takes half of it away, so
layers before a ReLU start with twice that. Gradients, on their way back, fare alike.

Letters: n_in inputs, n_out outputs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from whorl import checks
from whorl.configuration import Configured
from whorl.types import Array, Shape


class Initializer(Configured, ABC):
    """Gives a parameter its first values."""

    @abstractmethod
    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        """Return float64 values of this shape; the last axis counts the outputs, those before it the inputs."""


class Zeros(Initializer):
    """All zeros: right for biases, wrong for weights, whose units would stay equal for ever.

    Examples
    --------
    >>> Zeros()((2,), np.random.default_rng(0))
    array([0., 0.])
    """

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.zeros(shape)


class Normal(Initializer):
    """Normal with mean 0 and a standard deviation of your own.

    Parameters
    ----------
    std : float
        The standard deviation, above 0.

    Examples
    --------
    >>> Normal(0.01)((100, 100), np.random.default_rng(0)).std().round(4)
    np.float64(0.01)
    """

    def __init__(self, std: float) -> None:
        self.std = checks.number("std", std, above=0)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return self.std * rng.standard_normal(shape)


class HeNormal(Initializer):
    """``Normal(sqrt(2 / n_in))``: keeps the mean square of the signal through layers with ReLU.

    PyTorch's ``Linear`` starts from a uniform distribution of variance ``1 / (3 n_in)`` instead, and Keras's
    ``Dense`` from Glorot's uniform one of variance ``2 / (n_in + n_out)``; Keras's ``HeNormal`` cuts off the
    tails at two standard deviations, which this one does not.

    References
    ----------
    He, Zhang, Ren, Sun (2015), Delving Deep into Rectifiers, arXiv:1502.01852, equation 10.

    Examples
    --------
    >>> HeNormal()((800, 50), np.random.default_rng(0)).std().round(3)
    np.float64(0.05)
    """

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        n_in = max(1, math.prod(shape[:-1]))
        return math.sqrt(2 / n_in) * rng.standard_normal(shape)
