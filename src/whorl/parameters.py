"""What a layer asks for: arrays of numbers, which its model keeps in flat vectors and hands back as views."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

from whorl._core.types import Array, Shape
from whorl.initializers import Initializer


@dataclass(frozen=True)
class Parameter:
    """What a layer declares: an array of this shape, with these first values and penalties.

    Parameters
    ----------
    shape : tuple of int
        Its shape.
    initializer : Initializer
        Gives its first values.
    l1, l2 : float
        The strengths of its L1 and L2 penalties, at least 0.
    trained : bool
        Whether the optimizer changes it. What is not trained, such as a running mean, has no gradient.
    """

    shape: Shape
    initializer: Initializer
    l1: float = 0.0
    l2: float = 0.0
    trained: bool = True

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


class Views(SimpleNamespace):
    """The arrays of one layer as attributes, under the names it declared: ``p.w``, ``p.b``.

    They are views of the model's flat vectors. A layer gets one of these for its parameters and statistics, p, and one
    for the gradients of its parameters, g.

    Attributes
    ----------
    parts : tuple of Views
        Those of the layers inside this one.
    inputs : bool
        In g: whether dL/dx is wanted. Nobody needs it from the first layer that has parameters.
    """

    parts: tuple[Views, ...] = ()
    inputs: bool = True


def views(vector: Array, declared: Mapping[str, Parameter]) -> dict[str, Array]:
    """Name consecutive stretches of `vector`, each reshaped to what was declared, sharing its memory.

    Parameters
    ----------
    vector : ndarray, shape (P,)
        P is the sum of the declared sizes.
    declared : mapping of str to Parameter
        In the order in which they lie in the vector.

    Examples
    --------
    >>> import numpy as np
    >>> from whorl.initializers import Zeros
    >>> vector = np.arange(8.0)
    >>> named = views(vector, {"w1": Parameter((2, 3), Zeros()), "b1": Parameter((2,), Zeros())})
    >>> named["b1"]
    array([6., 7.])
    >>> named["b1"][0] = -1
    >>> vector[6]
    np.float64(-1.0)
    """
    named, start = {}, 0
    for name, parameter in declared.items():
        stop = start + parameter.size
        named[name] = vector[start:stop].reshape(parameter.shape)
        start = stop
    return named
