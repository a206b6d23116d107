"""Penalties: a price on large parameters, which makes a network prefer the simpler explanation."""

from collections.abc import Callable

import numpy as np

from whorl._core.types import Array


class L1:
    """``Σ λ_i |w_i|`` over the flat vector of parameters, each element with the strength λ of its own array.

    The gradient is ``λ_i sign(w_i)``, and 0 where w_i is 0: a pull of the same size however small the weight, which brings
    many of them down to about 0. Keras's ``L1(l1)`` is this one; PyTorch has none.

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
        """Return the penalty, and the closure that adds its gradient to the gradients it is given."""
        pull = self.strengths * np.sign(parameters)  # (P,)

        def backward(gradients: Array) -> None:
            gradients += pull

        return float(pull.dot(parameters)), backward


class L2:
    """``Σ λ_i w_i²`` over the flat vector of parameters, each element with the strength λ of its own array.

    The gradient is ``2 λ_i w_i``, as in the NNFS book. PyTorch's ``weight_decay`` d adds ``d w`` to the gradient
    of every parameter, biases included: it is λ = d / 2. Keras's ``L2(l2)`` is this one.

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
        self.slopes = 2 * strengths

    def forward(self, parameters: Array) -> tuple[float, Callable[[Array], None]]:
        """Return the penalty, and the closure that adds its gradient to the gradients it is given."""
        slope = self.slopes * parameters  # (P,)

        def backward(gradients: Array) -> None:
            gradients += slope

        return float(slope.dot(parameters)) / 2, backward
