"""Optimizers that scale the step of each parameter: RMSprop, Adagrad and Lion."""

from __future__ import annotations

from dataclasses import KW_ONLY

import numpy as np

from whorl._core.description import argument
from whorl._core.memory import aligned_zeros_like
from whorl._core.types import Array
from whorl._core.validation import learning_rate, number, scheduled
from whorl.optimizers.optimizer import LearningRate, Objective, Optimizer, State, blocks, decay_at


class RMSprop(Optimizer):
    """Each gradient divided by the root of its recent mean square: ``v ← α v + (1 − α) g²``, ``p ← p − lr g / (√v + ε)``.

    With momentum μ, the quotient is added to a velocity: ``u ← μ u + g / (√v + ε)``, ``p ← p − lr u``.

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule. 0.01 as in PyTorch; Keras has 0.001.
    alpha : float, optional
        α, the decay rate of the mean square, in [0, 1): 0.99 as in PyTorch; Keras calls it rho, with 0.9.
    momentum : float, optional
        μ, in [0, 1).
    epsilon : float, optional
        Above 0; added outside the root, as in PyTorch. Keras adds 1e-7 inside it.

    References
    ----------
    Tieleman, Hinton (2012), Lecture 6.5: rmsprop, COURSERA Neural Networks for Machine Learning.

    Examples
    --------
    >>> p, rmsprop = np.array([1.0]), RMSprop(alpha=0.75)
    >>> rmsprop.step(p, np.array([8.0]), rmsprop.start(p), 0.1)  # √v is 4
    >>> p.round(6)
    array([0.8])
    """

    learning_rate: LearningRate = argument(learning_rate, default=0.01)
    _: KW_ONLY
    alpha: float = argument(number, default=0.99, minimum=0, below=1)
    momentum: float = argument(number, default=0.0, minimum=0, below=1)
    epsilon: float = argument(number, default=1e-8, above=0)

    def start(self, parameters: Array) -> State:
        return State(square=aligned_zeros_like(parameters, 2), velocity=aligned_zeros_like(parameters, 3))

    def step(self, parameters: Array, gradients: Array, state: State, learning_rate: float, *_: object) -> None:
        for p, g, v, u in blocks(parameters, gradients, state.square, state.velocity):
            v *= self.alpha
            v += (1 - self.alpha) * g * g
            size = np.sqrt(v)
            size += self.epsilon
            u *= self.momentum
            u += g / size
            p -= learning_rate * u


class Adagrad(Optimizer):
    """Each gradient divided by the root of the sum of all its squares: ``v ← v + g²``, ``p ← p − lr g / (√v + ε)``.

    Steps become smaller and smaller, except for rare features, whose gradient is mostly 0.

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule. 0.01 as in PyTorch; Keras has 0.001, and starts v at 0.1.
    epsilon : float, optional
        Above 0; outside the root, as in PyTorch.

    References
    ----------
    Duchi, Hazan, Singer (2011), Adaptive Subgradient Methods, JMLR 12, figure 1.

    Examples
    --------
    >>> p, adagrad = np.array([1.0]), Adagrad()
    >>> state = adagrad.start(p)
    >>> adagrad.step(p, np.array([3.0]), state, 0.1)
    >>> adagrad.step(p, np.array([4.0]), state, 0.1)  # √(9 + 16) is 5
    >>> p.round(6)
    array([0.82])
    """

    learning_rate: LearningRate = argument(learning_rate, default=0.01)
    _: KW_ONLY
    epsilon: float = argument(number, default=1e-10, above=0)

    def start(self, parameters: Array) -> State:
        return State(squares=aligned_zeros_like(parameters, 2))

    def step(self, parameters: Array, gradients: Array, state: State, learning_rate: float, *_: object) -> None:
        for p, g, v in blocks(parameters, gradients, state.squares):
            v += g * g
            p -= learning_rate * g / (np.sqrt(v) + self.epsilon)


class Lion(Optimizer):
    """Steps of equal size for all parameters: only the sign of a momentum is used.

    ::

        u = sign(β₁ m + (1 − β₁) g)        p ← p − lr (u + λ p)        m ← β₂ m + (1 − β₂) g

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule: a third to a tenth of what suits `Adam`.
    beta1, beta2 : float, optional
        In [0, 1).
    weight_decay : float or callable, optional
        λ, at least 0, or a schedule; the layers declare factors of it, as for `AdamW`.

    Notes
    -----
    PyTorch has none. Keras's has the same formula, and a learning rate of 0.001.

    References
    ----------
    Chen and others (2023), Symbolic Discovery of Optimization Algorithms, arXiv:2302.06675, algorithm 2.

    Examples
    --------
    >>> p, lion = np.array([1.0, 1.0]), Lion()
    >>> lion.step(p, np.array([1000.0, -0.001]), lion.start(p), 0.1)
    >>> p
    array([0.9, 1.1])
    """

    learning_rate: LearningRate = argument(learning_rate, default=1e-4)
    _: KW_ONLY
    beta1: float = argument(number, default=0.9, minimum=0, below=1)
    beta2: float = argument(number, default=0.99, minimum=0, below=1)
    weight_decay: LearningRate = argument(scheduled, default=0.0, minimum=0)

    def start(self, parameters: Array) -> State:
        return State(momentum=aligned_zeros_like(parameters, 2))

    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        parameters *= 1 - learning_rate * decay_at(self.weight_decay, objective)
        for p, g, m in blocks(parameters, gradients, state.momentum):
            p -= learning_rate * np.sign(self.beta1 * m + (1 - self.beta1) * g)
            m *= self.beta2
            m += (1 - self.beta2) * g
