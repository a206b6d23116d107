"""Steps that adapt to each parameter: the gradient divided by its own recent size.

Letters: p parameters, g gradients, lr learning rate, t the number of the step, from 1.
"""

from __future__ import annotations

import numpy as np

from whorl._core import validation
from whorl._core.memory import aligned_zeros_like
from whorl._core.types import Array
from whorl.fast import accelerated
from whorl.optimizers.optimizer import LearningRate, Optimizer, blocks


class RMSprop(Optimizer):
    """Each gradient divided by the root of its recent mean square: ``v ← α v + (1 − α) g²``, ``p ← p − lr g / (√v + ε)``.

    With momentum μ the quotient goes into a velocity first: ``u ← μ u + g / (√v + ε)``, ``p ← p − lr u``.

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule. 0.01 as in PyTorch; Keras has 0.001.
    alpha : float, optional
        How long the mean remembers, in [0, 1): 0.99 as in PyTorch; Keras calls it rho and has 0.9.
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
    >>> rmsprop.step(p, np.array([8.0]), 0.1)  # √v is 4
    >>> p.round(6)
    array([0.8])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        *,
        alpha: float = 0.99,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        self.alpha = validation.number("alpha", alpha, minimum=0, below=1)
        self.momentum = validation.number("momentum", momentum, minimum=0, below=1)
        self.epsilon = validation.number("epsilon", epsilon, above=0)
        self._state: tuple[Array, Array] | None = None

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        if self._state is None:
            self._state = aligned_zeros_like(parameters, 2), aligned_zeros_like(parameters, 3)
        rmsprop(parameters, gradients, *self._state, self.alpha, self.momentum, self.epsilon, learning_rate)


@accelerated
def rmsprop(
    parameters: Array,
    gradients: Array,
    square: Array,
    velocity: Array,
    alpha: float,
    mu: float,
    epsilon: float,
    learning_rate: float,
) -> None:
    """Take RMSprop's step along the new velocity u."""
    for p, g, v, u in blocks(parameters, gradients, square, velocity):
        v *= alpha
        v += (1 - alpha) * g * g
        size = np.sqrt(v)
        size += epsilon
        u *= mu
        u += g / size
        p -= learning_rate * u


class Adagrad(Optimizer):
    """Each gradient divided by the root of the sum of all its squares: ``v ← v + g²``, ``p ← p − lr g / (√v + ε)``.

    Steps only ever grow smaller; rare features, whose gradient is mostly 0, keep theirs.

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
    >>> adagrad.step(p, np.array([3.0]), 0.1)
    >>> adagrad.step(p, np.array([4.0]), 0.1)  # √(9 + 16) is 5
    >>> p.round(6)
    array([0.82])
    """

    def __init__(self, learning_rate: LearningRate = 0.01, *, epsilon: float = 1e-10) -> None:
        super().__init__(learning_rate)
        self.epsilon = validation.number("epsilon", epsilon, above=0)
        self._squares: Array | None = None

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        if self._squares is None:
            self._squares = aligned_zeros_like(parameters, 2)
        adagrad(parameters, gradients, self._squares, self.epsilon, learning_rate)


@accelerated
def adagrad(parameters: Array, gradients: Array, squares: Array, epsilon: float, learning_rate: float) -> None:
    """Take Adagrad's step, once v has taken in the squares."""
    for p, g, v in blocks(parameters, gradients, squares):
        v += g * g
        p -= learning_rate * g / (np.sqrt(v) + epsilon)


class Lion(Optimizer):
    """Steps of one size in all directions, by the sign of a momentum alone.

    ::

        u = sign(β₁ m + (1 − β₁) g)        p ← p − lr (u + λ p)        m ← β₂ m + (1 − β₂) g

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule: a third to a tenth of what suits `Adam`.
    beta1, beta2 : float, optional
        In [0, 1).
    weight_decay : float, optional
        λ, at least 0.

    Notes
    -----
    PyTorch has none. Keras's has the same formula, and a learning rate of 0.001.

    References
    ----------
    Chen and others (2023), Symbolic Discovery of Optimization Algorithms, arXiv:2302.06675, algorithm 2.

    Examples
    --------
    >>> p, lion = np.array([1.0, 1.0]), Lion()
    >>> lion.step(p, np.array([1000.0, -0.001]), 0.1)
    >>> p
    array([0.9, 1.1])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 1e-4,
        *,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate)
        self.beta1 = validation.number("beta1", beta1, minimum=0, below=1)
        self.beta2 = validation.number("beta2", beta2, minimum=0, below=1)
        self.weight_decay = validation.number("weight_decay", weight_decay, minimum=0)
        self._momentum: Array | None = None

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        if self._momentum is None:
            self._momentum = aligned_zeros_like(parameters, 2)
        decay = 1 - learning_rate * self.weight_decay
        lion(parameters, gradients, self._momentum, self.beta1, self.beta2, decay, learning_rate)


@accelerated
def lion(
    parameters: Array, gradients: Array, momentum: Array, beta1: float, beta2: float, decay: float, learning_rate: float
) -> None:
    """Take Lion's step, ``p ← decay · p − lr u``, and let m take in the gradient."""
    for p, g, m in blocks(parameters, gradients, momentum):
        p *= decay
        p -= learning_rate * np.sign(beta1 * m + (1 - beta1) * g)
        m *= beta2
        m += (1 - beta2) * g
