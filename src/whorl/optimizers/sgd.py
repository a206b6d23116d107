"""Plain descent, with momentum.

Letters: p parameters, g gradients, lr learning rate, t the number of the step, from 1.
"""

from __future__ import annotations

from whorl._core import validation
from whorl._core.memory import aligned_zeros_like
from whorl._core.types import Array
from whorl.fast import accelerated
from whorl.optimizers.optimizer import LearningRate, Optimizer


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
    >>> import numpy as np
    >>> p, sgd = np.array([1.0]), SGD(momentum=0.5)
    >>> sgd.step(p, np.array([1.0]), 0.1)
    >>> sgd.step(p, np.array([1.0]), 0.1)  # v is 1, then 1.5
    >>> p
    array([0.75])
    """

    def __init__(self, learning_rate: LearningRate = 0.01, *, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum = validation.number("momentum", momentum, minimum=0, below=1)
        self.nesterov = validation.truth("nesterov", nesterov)
        if nesterov and self.momentum == 0:
            raise ValueError("nesterov=True needs a momentum above 0, got momentum 0.0")
        self._velocity: Array | None = None

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        if self.momentum == 0:
            descend(parameters, gradients, learning_rate)
            return
        if self._velocity is None:
            self._velocity = aligned_zeros_like(parameters, 2)
        roll = nesterov if self.nesterov else momentum
        roll(parameters, gradients, self._velocity, self.momentum, learning_rate)


@accelerated
def descend(parameters: Array, gradients: Array, learning_rate: float) -> None:
    """Step along the gradient."""
    parameters -= learning_rate * gradients


@accelerated
def momentum(parameters: Array, gradients: Array, velocity: Array, mu: float, learning_rate: float) -> None:
    """Step along the velocity, once it has taken in the gradient."""
    velocity *= mu
    velocity += gradients
    parameters -= learning_rate * velocity


@accelerated
def nesterov(parameters: Array, gradients: Array, velocity: Array, mu: float, learning_rate: float) -> None:
    """Step to where the new velocity will have led by the next step."""
    velocity *= mu
    velocity += gradients
    parameters -= learning_rate * (gradients + mu * velocity)
