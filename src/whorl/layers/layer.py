"""What a layer is: a formula, the arrays it needs, and the way back. It keeps no numbers and no memory of a pass."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from whorl._core.description import Description
from whorl._core.types import Array, Backward, Shape
from whorl.parameters import Parameter, Views


class Layer(Description, ABC):
    """Base of all layers.

    A layer is an immutable description: its fields are its settings. A `Model` holds the numbers; it asks the layer
    which arrays it needs for inputs of some shape (`parameters`), and hands them in with each pass: a parameter
    declared as ``w`` is ``p.w``, and its gradient goes to ``g.w``. So one layer may stand in several models.

    A layer of your own writes `forward`, and declares its settings as fields:

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

    One with parameters writes `parameters` too. Here a slope for each input, ``y = x`` where x > 0, else ``a x`` (PReLU):

    >>> from whorl.initializers import Zeros
    >>> class PReLU(Layer):
    ...     def parameters(self, inputs):
    ...         return {"a": Parameter(inputs, Zeros())}      # p.a, and its gradient g.a
    ...     def forward(self, x, p, rng=None):
    ...         def backward(dy, g):
    ...             np.sum(dy * np.minimum(x, 0), axis=0, out=g.a)
    ...             return dy * np.where(x > 0, x.dtype.type(1), p.a)
    ...         return np.maximum(x, 0) + p.a * np.minimum(x, 0), backward
    >>> from whorl import CrossEntropy, Softmax, check_gradients
    >>> model = Model([Dense(4), PReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> list(model.named_parameters())
    ['w1', 'b1', 'a2', 'w3', 'b3']
    >>> max(check_gradients(model, [[1.0, 2.0], [3.0, -1.0]], [0, 2], loss=CrossEntropy()).values()) < 1e-6
    True
    """

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layers inside this one, for a layer that is made of others."""
        return ()

    def output_shape(self, inputs: Shape) -> Shape:
        """Return the shape of one output for inputs of this shape; raise ValueError if they do not fit."""
        return inputs

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        """Return the arrays that the layer needs for inputs of this shape, by name, in order."""
        return {}

    @abstractmethod
    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        """Return the output, and the closure that takes the gradient of the loss back.

        Parameters
        ----------
        x : ndarray, shape (batch, *inputs)
            The inputs. Never overwritten.
        p : Views
            The layer's arrays, and in ``p.parts`` those of its parts.
        rng : Generator or None
            The source of random numbers in a training pass; None when predicting.

        Returns
        -------
        y : ndarray, shape (batch, *outputs)
        backward : callable
            ``backward(dy, g)`` takes dL/dy, writes the gradients of the parameters into the views g, and returns dL/dx,
            which may be None where ``g.inputs`` is False. It may overwrite dy. All that it needs of its own pass it holds
            itself, so it may be called once or more often, in any order with the closures of other passes.
        """

    @property
    def constrained(self) -> bool:
        """Whether the layer constrains its parameters: by default, whether it has a `constrain` of its own."""
        return type(self).constrain is not Layer.constrain

    def constrain(self, p: Views) -> None:
        """Bring the parameters p back to where they may be; called after each step, for parts too."""

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        """Return whether the layer or one of its parts learns from data without gradients, and has not yet, or should `again`."""
        return any(part.needs_data(views, again=again) for part, views in zip(self.parts, p.parts, strict=True))

    def adapt(self, x: Array, p: Views, *, again: bool = False) -> None:
        """Learn from the inputs x of all training samples, without gradients; called where the layer `needs_data`."""
