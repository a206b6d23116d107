"""Optimizers that wrap another one: with clipped gradients, or with averaged parameters."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, field

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array
from whorl._core.validation import instance, number
from whorl.optimizers.optimizer import LearningRate, Objective, Optimizer, State


class Wrapper(Optimizer):
    """Base of the optimizers that add something to the steps of another. They can be nested in any order."""

    learning_rate: LearningRate = field(init=False, compare=False)
    optimizer: Optimizer = argument(instance, kind=Optimizer, example="SGD(0.1)")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "learning_rate", self.optimizer.learning_rate)

    @property
    def batch_size(self) -> int | None:
        return self.optimizer.batch_size

    def start(self, parameters: Array) -> State:
        return State(inner=self.optimizer.start(parameters))

    def settle(self, parameters: Array, state: State) -> None:
        self.optimizer.settle(parameters, state.inner)

    def average(self, state: State) -> Array | None:
        return self.optimizer.average(state.inner)


class Clipped(Wrapper):
    """Steps with gradients of at most a given norm: ``g ← g · min(1, norm / |g|)``, |g| over all parameters together.

    The direction is kept; the steps that a few unusual batches would make too long are shortened. Keras calls it
    ``global_clipnorm``; PyTorch's ``clip_grad_norm_`` adds 1e-6 to |g|.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer to wrap. With `LBFGS`, each gradient of the line search is clipped.
    norm : float
        The largest norm, above 0.

    References
    ----------
    Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from whorl import SGD
    >>> p, sgd = np.zeros(2), Clipped(SGD(), norm=1.0)
    >>> sgd.step(p, np.array([30.0, 40.0]), sgd.start(p), 1.0)
    >>> p
    array([-0.6, -0.8])
    """

    _: KW_ONLY
    norm: float = argument(number, above=0)

    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        clipped = self._clip(gradients)
        if objective is not None:
            unclipped, clipped = objective.evaluate, clipped.copy()

            def evaluate() -> float:
                loss = unclipped()
                clipped[...] = self._clip(gradients)
                return loss

            objective = objective._replace(evaluate=evaluate)
        self.optimizer.step(parameters, clipped, state.inner, learning_rate, objective)

    def _clip(self, gradients: Array) -> Array:
        with np.errstate(over="ignore"):
            norm = math.sqrt(float(gradients.dot(gradients)))
        if norm == math.inf:  # the squares of large gradients overflow in float32
            norm = float(np.linalg.norm(gradients.astype(np.float64)))
        return gradients * (self.norm / norm) if norm > self.norm else gradients


class Averaged(Wrapper):
    """Keeps a moving average of the parameters, ``a ← d_t a + (1 − d_t) p``, which the model has between epochs.

    The steps continue from the parameters themselves; validation, callbacks and the trained model use the average, which is
    smoother and often better. ``d_t = min(decay, (1 + t) / (10 + t))``, so that the first values soon lose their weight.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer to wrap.
    decay : float, optional
        In (0, 1): the average is over about the last ``1 / (1 − decay)`` steps.

    Notes
    -----
    p are the parameters after the step, with frozen layers restored and constraints such as max-norm applied. Keras's
    ``use_ema`` has a constant decay, and by default does not replace the parameters before the end of training.

    References
    ----------
    Polyak, Juditsky (1992), Acceleration of Stochastic Approximation by Averaging.

    Examples
    --------
    >>> import numpy as np
    >>> from whorl import SGD
    >>> p, sgd = np.array([1.0]), Averaged(SGD())
    >>> state = sgd.start(p)
    >>> for _ in range(2):
    ...     sgd.step(p, np.array([1.0]), state, 0.5)
    ...     sgd.settle(p, state)
    >>> p, sgd.average(state)  # p is 0.5, then 0; d is 3/12 in the second step
    (array([0.]), array([0.125]))
    """

    _: KW_ONLY
    decay: float = argument(number, default=0.999, above=0, below=1)

    def start(self, parameters: Array) -> State:
        return State(inner=self.optimizer.start(parameters), t=0, average=None)

    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        self.optimizer.step(parameters, gradients, state.inner, learning_rate, objective)

    def settle(self, parameters: Array, state: State) -> None:
        self.optimizer.settle(parameters, state.inner)
        state.t += 1
        if state.average is None:
            state.average = parameters.copy()
        decay = min(self.decay, (1 + state.t) / (10 + state.t))
        state.average += (1 - decay) * (parameters - state.average)

    def average(self, state: State) -> Array | None:
        average: Array | None = state.average
        return average
