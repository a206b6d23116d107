"""Optimizers around another: gradients cut to a length, and parameters averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping

from whorl._core import validation
from whorl._core.types import Array
from whorl.fast import accelerated
from whorl.optimizers.optimizer import Optimizer


class Wrapper(Optimizer):
    """Base of the optimizers that add something to the steps of another, and leave learning rate and batches to it.

    Parameters
    ----------
    optimizer : Optimizer
        The one that steps.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        validation.instance("optimizer", optimizer, Optimizer, "SGD(0.1)")
        self.optimizer = optimizer
        self.batch_size = optimizer.batch_size

    def rate(self, epoch: float) -> float:
        return self.optimizer.rate(epoch)

    @property
    def watched(self) -> tuple[str, ...]:
        return self.optimizer.watched

    def observe(self, values: Mapping[str, float]) -> None:
        self.optimizer.observe(values)


class Clipped(Wrapper):
    """Steps with gradients of at most a given length: ``g ← g · min(1, norm / |g|)``, |g| over all parameters together.

    The direction stays; only steps that a single strange batch would make too long are shortened. Keras calls it
    ``global_clipnorm``; PyTorch's ``clip_grad_norm_`` adds 1e-6 to |g|.

    Parameters
    ----------
    optimizer : Optimizer
        The one that steps.
    norm : float
        The greatest length, above 0.

    References
    ----------
    Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from whorl import SGD
    >>> p, sgd = np.zeros(2), Clipped(SGD(), norm=1.0)
    >>> sgd.step(p, np.array([30.0, 40.0]), 1.0)
    >>> p
    array([-0.6, -0.8])
    """

    def __init__(self, optimizer: Optimizer, *, norm: float) -> None:
        super().__init__(optimizer)
        self.norm = validation.number("norm", norm, above=0)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        length = math.sqrt(float(gradients @ gradients))
        if length > self.norm:
            gradients = gradients * (self.norm / length)
        self.optimizer.step(parameters, gradients, learning_rate)


class Averaged(Wrapper):
    """Keeps a moving average of the parameters, ``a ← d_t a + (1 − d_t) p``, which is what the model has between epochs.

    The steps go on from the parameters themselves; whoever looks between epochs, validation and callbacks included, sees the
    average, which is calmer and often better. So that the start is soon forgotten, ``d_t = min(decay, (1 + t) / (10 + t))``.

    Parameters
    ----------
    optimizer : Optimizer
        The one that steps.
    decay : float, optional
        How long the average remembers, in (0, 1): about ``1 / (1 − decay)`` steps.

    Notes
    -----
    Keras's ``use_ema`` has no such start, and overwrites the parameters only when asked to.

    References
    ----------
    Polyak, Juditsky (1992), Acceleration of Stochastic Approximation by Averaging.

    Examples
    --------
    >>> import numpy as np
    >>> from whorl import SGD
    >>> p, sgd = np.array([1.0]), Averaged(SGD())
    >>> sgd.step(p, np.array([1.0]), 0.5)
    >>> sgd.step(p, np.array([1.0]), 0.5)  # d is 3/12 by now
    >>> sgd.average
    array([0.125])
    """

    def __init__(self, optimizer: Optimizer, *, decay: float = 0.999) -> None:
        super().__init__(optimizer)
        self.decay = validation.number("decay", decay, above=0, below=1)
        self._steps = 0

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        self.optimizer.step(parameters, gradients, learning_rate)
        if self.average is None:
            self.average = parameters.copy()
        self._steps += 1
        decay = min(self.decay, (1 + self._steps) / (10 + self._steps))
        approach(self.average, parameters, 1 - decay)


@accelerated
def approach(average: Array, parameters: Array, share: float) -> None:
    """Move the average towards the parameters, by a share of the way."""
    average += share * (parameters - average)
