"""`Stack`: layers in sequence, with all their parameters in one flat vector.

So an optimizer step is one expression over a vector, and clipping, snapshots and averaging are one line each.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from whorl._core import randomness, validation
from whorl._core.hints import did_you_mean
from whorl._core.memory import aligned_zeros
from whorl._core.randomness import RNG
from whorl._core.types import Array, Shape
from whorl.layers import Layer, chain
from whorl.layers.chain import Place
from whorl.parameters import Batch, NamedArrays, Parameter, Views, declared, views
from whorl.regularizers import L1, L2

FOREIGN = {"stop_training", "trainable", "optimizer"}
"""Attributes that Keras's models have. Here they would be set without any effect."""


class Stack:
    """Base of `Model`, which documents the arguments: the layers and their arrays.

    Attributes
    ----------
    places : list of Place
        The connected layers, with their shapes and parameter names.
    declared, trained, untrained : dict of str to Parameter
        The declarations of all arrays by name, in order; of those in `parameters`; of those in `statistics`.
    p, g : tuple of Views
        For each layer, views of its parameters and statistics, and of the gradients of its parameters.
    first : int
        Index of the first layer with parameters, where the backward pass ends in training.
    penalties : list of L1 and L2
        Those with a strength above 0.
    decay : float or ndarray, shape (P,)
        Factors of the optimizer's weight decay: 1.0 for all parameters, or one for each.
    timed : list of Views
        Those of the layers whose settings change with time.
    batchwise : list of Views
        Those of the layers that need sums over the batch.
    frozen : frozenset of int
        Indices of the layers that training does not change.
    """

    preparation: Any = None
    uncertainty: Any = None

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        inputs: int | Sequence[int],
        rng: RNG = None,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.inputs: Shape = validation.shape("inputs", inputs)
        self.dtype: np.dtype[Any] = validation.float_type("dtype", dtype)
        self.layers: tuple[Layer, ...] = chain.checked("layers", layers)
        self.frozen: frozenset[int] = frozenset()
        self._connect()
        generator, arrays = randomness.generator(rng), self.named_arrays()
        for name, parameter in self.declared.items():
            arrays[name][...] = parameter.initializer(parameter.shape, generator)

    def _connect(self) -> None:
        """Allocate the vectors, and create the layers' views of them."""
        self.places: list[Place] = chain.connect(self.layers, self.inputs)
        self.outputs: Shape = self.places[-1].outputs
        parameters = {name: each for place in chain.walk(self.places) for name, each in place.declared.items()}
        self.declared: dict[str, Parameter] = parameters
        self.trained: dict[str, Parameter] = {name: each for name, each in parameters.items() if each.trained}
        self.untrained: dict[str, Parameter] = {name: each for name, each in parameters.items() if not each.trained}
        size = sum(each.size for each in self.trained.values())
        self._parameters = aligned_zeros(size, self.dtype, 0)
        self._gradients = aligned_zeros(size, self.dtype, 1)
        self._statistics = np.zeros(sum(each.size for each in self.untrained.values()), self.dtype)
        arrays = self.named_arrays()
        self.p: tuple[Views, ...] = tuple(chain.views(place, arrays) for place in self.places)
        trained = (i for i, place in enumerate(self.places) if self._trained_in(place))
        self.first: int = next(trained, len(self.places))
        self.g: tuple[Views, ...] = self.gradient_views()
        penalties = L1(declared("l1", self.trained, self.dtype)), L2(declared("l2", self.trained, self.dtype))
        self.penalties: list[L1 | L2] = [penalty for penalty in penalties if penalty.strengths.any()]
        factors = declared("decay", self.trained, self.dtype)
        self.decay: Array | float = factors if (factors != 1).any() else 1.0
        pairs = [pair for place, p in zip(self.places, self.p, strict=True) for pair in chain.pairs(place, p)]
        self._constrained = [(layer, p) for layer, p in pairs if layer.constrained]
        self.timed: list[Views] = [p for layer, p in pairs if layer.timed]
        self.batchwise: list[Views] = [p for layer, p in pairs if layer.batchwise]
        self._gather_frozen()

    def samples(self, X: Any) -> Array:
        """Return X as an array of samples in the model's dtype, as all methods do that take X.

        Parameters
        ----------
        X : array_like, shape (n, *inputs), or data frame
            At least one sample; finite. If the model has learned a table, a data frame or a mapping goes through its preparation.

        Examples
        --------
        >>> from whorl import Dense, Model
        >>> Model([Dense(3)], inputs=2, rng=0).samples([[1, 2], [3, 4]])
        array([[1., 2.],
               [3., 4.]], dtype=float32)
        """
        mapping = isinstance(X, Mapping)
        frame = mapping or hasattr(type(X), "columns")
        if frame and self.preparation is not None:
            X, mapping, frame = self.preparation.transform(X), False, False
        if mapping:
            names = ", ".join(map(str, X))
            raise TypeError(f"X must hold real numbers, got a mapping with the columns {names}; {validation.TABLES}")
        try:
            x = validation.samples("X", X, self.inputs, self.dtype).view()
        except (TypeError, ValueError) as error:
            if not frame or validation.TABLES in str(error):
                raise
            raise type(error)(f"{error}; {validation.TABLES}") from None
        x.flags.writeable = False  # it may be the caller's array, which a layer must not change
        return x

    def gradient_views(self, *, inputs: bool = False) -> tuple[Views, ...]:
        """Return each layer's views of the gradients, for a backward pass that returns dL/dx of the inputs or does not."""
        gradients = self.named_gradients()
        g = tuple(chain.views(place, gradients) for place in self.places)
        for views_ in g[: self.first + 1]:
            views_.inputs = inputs
        return g

    def _trained_in(self, place: Place) -> list[str]:
        """Return the names of the trained parameters of a layer and of the layers inside it."""
        return [name for each in chain.walk([place]) for name in each.declared if name in self.trained]

    # The layers hold views of these vectors, so assignment copies values into them and does not replace them.

    @property
    def parameters(self) -> Array:
        """All parameters in one vector (P,). Assigned values are copied into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, values: npt.ArrayLike) -> None:
        self._parameters[...] = values

    @property
    def gradients(self) -> Array:
        """The gradients computed last (P,), in the order of `parameters`."""
        return self._gradients

    @gradients.setter
    def gradients(self, values: npt.ArrayLike) -> None:
        self._gradients[...] = values

    @property
    def statistics(self) -> Array:
        """The values computed from data and not trained by gradients, in one vector (S,)."""
        return self._statistics

    @statistics.setter
    def statistics(self, values: npt.ArrayLike) -> None:
        self._statistics[...] = values

    # For copy.deepcopy and pickle: a copy gets its own vectors and views.

    def __getstate__(self) -> dict[str, Any]:
        derived = {"places", "outputs", "declared", "trained", "untrained", "p", "g", "first", "penalties"}
        derived |= {"decay", "timed", "batchwise"}
        derived |= {"_parameters", "_gradients", "_statistics", "_constrained", "_frozen"}
        state = {name: value for name, value in vars(self).items() if name not in derived}
        return state | {"parameters": self.parameters.copy(), "statistics": self.statistics.copy()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        numbers = {name: state[name] for name in ("parameters", "statistics")}
        vars(self).update({name: value for name, value in state.items() if name not in numbers})
        self._connect()
        self.parameters, self.statistics = numbers["parameters"], numbers["statistics"]

    def __getattr__(self, name: str) -> Any:
        known = [each for each in dir(type(self)) if not each.startswith("_")]
        hint = "" if name.startswith("_") else did_you_mean(name, known)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in FOREIGN:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} to set{did_you_mean(name, ())}")
        super().__setattr__(name, value)

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # models never share arrays

    def __repr__(self) -> str:
        inputs = self.inputs[0] if len(self.inputs) == 1 else self.inputs
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype.name!r}"
        return f"{type(self).__name__}({list(self.layers)}, inputs={inputs}{dtype})"

    def named_parameters(self) -> dict[str, Array]:
        """Return views of the parameters by name: ``w1, b1, w2, b2``. Only layers with parameters are numbered."""
        return views(self.parameters, self.trained)

    def named_gradients(self) -> dict[str, Array]:
        """Return views of the gradients, by the names of the parameters."""
        return views(self.gradients, self.trained)

    def named_statistics(self) -> dict[str, Array]:
        """Return views of the statistics by name, such as ``mean1, variance1`` of a `BatchNorm`."""
        return views(self.statistics, self.untrained)

    def named_arrays(self) -> dict[str, Array]:
        """Return views of parameters and statistics by name, layer by layer: the arrays of a model file."""
        both = self.named_parameters() | self.named_statistics()
        return NamedArrays({name: both[name] for name in self.declared})

    def freeze(self, *layers: int) -> None:
        """Freeze layers: training does not change their parameters.

        Frozen layers work as in prediction: dropout is off, and batch norm uses its running statistics. ``freeze()`` without
        arguments unfreezes all layers. The frozen layers are saved with the model.

        Parameters
        ----------
        *layers : int
            Indices of the layers, from 0; negative ones count from the end. They replace those frozen before.

        Raises
        ------
        TypeError, ValueError
            If an index is not an integer, or there is no such layer.

        Examples
        --------
        >>> from whorl import Dense, Model, ReLU
        >>> model = Model([Dense(8), ReLU(), Dense(3)], inputs=2, rng=0)
        >>> model.freeze(0, -1)
        >>> sorted(model.frozen)
        [0, 2]
        """
        count = len(self.layers)
        for number in layers:
            if validation.integer("a layer to freeze", number, minimum=-count) >= count:
                raise ValueError(f"a layer to freeze must be below {count}, the number of layers, got {number}")
        self.frozen = frozenset(number % count for number in layers)
        self._gather_frozen()

    def _gather_frozen(self) -> None:
        """Mark the views of the frozen layers, and collect their parameters and gradients."""
        for i, views_ in enumerate(self.p):
            views_.frozen = i in self.frozen
        names = [name for i in self.frozen for name in self._trained_in(self.places[i])]
        parameters, gradients = self.named_parameters(), self.named_gradients()
        self._frozen = [(parameters[name], gradients[name]) for name in names]

    def frozen_values(self) -> list[tuple[Array, Array]]:
        """Return the parameters of the frozen layers, each with a copy of its values."""
        return [(view, view.copy()) for view, _ in self._frozen]

    def set_unfrozen(self, values: Array) -> None:
        """Set all parameters except those of the frozen layers."""
        frozen = self.frozen_values()
        self.parameters = values
        for view, kept in frozen:
            view[...] = kept

    def clear_frozen(self) -> None:
        """Set the gradients of the frozen layers to 0."""
        for _, gradient in self._frozen:
            gradient[...] = 0

    def set_epoch(self, epoch: float) -> None:
        """Set the time, in epochs, for the layers whose settings change with it."""
        for views_ in self.timed:
            views_.epoch = epoch

    def set_batch(self, batch: Batch) -> None:
        """Set the batch that the rows of the coming passes belong to, for the layers that need sums over it."""
        for views_ in self.batchwise:
            views_.batch = batch

    def constrain(self, frozen: Iterable[tuple[Array, Array]]) -> None:
        """Apply the layers' constraints; restore frozen parameters, which momentum and weight decay change too."""
        for layer, p in self._constrained:
            layer.constrain(p)
        for view, values in frozen:
            view[...] = values
