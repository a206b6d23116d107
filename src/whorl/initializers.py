"""First values for the parameters: as large as keeps the signal's size the same from layer to layer.

A layer's output ``y_j = Σ_i x_i w_ij`` has the variance ``n_in · Var[w] · E[x²]``. With
``Var[w] = 1 / n_in`` the signal neither dies out nor explodes; ReLU then takes half of it away, so
layers before a ReLU start with twice that. Gradients, on their way back, fare alike.

Letters: n_in inputs, n_out outputs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.types import Array, Shape
from whorl._core.validation import number


class Initializer(Description, ABC):
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


class Ones(Initializer):
    """All ones: where a factor is to change nothing at first.

    Examples
    --------
    >>> Ones()((2,), np.random.default_rng(0))
    array([1., 1.])
    """

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.ones(shape)


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

    std: float = argument(number, above=0)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return self.std * rng.standard_normal(shape)


class Uniform(Initializer):
    """Uniform between −limit and limit: of variance ``limit² / 3``.

    Parameters
    ----------
    limit : float
        Above 0.

    Examples
    --------
    >>> bool(abs(Uniform(0.1)((100, 100), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    limit: float = argument(number, above=0)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.uniform(-self.limit, self.limit, shape)


class Scaled(Initializer):
    """Base of the rules that derive the variance from the numbers of inputs and outputs.

    PyTorch's ``Linear`` starts from a uniform distribution of variance ``1 / (3 n_in)``, Keras's ``Dense`` from `GlorotUniform`;
    Keras cuts off the tails of its normal ones at two standard deviations, which these do not.
    """

    @abstractmethod
    def variance(self, n_in: int, n_out: int) -> float:
        """Return the variance of the weights."""

    uniform: ClassVar[bool] = False

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        deviation = math.sqrt(self.variance(max(1, math.prod(shape[:-1])), shape[-1]))
        if self.uniform:
            return rng.uniform(-math.sqrt(3) * deviation, math.sqrt(3) * deviation, shape)
        return deviation * rng.standard_normal(shape)


class HeNormal(Scaled):
    """Normal with variance ``2 / n_in``: keeps the mean square of the signal through layers with ReLU.

    References
    ----------
    He, Zhang, Ren, Sun (2015), Delving Deep into Rectifiers, arXiv:1502.01852, equation 10.

    Examples
    --------
    >>> HeNormal()((800, 50), np.random.default_rng(0)).std().round(3)
    np.float64(0.05)
    """

    def variance(self, n_in: int, n_out: int) -> float:
        return 2 / n_in


class HeUniform(HeNormal):
    """Uniform with variance ``2 / n_in``: `HeNormal` without its tails.

    Examples
    --------
    >>> bool(abs(HeUniform()((600, 50), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    uniform: ClassVar[bool] = True


class GlorotNormal(Scaled):
    """Normal with variance ``2 / (n_in + n_out)``: keeps signal and gradient about alike through layers with tanh.

    References
    ----------
    Glorot, Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS, equation 12.

    Examples
    --------
    >>> GlorotNormal()((500, 300), np.random.default_rng(0)).std().round(3)
    np.float64(0.05)
    """

    def variance(self, n_in: int, n_out: int) -> float:
        return 2 / (n_in + n_out)


class GlorotUniform(GlorotNormal):
    """Uniform with variance ``2 / (n_in + n_out)``: the paper's equation 16, and Keras's default for ``Dense``.

    Examples
    --------
    >>> bool(abs(GlorotUniform()((500, 100), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    uniform: ClassVar[bool] = True


class LecunNormal(Scaled):
    """Normal with variance ``1 / n_in``: keeps the variance through linear layers; the start that `SELU` is made for.

    References
    ----------
    LeCun, Bottou, Orr, Müller (1998), Efficient BackProp, equation 16.

    Examples
    --------
    >>> LecunNormal()((400, 50), np.random.default_rng(0)).std().round(3)
    np.float64(0.05)
    """

    def variance(self, n_in: int, n_out: int) -> float:
        return 1 / n_in
