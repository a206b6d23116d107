"""scikit-learn's variants of SGD and Adam, on one vector of parameters.

They differ from those of `whorl.optimizers`: Adam adds epsilon before the correction of the second moment (Kingma and Ba (2015), end
of section 2), and the velocity of SGD holds the learning rate.
"""

from __future__ import annotations

import math

import numpy as np

from whorl._core.types import Array


class Descent:
    """SGD with momentum: ``v = μ v − η g``, then ``p += v``, or ``p += μ v − η g`` with Nesterov's.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
    rate : float
        The initial learning rate η.
    schedule : {"constant", "invscaling", "adaptive"}
        The rate stays; is ``rate / (t + 1)^power`` after t samples; or is divided by 5 when training no longer improves.
    momentum : float
        μ.
    power : float
    nesterov : bool
    """

    def __init__(
        self, parameters: Array, rate: float, schedule: str, momentum: float, power: float, *, nesterov: bool
    ) -> None:
        self.initial, self.learning_rate, self.schedule = rate, float(rate), schedule
        self.momentum, self.nesterov, self.power = momentum, nesterov, power
        self.velocity = np.zeros_like(parameters)

    def step(self, parameters: Array, gradients: Array) -> None:
        """Change the parameters; the gradients are overwritten."""
        gradients *= self.learning_rate
        self.velocity *= self.momentum
        self.velocity -= gradients
        if self.nesterov:
            parameters += self.momentum * self.velocity
            parameters -= gradients
        else:
            parameters += self.velocity

    def end_epoch(self, samples: int) -> None:
        """Change the rate after an epoch; `samples` have been seen in all."""
        if self.schedule == "invscaling":
            self.learning_rate = self.initial / (samples + 1) ** self.power

    def stops(self) -> bool:
        """Whether to stop, as training no longer improves; if not, the rate is lowered."""
        if self.schedule != "adaptive" or self.learning_rate <= 1e-6:
            return True
        self.learning_rate /= 5
        return False


class Moments:
    """Adam: ``m = β₁ m + (1 − β₁) g``, ``v = β₂ v + (1 − β₂) g²``, ``p −= η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)``.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
    rate : float
        The learning rate η.
    beta_1, beta_2, epsilon : float
    """

    def __init__(self, parameters: Array, rate: float, beta_1: float, beta_2: float, epsilon: float) -> None:
        self.initial, self.learning_rate, self.t = rate, float(rate), 0
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.m, self.v, self.scratch = (np.zeros_like(parameters) for _ in range(3))

    def step(self, parameters: Array, gradients: Array) -> None:
        """Change the parameters; the gradients are overwritten."""
        self.t += 1
        self.learning_rate = self.initial * math.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        m, v, scratch = self.m, self.v, self.scratch
        m *= self.beta_1
        m += np.multiply(gradients, 1 - self.beta_1, out=scratch)
        gradients *= gradients
        gradients *= 1 - self.beta_2
        v *= self.beta_2
        v += gradients
        np.sqrt(v, out=scratch)
        scratch += self.epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= self.learning_rate
        parameters -= scratch

    def end_epoch(self, samples: int) -> None:
        """Do nothing: the rate changes with each step."""

    def stops(self) -> bool:
        """Return True."""
        return True
