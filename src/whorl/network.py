"""The network: layers in a row over flat vectors, and one pass through them, forward and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from whorl._core import randomness, validation
from whorl._core.memory import aligned_zeros, aligned_zeros_like, keep_freed_memory
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.layers import Layer, Sigmoid, Softmax, Standardize, chain
from whorl.losses import BinaryCrossEntropy, CrossEntropy, FusedLoss, Loss
from whorl.metrics import Metric
from whorl.optimizers import Optimizer
from whorl.parameters import views
from whorl.regularizers import L1, L2

if TYPE_CHECKING:
    from whorl.training import Samples, Training
    from whorl.training.data import Selection

FUSED: Mapping[type[Loss], type[Layer]] = {CrossEntropy: Softmax, BinaryCrossEntropy: Sigmoid}
"""Where a model ends in such a layer and meets such a loss, the two are one stable step: `FusedLoss.from_scores`."""

CHUNK = 1024
"""Samples that go through the network at a time when it predicts, which bounds the memory it takes."""


class Network:
    """What a `Model` is made of, without what users call to train and to predict: its constructor is described there."""

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        inputs: int | Sequence[int],
        rng: RNG = None,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.inputs = validation.shape("inputs", inputs)
        self.dtype = validation.float_type("dtype", dtype)
        self.layers = chain.copied(layers)
        self.preparation: Any = None
        self._connect()
        generator, named = randomness.generator(rng), self.named_arrays()
        for name, parameter in self._declared.items():
            named[name][...] = parameter.initializer(parameter.shape, generator)

    def _connect(self) -> None:
        """Allocate the vectors, bind the layers' views of them, and gather the strengths of the penalties."""
        self._places = places = chain.connect(self.layers, self.inputs)
        self.outputs = places[-1].outputs
        self._declared = {name: p for place in chain.walk(places) for name, p in place.declared.items()}
        self._trained = {name: p for name, p in self._declared.items() if p.trained}
        self._untrained = {name: p for name, p in self._declared.items() if not p.trained}
        self._parameters = aligned_zeros(sum(p.size for p in self._trained.values()), self.dtype, 0)
        self._gradients = aligned_zeros_like(self.parameters, 1)
        self._statistics = np.zeros(sum(p.size for p in self._untrained.values()), self.dtype)
        arrays, gradients = self.named_arrays(), self.named_gradients()
        for place in chain.walk(places):
            bound = {p.name: arrays[name] for name, p in place.declared.items()}
            bound |= {f"d{p.name}": gradients[name] for name, p in place.declared.items() if p.trained}
            place.layer.bind(bound)
        penalties = L1(self._spread("l1")), L2(self._spread("l2"))
        self._penalties = [penalty for penalty in penalties if penalty.strengths.any()]
        trainable = [
            i
            for i, place in enumerate(places)
            if any(p.trained for part in chain.walk([place]) for p in part.declared.values())
        ]
        self._first_trainable = trainable[0] if trainable else len(self.layers)
        self._constrained = [p.layer for p in chain.walk(places) if type(p.layer).constrain is not Layer.constrain]
        self._partial: tuple[Optimizer, Training] | None = None
        self._gather_frozen()
        self.track_inputs(wanted=False)

    def _spread(self, strength: str) -> Array:
        """Return a vector like the parameters, that holds for each element the strength declared for its array."""
        spread = np.zeros_like(self.parameters)
        for name, view in views(spread, self._trained).items():
            view[...] = getattr(self._trained[name], strength)
        return spread

    # The layers work on views of these vectors: what is assigned goes into them, and does not take their place.

    @property
    def parameters(self) -> Array:
        """All parameters in one vector (P,)."""
        return self._parameters

    @parameters.setter
    def parameters(self, values: npt.ArrayLike) -> None:
        self._parameters[...] = values

    @property
    def gradients(self) -> Array:
        """The gradient that was last taken back (P,), element by element that of `parameters`."""
        return self._gradients

    @gradients.setter
    def gradients(self, values: npt.ArrayLike) -> None:
        self._gradients[...] = values

    @property
    def statistics(self) -> Array:
        """What was learned from data without gradients, such as the running means of `BatchNorm`, in one vector."""
        return self._statistics

    @statistics.setter
    def statistics(self, values: npt.ArrayLike) -> None:
        self._statistics[...] = values

    # copy.copy, copy.deepcopy and pickle come through these two: the copy gets vectors of its own, and views of them.

    def __getstate__(self) -> dict[str, Any]:
        state = {name: deepcopy(value) for name, value in vars(self).items() if not name.startswith("_")}
        return state | {"parameters": self.parameters.copy(), "statistics": self.statistics.copy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vectors = {name: state[name] for name in ("parameters", "statistics")}
        vars(self).update({name: value for name, value in state.items() if name not in vectors})
        self._connect()
        self.parameters, self.statistics = vectors["parameters"], vectors["statistics"]

    def __repr__(self) -> str:
        inputs = self.inputs[0] if len(self.inputs) == 1 else self.inputs
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype.name!r}"
        return f"{type(self).__name__}([{', '.join(map(repr, self.layers))}], inputs={inputs}{dtype})"

    def named_parameters(self) -> dict[str, Array]:
        """Return views of the parameters: ``w1, b1, w2, b2``, numbered by layer with parameters."""
        return views(self.parameters, self._trained)

    def named_gradients(self) -> dict[str, Array]:
        """Return views of the gradients, under the names of their parameters."""
        return views(self.gradients, self._trained)

    def named_statistics(self) -> dict[str, Array]:
        """Return views of what was learned from data without gradients: ``mean1, variance1`` of a `BatchNorm`."""
        return views(self.statistics, self._untrained)

    def named_arrays(self) -> dict[str, Array]:
        """Return views of parameters and statistics, layer by layer: all that is saved of a model."""
        both = self.named_parameters() | self.named_statistics()
        return {name: both[name] for name in self._declared}

    def freeze(self, *layers: int) -> None:
        """Keep these layers, by their places in `layers`, as they are: training changes their parameters no more.

        A frozen layer works as when predicting: dropout is off, and batch norm uses its running statistics. ``freeze()``
        without numbers lets all layers go again.

        Parameters
        ----------
        *layers : int
            Places, from 0; negative ones count from the end. They take the place of those frozen before.

        Raises
        ------
        TypeError, ValueError
            If a place is no whole number, or there is none such.

        Examples
        --------
        >>> import whorl
        >>> from whorl import Dense, Model, ReLU, SGD
        >>> X, y = whorl.datasets.spiral(50, rng=0)
        >>> model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
        >>> before = {name: view.copy() for name, view in model.named_parameters().items()}
        >>> model.freeze(0)
        >>> _ = model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
        >>> {name: bool((view != before[name]).any()) for name, view in model.named_parameters().items()}
        {'w1': False, 'b1': False, 'w2': True, 'b2': True}
        """
        count = len(self.layers)
        for number in layers:
            if validation.integer("a place to freeze", number, minimum=-count) >= count:
                raise ValueError(f"a place to freeze must be below {count}, the number of layers, got {number}")
        chosen = {number % count for number in layers}
        for i, place in enumerate(self._places):
            for part in chain.walk([place]):
                part.layer.frozen = i in chosen
        self._gather_frozen()

    def _gather_frozen(self) -> None:
        """Look up the parameters of frozen layers, and their gradients."""
        names = [
            name for p in chain.walk(self._places) if p.layer.frozen for name in p.declared if name in self._trained
        ]
        parameters, gradients = self.named_parameters(), self.named_gradients()
        self._frozen = [(parameters[name], gradients[name]) for name in names]

    def adapt(self, X: Any) -> None:
        """Let the layers that learn from data without gradients, such as `Standardize`, learn anew from these samples.

        Training does this by itself for those that have not learned yet.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.
        """
        self.settle_in(validation.samples("X", X, self.inputs, self.dtype), anew=True)

    def settle_in(self, x: Array | Selection, *, anew: bool = False) -> None:
        """Let layers such as `Standardize` learn from checked samples, those that have not learned yet or all of them."""
        learning = [
            i for i, each in enumerate(self.layers) if isinstance(each, Standardize) and (anew or not each.adapted)
        ]
        done = 0
        for i in learning:
            if i > done:
                x, done = self._in_chunks(self.layers[done:i], x), i
            cast("Standardize", self.layers[i]).adapt(np.asarray(x))

    def activations(self, X: Any) -> list[Array]:
        """Return what comes out of each layer for these samples, in order: the last is the prediction.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.

        Examples
        --------
        >>> from whorl import Dense, Model, ReLU
        >>> model = Model([Dense(8), ReLU(), Dense(3)], inputs=2, rng=0)
        >>> [a.shape for a in model.activations([[0.5, 0.5]])]
        [(1, 8), (1, 8), (1, 3)]
        """
        x = validation.samples("X", X, self.inputs, self.dtype)
        outputs = []
        for layer in self.layers:
            x = self._in_chunks([layer], x)
            outputs.append(x)
        return outputs

    def track_inputs(self, *, wanted: bool = True) -> None:
        """Take gradients back to the inputs, or not: gradient checks and saliency maps need dL/dx, training does not."""
        self._first = 0 if wanted else self._first_trainable
        for i, layer in enumerate(self.layers):
            layer.input_gradient = wanted or i > self._first_trainable

    # One pass. What follows trusts its arguments: x is (n, *inputs) of the model's dtype.

    def loss(
        self,
        x: Array,
        target: Array,
        loss: Loss,
        *,
        weight: Array | None = None,
        training: np.random.Generator | None = None,
    ) -> tuple[float, float, Array, Callable[[], Array | None]]:
        """Return the loss, the penalty in it, the prediction, and the closure that takes the gradient all the way back.

        The closure fills `gradients` with the gradient of exactly the loss returned, penalty included, and returns dL/dx
        if `track_inputs` asked for it.

        Parameters
        ----------
        x : ndarray, shape (n, *inputs)
            Of the model's dtype.
        target : ndarray
            Labels, as ``loss.targets(y, model.outputs)`` returns them.
        loss : Loss
        weight : ndarray, shape (n,), optional
            Weights of the samples, of mean 1 over the data set.
        training : Generator or None, optional
            What a training pass draws from; None to predict.
        """
        output, back = chain.forward(self._before(loss), x, training, self._first)
        value, prediction, loss_back = self._compare(output, target, loss, weight)
        penalty, penalty_backs = 0.0, []
        for each in self._penalties:
            amount, penalty_back = each.forward(self._parameters)
            penalty += amount
            penalty_backs.append(penalty_back)

        def backward() -> Array | None:
            dx: Array | None = back(loss_back())
            for penalty_back in penalty_backs:
                penalty_back(self._gradients)
            for _, gradient in self._frozen:
                gradient[...] = 0
            return dx

        return value + penalty, penalty, prediction, backward

    def step(self, optimizer: Optimizer, learning_rate: float, loss: float, evaluate: Callable[[], float]) -> None:
        """Let the optimizer change the parameters, but for the frozen ones, and bring back what strays too far.

        Parameters
        ----------
        optimizer : Optimizer
        learning_rate : float
        loss : float
            The loss at the parameters, whose gradient is in `gradients`.
        evaluate : callable
            Works both out anew for what the parameters are by then; for optimizers that search.
        """
        kept = [(view, view.copy()) for view, _ in self._frozen]
        optimizer.advance(self._parameters, self._gradients, learning_rate, loss, evaluate)
        for view, values in kept:  # momentum and decay move without a gradient
            view[...] = values
        for layer in self._constrained:
            layer.constrain()

    def measure(self, data: Samples, loss: Loss, metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Return the loss, the penalty in it and the metrics, for data that has been checked: see `evaluate`."""
        output = self._in_chunks(self._before(loss), data.x)
        value, prediction, _ = self._compare(output, data.target, loss, data.weight)
        penalty = sum((each.forward(self.parameters)[0] for each in self._penalties), 0.0)
        measured = {name: float(metric(data.target, prediction)) for name, metric in metrics.items()}
        return {"loss": value + penalty, "penalty": penalty, **measured}

    def _fuses(self, loss: Loss) -> bool:
        return FUSED.get(type(loss)) is type(self.layers[-1])

    def _before(self, loss: Loss) -> Sequence[Layer]:
        """Return the layers whose output the loss compares with the labels: not the last, where the two are one step."""
        return self.layers[:-1] if self._fuses(loss) else self.layers

    def _compare(
        self, output: Array, target: Array, loss: Loss, weight: Array | None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss without penalty, the model's prediction, and the closure that gives dL/doutput."""
        if self._fuses(loss):
            return cast("FusedLoss", loss).from_scores(output, target, weight)
        value, backward = loss.forward(output, target, weight)
        return value, output, backward

    def _in_chunks(self, layers: Sequence[Layer], x: Array | Selection) -> Array:
        if len(x) <= CHUNK:
            return chain.predict(layers, np.asarray(x))
        keep_freed_memory()
        starts = range(0, len(x), CHUNK)
        return np.concatenate([chain.predict(layers, x[start : start + CHUNK]) for start in starts])
