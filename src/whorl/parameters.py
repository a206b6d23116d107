"""Parameters: a layer declares arrays; its model keeps them in flat vectors, and passes views of them to the layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Shape
from whorl.initializers import Initializer


@dataclass(frozen=True)
class Parameter:
    """The declaration of an array of a layer.

    Parameters
    ----------
    shape : tuple of int
    initializer : Initializer
        Returns the initial values.
    l1, l2 : float
        Strengths of the L1 and L2 penalties, at least 0.
    trained : bool
        Whether the optimizer changes the array. Other arrays, such as running means, have no gradient.
    decay : float
        Factor of the optimizer's weight decay, at least 0: with 0 the array does not decay.
    """

    shape: Shape
    initializer: Initializer
    l1: float = 0.0
    l2: float = 0.0
    trained: bool = True
    decay: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple):
            raise TypeError(f"shape must be a tuple of integers, such as (3,), got {validation.show(self.shape)}")
        validation.instance("initializer", self.initializer, Initializer, "Zeros()")
        for name in ("l1", "l2", "decay"):
            validation.number(name, getattr(self, name), minimum=0)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


class Batch:
    """The batch that the rows of a training pass belong to, for layers that need sums over it: here, they are all of it.

    If several processes train together, each has some rows of the batch, and theirs adds up over all of them.
    """

    def size(self, x: Array) -> int:
        """Return the number of samples in the batch, given the rows x (n, …) of this process."""
        return len(x)

    def mean(self, total: Array, size: int) -> Array:
        """Return the mean over the batch, given the sum over the rows of this process, and the size of the batch."""
        return total / size

    def mean_gradient(self, total: Array, size: int) -> Array:
        """Return the mean over the batch of derivatives of the loss, dL/dy, given their sum over the rows of this process."""
        return total / size


class Views(SimpleNamespace):
    """The arrays of one layer as attributes, with the names that it declared: ``p.w``, ``p.b``.

    They are views of the model's flat vectors: p of its parameters and statistics, g of the gradients.

    Attributes
    ----------
    parts : tuple of Views
        The views of the layers inside this one.
    inputs : bool
        In g: whether dL/dx is needed. In training, it is not needed from the first layer with parameters.
    frozen : bool
        In p: whether the layer works as when predicting, even in a training pass.
    epoch : float
        In p: the time of the training step in epochs, if the layer is `Layer.timed`.
    batch : Batch
        In p: the batch of the training step, if the layer is `Layer.batchwise`.
    """

    parts: tuple[Views, ...] = ()
    inputs: bool = True
    frozen: bool = False
    epoch: float = 0.0
    batch: Batch = Batch()

    def __setattr__(self, name: str, value: object) -> None:
        current = vars(self).get(name)
        if isinstance(current, np.ndarray) and value is not current:  # `p.w *= 2` assigns the same array
            raise TypeError(
                f"{name} is a view of the model's vector: write into it, {name}[...] = …, instead of replacing it"
            )
        super().__setattr__(name, value)


class NamedArrays(dict[str, Array]):
    """Views of a model's arrays by name, to be written into: the dictionary itself is made anew at each call."""

    def __setitem__(self, name: str, value: object) -> None:
        raise TypeError(f"to change {name}, write into its array: [{name!r}][...] = values")


def views(vector: Array, declared: Mapping[str, Parameter]) -> NamedArrays:
    """Return views of consecutive parts of `vector`, by name, in the declared shapes.

    Parameters
    ----------
    vector : ndarray, shape (P,)
        P is the sum of the declared sizes.
    declared : mapping of str to Parameter
        The declarations, in the order of the values in the vector.

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
    return NamedArrays(named)


def declared(kind: str, parameters: Mapping[str, Parameter], dtype: np.dtype[np.floating]) -> Array:
    """Return the numbers that parameters are declared with, such as their strengths of L2, one for each element of their vector.

    Examples
    --------
    >>> from whorl.initializers import Zeros
    >>> declared("l2", {"w1": Parameter((3,), Zeros(), l2=0.5), "b1": Parameter((2,), Zeros())}, np.dtype(np.float32))
    array([0.5, 0.5, 0.5, 0. , 0. ], dtype=float32)
    """
    numbers = [np.full(each.size, getattr(each, kind), dtype) for each in parameters.values()]
    return np.concatenate(numbers) if numbers else np.zeros(0, dtype)
