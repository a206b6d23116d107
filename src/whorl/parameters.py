"""All parameters of a model in one flat vector, all gradients in another of the same length.

Layers work with named views of them: reshaped stretches that share the vectors' memory. So an optimizer
is one expression over a vector, and clipping, snapshots and averaging are one line each.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from whorl._core.types import Array, Shape
from whorl.initializers import Initializer


@dataclass(frozen=True)
class Parameter:
    """What a layer declares: it will need an array of this name and shape, started so, penalised so.

    Parameters
    ----------
    name : str
        The layer's own name for it; the model adds the layer's number (``w`` becomes ``w1``).
    shape : tuple of int
        Its shape.
    initializer : Initializer
        Gives its first values.
    l1, l2 : float
        The strengths of its L1 and L2 penalties, at least 0.
    trained : bool
        Whether the optimizer changes it. What is not trained, such as a running mean, has no gradient.
    """

    name: str
    shape: Shape
    initializer: Initializer
    l1: float = 0.0
    l2: float = 0.0
    trained: bool = True

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name[-1].isdigit():
            raise ValueError(
                f"a parameter's name must be an identifier that does not end in a digit, since the model adds a number,"
                f" got {self.name!r}"
            )

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


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
    >>> named = views(vector, {"w1": Parameter("w", (2, 3), Zeros()), "b1": Parameter("b", (2,), Zeros())})
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
