"""Gradient descent, with momentum."""

from __future__ import annotations

from dataclasses import KW_ONLY

from whorl._core.description import argument
from whorl._core.memory import aligned_zeros_like
from whorl._core.types import Array
from whorl._core.validation import learning_rate, number, truth
from whorl.optimizers.optimizer import LearningRate, Optimizer, State


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum: ``v ← μ v + g``, then ``p ← p − lr v``.

    With Nesterov momentum: ``p ← p − lr (g + μ v)``. With a constant gradient the velocity grows to ``g / (1 − μ)``:
    momentum 0.9 makes steps ten times longer. It also averages out the noise of the batches: the variance is that of a
    mean over ``(1 + μ) / (1 − μ)`` = 19 batches.

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule.
    momentum : float, optional
        μ, in [0, 1).
    nesterov : bool, optional
        Whether to use Nesterov momentum, which needs a momentum above 0.

    Notes
    -----
    The variant is PyTorch's (without dampening). Keras and the NNFS book put the rate into the velocity,
    ``v ← μ v − lr g; p ← p + v``, which is the same only if the rate is constant.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods, equation 9.
    Sutskever, Martens, Dahl, Hinton (2013), On the importance of initialization and momentum, ICML, equations 1 to 4.

    Examples
    --------
    >>> import numpy as np
    >>> p, sgd = np.array([1.0]), SGD(momentum=0.5)
    >>> state = sgd.start(p)
    >>> sgd.step(p, np.array([1.0]), state, 0.1)
    >>> sgd.step(p, np.array([1.0]), state, 0.1)  # v is 1, then 1.5
    >>> p
    array([0.75])
    """

    learning_rate: LearningRate = argument(learning_rate, default=0.01)
    _: KW_ONLY
    momentum: float = argument(number, default=0.0, minimum=0, below=1)
    nesterov: bool = argument(truth, default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov=True needs a momentum above 0, got momentum 0.0")

    def start(self, parameters: Array) -> State:
        return State(velocity=aligned_zeros_like(parameters, 2)) if self.momentum else State()

    def step(self, parameters: Array, gradients: Array, state: State, learning_rate: float, *_: object) -> None:
        step = gradients
        if self.momentum:
            velocity = state.velocity
            velocity *= self.momentum
            velocity += gradients
            step = gradients + self.momentum * velocity if self.nesterov else velocity
        parameters -= learning_rate * step
