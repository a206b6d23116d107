"""Optimizers: how to step once the gradient is known. Each is a few lines over two flat vectors.

Letters: p parameters, g gradients, lr learning rate, t the number of the step, from 1.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Self

import numpy as np

from whorl import checks
from whorl.configuration import Configured, fresh
from whorl.schedules import Constant
from whorl.types import Array

LearningRate = float | Callable[[float], float]

BLOCK = 65536
"""Elements of a vector worked on at a time: few enough for all their arrays to stay in the processor's cache."""


class Optimizer(Configured, ABC):
    """Base of all optimizers.

    An optimizer made by its constructor is a recipe; what it remembers from step to step (`SGD`'s velocity) comes
    with the first step. Training works on a twin of its own, so one recipe serves any number of models.

    Parameters
    ----------
    learning_rate : float or callable
        The learning rate, at least 0; or a schedule, or any function from the time in epochs to it.
    """

    def __init__(self, learning_rate: LearningRate) -> None:
        if not callable(learning_rate) or isinstance(learning_rate, type):
            learning_rate = checks.number("learning_rate", learning_rate, minimum=0)
        self.learning_rate = learning_rate
        self.schedule: Callable[[float], float] = learning_rate if callable(learning_rate) else Constant(learning_rate)

    @abstractmethod
    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        """Change `parameters` in place, downhill.

        Parameters
        ----------
        parameters, gradients : ndarray, shape (P,)
            The flat vectors. The gradients are only read.
        learning_rate : float
            The rate for this step.
        """

    def fresh(self) -> Self:
        """Return a twin that has not taken a step yet, with a schedule that has seen no result yet."""
        return fresh(self)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum: ``v ← μ v + g``, then ``p ← p − lr v``.

    With Nesterov's correction, which looks ahead along the velocity: ``p ← p − lr (g + μ v)``. With a constant
    gradient the velocity grows to ``g / (1 − μ)``: momentum 0.9 makes steps ten times longer, and averages
    the noise of the batches: its variance is that of a mean over ``(1 + μ) / (1 − μ)`` = 19 of them.

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule.
    momentum : float, optional
        μ, in [0, 1).
    nesterov : bool, optional
        Look ahead; needs a momentum above 0.

    Notes
    -----
    The variant is PyTorch's (without dampening). Keras and the NNFS book put the rate into the velocity,
    ``v ← μ v − lr g; p ← p + v``, which is the same for a constant rate only.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods, equation 9.
    Sutskever, Martens, Dahl, Hinton (2013), On the importance of initialization and momentum, ICML, equations 1 to 4.

    Examples
    --------
    >>> p, sgd = np.array([1.0]), SGD(momentum=0.5)
    >>> sgd.step(p, np.array([1.0]), 0.1)
    >>> sgd.step(p, np.array([1.0]), 0.1)  # v is 1, then 1.5
    >>> p
    array([0.75])
    """

    def __init__(self, learning_rate: LearningRate = 0.01, *, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum = checks.number("momentum", momentum, minimum=0, below=1)
        self.nesterov = bool(nesterov)
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov=True needs a momentum above 0, got momentum 0.0")
        self._velocity: Array | None = None

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        if self.momentum == 0:
            parameters -= learning_rate * gradients
            return
        if self._velocity is None:
            self._velocity = np.zeros_like(parameters)
        v = self._velocity
        v *= self.momentum
        v += gradients
        if self.nesterov:
            parameters -= learning_rate * (gradients + self.momentum * v)
        else:
            parameters -= learning_rate * v


class Adam(Optimizer):
    """Steps of equal size in all directions: each gradient is divided by its own recent size.

    With the decaying means of the gradient and of its square, corrected for their start at zero::

        m ← β₁ m + (1 − β₁) g        m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²       v̂ = v / (1 − β₂ᵗ)
        p ← p − lr m̂ / (√v̂ + ε)

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule. About the size of a step, whatever the size of the gradient.
    beta1, beta2 : float, optional
        How long the means remember, in [0, 1).
    epsilon : float, optional
        ε, above 0: keeps the step small where the gradient is nearly always zero.

    Notes
    -----
    The variant and the defaults are PyTorch's: ε is added outside the root, to the corrected √v̂, as in the paper's
    algorithm 1. Keras adds 1e-7 to the uncorrected root.

    The code keeps m and v without their factors (1 − β), and puts those into two numbers a step, ``size`` and ``floor``:
    ``√v̂ = c √v`` with ``c² = (1 − β₂) / (1 − β₂ᵗ)``, so ``m̂ / (√v̂ + ε) = (m̂ / c) / (√v + ε / c)``.

    References
    ----------
    Kingma, Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980, algorithm 1.

    Examples
    --------
    >>> p, adam = np.array([1.0, 1.0]), Adam()
    >>> adam.step(p, np.array([1000.0, 0.001]), 0.1)  # the first step is lr, whatever the gradient
    >>> p.round(4)
    array([0.9, 0.9])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        self.beta1 = checks.number("beta1", beta1, minimum=0, below=1)
        self.beta2 = checks.number("beta2", beta2, minimum=0, below=1)
        self.epsilon = checks.number("epsilon", epsilon, above=0)
        self._moments: tuple[Array, Array] | None = None
        self._steps = 0

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        if self._moments is None:
            self._moments = np.zeros_like(parameters), np.zeros_like(parameters)
        self._steps += 1
        c = math.sqrt((1 - self.beta2) / (1 - self.beta2**self._steps))
        size = learning_rate * (1 - self.beta1) / (1 - self.beta1**self._steps) / c
        floor = self.epsilon / c
        for p, g, m, v in _blocks(parameters, gradients, *self._moments):
            m *= self.beta1
            m += g
            v *= self.beta2
            v += g * g
            step = np.sqrt(v)
            step += floor
            np.divide(m, step, out=step)
            step *= size
            p -= step


def _blocks(*vectors: Array) -> Iterator[tuple[Array, ...]]:
    """Cut vectors of one length into stretches that fit the cache, so that many passes cost about one."""
    for start in range(0, len(vectors[0]), BLOCK):
        yield tuple(vector[start : start + BLOCK] for vector in vectors)
