"""The base class of layers: a formula, the arrays that it needs, and its backward pass. A layer stores no arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from whorl._core.description import Description
from whorl._core.types import Array, Backward, Shape
from whorl.parameters import Parameter, Views


class Layer(Description, ABC):
    """Base of all layers.

    A layer is an immutable description: its fields are its settings. A `Model` holds the arrays; it asks the layer
    which ones it needs for inputs of some shape (`parameters`), and passes them to `forward`: a parameter declared
    as ``w`` is ``p.w``, and its gradient is written to ``g.w``. So the same layer can be used in several models.

    To write a layer of your own, declare its settings as fields and define `forward`:

    >>> import numpy as np
    >>> class Sine(Layer):                                    # y = amplitude · sin(x)
    ...     amplitude: float = 1.0
    ...     def forward(self, x, p, rng=None):
    ...         def backward(dy, g):
    ...             return dy * self.amplitude * np.cos(x)
    ...         return self.amplitude * np.sin(x), backward
    >>> from whorl import Dense, Model
    >>> Model([Dense(4), Sine(2.0)], inputs=2, rng=0).predict([[0.0, 0.0]])
    array([[0., 0., 0., 0.]], dtype=float32)

    If it has parameters, define `parameters` too. Here a slope for each input, ``y = x`` where x > 0, else ``a x`` (PReLU):

    >>> from whorl import Parameter
    >>> from whorl.initializers import Zeros
    >>> class PReLU(Layer):
    ...     def parameters(self, inputs):
    ...         return {"a": Parameter(inputs, Zeros())}      # p.a, and its gradient g.a
    ...     def forward(self, x, p, rng=None):
    ...         def backward(dy, g):
    ...             g.a[...] = np.sum(dy * np.minimum(x, 0), axis=0)
    ...             return dy * np.where(x > 0, x.dtype.type(1), p.a)
    ...         return np.maximum(x, 0) + p.a * np.minimum(x, 0), backward
    >>> from whorl import CrossEntropy, Softmax, check_gradients
    >>> model = Model([Dense(4), PReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> list(model.named_parameters())
    ['w1', 'b1', 'a2', 'w3', 'b3']
    >>> max(check_gradients(model, [[1.0, 2.0], [3.0, -1.0]], [0, 2], loss=CrossEntropy()).values()) < 1e-6
    True
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, value in vars(cls).items():
            if isinstance(value, bool | int | float | str) and name[0] != "_" and name not in cls.__annotations__:
                raise TypeError(
                    f"{cls.__name__}.{name} = {value!r} is no setting without its type: write {name}: {type(value).__name__} = {value!r}"
                )

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layers inside this one, if it is made of others."""
        return ()

    @property
    def part_rows(self) -> tuple[tuple[Layer, ...], ...]:
        """`parts` as one or several rows: the first layer of each takes inputs of the shape that this layer takes."""
        return (self.parts,)

    def output_shape(self, inputs: Shape) -> Shape:
        """Return the shape of one output for inputs of this shape; raise ValueError if they do not fit."""
        return inputs

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return the arrays that the layer needs for inputs of this shape, by name, in order."""
        return {}

    @abstractmethod
    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return the output, and the function that computes the gradients.

        Parameters
        ----------
        x : ndarray, shape (batch, *inputs)
            The inputs. Never overwritten.
        p : Views
            The layer's arrays, and in ``p.parts`` those of the layers inside it.
        rng : Generator or None
            The source of random numbers in a training pass; None when predicting.

        Returns
        -------
        y : ndarray, shape (batch, *outputs)
        backward : callable
            ``backward(dy, g)`` takes dL/dy, writes the gradients of the parameters into the views g, and returns dL/dx,
            which may be None where ``g.inputs`` is False. It may overwrite dy. It keeps what it needs of its own forward
            pass, so it can be called several times, and in any order relative to those of other passes.
        """

    @property
    def constrained(self) -> bool:
        """Whether the layer constrains its parameters: by default, whether it has a `constrain` of its own."""
        return type(self).constrain is not Layer.constrain

    def constrain(self, p: Views) -> None:
        """Apply the layer's constraint to its parameters p, in place. Called after each training step."""

    @property
    def timed(self) -> bool:
        """Whether a setting of the layer changes with time: then ``p.epoch`` is the time of each step, in epochs."""
        return False

    @property
    def batchwise(self) -> bool:
        """Whether an output in training depends on other samples of the batch: then ``p.batch`` has its size and its means."""
        return False

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        """Return whether the layer, or one inside it, must be fitted to data, as `Standardize`: for the first time or `again`."""
        return any(part.needs_data(views, again=again) for part, views in zip(self.parts, p.parts, strict=True))

    most_samples: ClassVar[int | None] = None
    """The largest number of training samples that `adapt` is given; None for all."""

    @property
    def adapts_in_parts(self) -> bool:
        """Whether the layer can be fitted to some samples after the other, with an `adapt_in_parts` of its own."""
        return type(self).adapt_in_parts is not Layer.adapt_in_parts

    def adapt_in_parts(self, parts: Iterable[Array], p: Views) -> None:
        """Fit the layer to its inputs for all training samples, some of them at a time, as `adapt` does."""

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        """Fit the layer to its inputs x for the training samples. Called if `needs_data` returns True.

        Parameters
        ----------
        x : ndarray, shape (n, *inputs)
            The inputs for all training samples, or for `most_samples` of them, evenly spaced.
        p : Views
            The layer's arrays, to be changed in place.
        rng : Generator
            The source of random numbers.
        again : bool
            Whether to replace what the layer has learned before.
        """
