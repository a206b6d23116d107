"""What a layer is: mathematics and its parameters. It keeps no memory of a pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core.description import Configured
from whorl._core.types import Array, Backward, Shape
from whorl.parameters import Parameter


class Layer(Configured, ABC):
    """Base of all layers, and all that one needs to be a layer.

    A layer is made knowing nothing of its neighbours. When a `Model` takes it in, the model keeps a copy of
    its own, tells the copy the shape of its inputs, and binds views of the parameters it declared: a
    parameter declared as ``w`` becomes the attribute ``self.w``, and its gradient ``self.dw``.

    A layer of your own with parameters writes `declare` and `forward`; one without writes `forward` alone:

    >>> import numpy as np
    >>> class Tanh(Layer):
    ...     def forward(self, x, training):
    ...         y = np.tanh(x)
    ...         def backward(dy):
    ...             return dy * (1 - y * y)
    ...         return y, backward
    >>> from whorl import Dense, Model
    >>> Model([Dense(4), Tanh()], inputs=2, rng=0).predict([[0.0, 0.0]])
    array([[0., 0., 0., 0.]], dtype=float32)

    With a parameter, a slope for each input that training finds, ``y = x`` where x > 0, else ``a x`` (PReLU):

    >>> from whorl.initializers import Zeros
    >>> class PReLU(Layer):
    ...     def declare(self, inputs):
    ...         return [Parameter("a", inputs, Zeros())]      # is self.a, and its gradient self.da
    ...     def forward(self, x, training):
    ...         def backward(dy):
    ...             np.sum(dy * np.minimum(x, 0), axis=0, out=self.da)
    ...             return dy * np.where(x > 0, x.dtype.type(1), self.a)
    ...         return np.maximum(x, 0) + self.a * np.minimum(x, 0), backward
    >>> from whorl import CrossEntropy, Softmax, check_gradients
    >>> model = Model([Dense(4), PReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> list(model.named_parameters())
    ['w1', 'b1', 'a2', 'w3', 'b3']
    >>> max(check_gradients(model, [[1.0, 2.0], [3.0, -1.0]], [0, 2], loss=CrossEntropy()).values()) < 1e-6
    True
    """

    input_gradient: bool = True
    """False where nobody needs dL/dx: in the layers that have no parameters before them. Set by the model."""

    frozen: bool = False
    """True in a layer that is not to change: it works as when predicting. Set by `Model.freeze`."""

    parts: tuple[Layer, ...] = ()
    """The layers within this one, for those that are made of others."""

    def output_shape(self, inputs: Shape) -> Shape:
        """Return the shape of one output for inputs of this shape; raise ValueError if they do not fit."""
        return inputs

    def declare(self, inputs: Shape) -> list[Parameter]:
        """Return what parameters the layer needs for inputs of this shape, in order."""
        return []

    @abstractmethod
    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        """Return the output, and the closure that takes the loss gradient back.

        Parameters
        ----------
        x : ndarray, shape (batch, *inputs)
            The inputs. Never overwritten.
        training : Generator or None
            Where a training pass draws its random numbers from, so that ``if training:`` reads as it
            should; None when the network predicts.

        Returns
        -------
        y : ndarray, shape (batch, *outputs)
        backward : callable
            ``backward(dy)`` fills the gradient views of this layer's parameters and returns dL/dx. It may
            overwrite dy. It may be called once or more often, in any order with other passes' closures:
            all that it needs of its own pass it holds itself.
        """

    def constrain(self) -> None:
        """Bring the parameters back to where they may be, after a step."""

    def bind(self, views: Mapping[str, Array]) -> None:
        """Take hold of the views of the parameters declared, and of their gradients, by attribute name."""
        taken = set(views) & (set(vars(self)) - set(vars(self).get("_bound", ())))
        if taken:
            raise ValueError(f"{type(self).__name__} has {taken} already, and declares a parameter of that name")
        vars(self).update(views)
        self._bound = list(views)

    def __setattr__(self, name: str, value: Any) -> None:
        # A parameter is a view of the model's vector: what is assigned goes into it, and does not take its place.
        if name in vars(self).get("_bound", ()):
            vars(self)[name][...] = value
        else:
            super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        # A copy is a description again: views copied one by one would no longer share the vectors' memory.
        state = dict(self.__dict__)
        for name in state.pop("_bound", []):
            del state[name]
        return state

    if not TYPE_CHECKING:  # for a type checker there is nothing more to find

        def __getattr__(self, name: str) -> object:
            # Python comes here only for what is not found.
            hint = "; a layer gets its parameters when a Model takes a copy of it: look at model.layers"
            bound = "_bound" in vars(self) or name.startswith("__")
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{'' if bound else hint}")
