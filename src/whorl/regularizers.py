"""Penalties on large parameters, which reduce overfitting."""

from collections.abc import Callable

import numpy as np

from whorl._core.types import Array


class L1:
    """``Σ λ_i |w_i|`` over the flat vector of parameters, where each array of a layer has its own strength λ.

    The gradient is ``λ_i sign(w_i)``, and 0 where w_i is 0. It does not depend on the size of the weight, so many weights
    end up close to 0. Keras's ``L1(l1)`` is the same; PyTorch has none.

    Parameters
    ----------
    strengths : ndarray, shape (P,)
        λ of each element, at least 0.

    Examples
    --------
    >>> penalty, backward = L1(np.array([0.1, 0.1, 0.0])).forward(np.array([1.0, -2.0, 3.0]))
    >>> gradients = np.zeros(3)
    >>> backward(gradients)
    >>> gradients
    array([ 0.1, -0.1,  0. ])
    """

    def __init__(self, strengths: Array) -> None:
        self.strengths = strengths

    def forward(self, parameters: Array) -> tuple[float, Callable[[Array], None]]:
        """Return the penalty, and a closure that adds the gradient of the penalty to the gradients passed to it."""
        slope = self.strengths * np.sign(parameters)  # (P,)

        def backward(gradients: Array) -> None:
            gradients += slope

        return float(slope.dot(parameters)), backward


class L2:
    """``Σ λ_i w_i²`` over the flat vector of parameters, where each array of a layer has its own strength λ.

    The gradient is ``2 λ_i w_i``, as in the NNFS book. PyTorch's ``weight_decay`` d adds ``d w`` to the gradient
    of every parameter, biases included, which corresponds to λ = d / 2. Keras's ``L2(l2)`` is the same.

    Parameters
    ----------
    strengths : ndarray, shape (P,)
        λ of each element, at least 0.

    Examples
    --------
    >>> penalty, backward = L2(np.array([0.1, 0.1, 0.0])).forward(np.array([1.0, 2.0, 3.0]))
    >>> penalty
    0.5
    >>> gradients = np.zeros(3)
    >>> backward(gradients)
    >>> gradients
    array([0.2, 0.4, 0. ])
    """

    def __init__(self, strengths: Array) -> None:
        self.strengths = strengths
        self.slopes: Array = 2 * strengths

    def forward(self, parameters: Array) -> tuple[float, Callable[[Array], None]]:
        """Return the penalty, and a closure that adds the gradient of the penalty to the gradients passed to it."""
        slope = self.slopes * parameters  # (P,)

        def backward(gradients: Array) -> None:
            gradients += slope

        return float(slope.dot(parameters)) / 2, backward
