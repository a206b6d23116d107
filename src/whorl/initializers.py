"""Initial values of parameters, scaled so that signals keep their size from layer to layer.

The output of a layer, ``y_j = Σ_i x_i w_ij``, has the variance ``n_in · Var[w] · E[x²]``. With ``Var[w] = 1 / n_in`` the
signal neither vanishes nor explodes. ReLU halves its mean square, so layers before a ReLU start with twice that variance.
The same holds for the gradients in the backward pass, with n_out in place of n_in.

Letters: n_in inputs, n_out outputs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.hints import hint_missing_names
from whorl._core.types import Array, Shape
from whorl._core.validation import number

__all__ = [
    "Full",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "Normal",
    "Ones",
    "Scaled",
    "Uniform",
    "Zeros",
]

hint_missing_names(__name__)


class Initializer(Description, ABC):
    """Base of all initializers: functions that return the initial values of a parameter."""

    @abstractmethod
    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        """Return the initial values of a parameter.

        Parameters
        ----------
        shape : tuple of int
            The shape of the parameter: the last axis counts the outputs, the others the inputs.
        rng : numpy.random.Generator
            The source of random numbers.

        Returns
        -------
        ndarray of float64
        """


class Zeros(Initializer):
    """All zeros, for biases. With zero weights, all units of a layer would remain equal during training.

    Examples
    --------
    >>> Zeros()((2,), np.random.default_rng(0))
    array([0., 0.])
    """

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.zeros(shape)


class Ones(Initializer):
    """All ones, for factors that should have no effect initially, such as those of `LayerNorm`.

    Examples
    --------
    >>> Ones()((2,), np.random.default_rng(0))
    array([1., 1.])
    """

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.ones(shape)


class Full(Initializer):
    """All the same number.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> Full(0.5)((2,), np.random.default_rng(0))
    array([0.5, 0.5])
    """

    value: float = argument(number)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, self.value)


class Normal(Initializer):
    """Normal distribution with mean 0 and a given standard deviation.

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
    """Uniform distribution between −limit and limit, which has the variance ``limit² / 3``.

    Parameters
    ----------
    limit : float
        The largest absolute value, above 0.

    Examples
    --------
    >>> bool(abs(Uniform(0.1)((100, 100), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    limit: float = argument(number, above=0)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.uniform(-self.limit, self.limit, shape)


class Scaled(Initializer):
    """Base of the initializers whose variance depends on the numbers of inputs and outputs.

    By default, PyTorch's ``Linear`` uses a uniform distribution with variance ``1 / (3 n_in)``, and Keras's ``Dense`` uses
    `GlorotUniform`. Keras truncates its normal distributions at two standard deviations; these are not truncated.
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
    """Normal distribution with variance ``2 / n_in``: preserves the mean square of signals through layers with ReLU.

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
    """Uniform distribution with variance ``2 / n_in``, the bounded alternative to `HeNormal`.

    Examples
    --------
    >>> bool(abs(HeUniform()((600, 50), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    uniform: ClassVar[bool] = True


class GlorotNormal(Scaled):
    """Normal distribution with variance ``2 / (n_in + n_out)``: a compromise between signals and gradients, for tanh.

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
    """Uniform distribution with variance ``2 / (n_in + n_out)``: Keras's default for ``Dense``.

    References
    ----------
    Glorot, Bengio (2010), equation 16; see `GlorotNormal`.

    Examples
    --------
    >>> bool(abs(GlorotUniform()((500, 100), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    uniform: ClassVar[bool] = True


class LecunNormal(Scaled):
    """Normal distribution with variance ``1 / n_in``: preserves the variance through linear layers; recommended for `SELU`.

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
