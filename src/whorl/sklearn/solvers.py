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

    @property
    def memory(self) -> tuple[Array, Array]:
        """The arrays that compiled steps change; two, as Adam has."""
        return self.velocity, self.velocity

    @property
    def numbers(self) -> list[float]:
        """The numbers of the formula, for compiled steps: μ."""
        return [self.momentum, 0, 0, 0, 0]

    def rates(self, steps: int) -> Array:
        """Return the learning rates of the next steps."""
        return np.full(steps, self.learning_rate, self.velocity.dtype)

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

    @property
    def memory(self) -> tuple[Array, Array]:
        """The arrays that compiled steps change."""
        return self.m, self.v

    @property
    def numbers(self) -> list[float]:
        """The numbers of the formula, for compiled steps: β₁, β₂, ε, 1 − β₁, 1 − β₂."""
        return [self.beta_1, self.beta_2, self.epsilon, 1 - self.beta_1, 1 - self.beta_2]

    def rates(self, steps: int) -> Array:
        """Return the learning rates of the next steps, and count these."""
        return np.array([self.next_rate() for _ in range(steps)], self.m.dtype)

    def next_rate(self) -> float:
        """Count a step, and return its learning rate."""
        self.t += 1
        self.learning_rate = self.initial * math.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        return self.learning_rate

    def step(self, parameters: Array, gradients: Array) -> None:
        """Change the parameters; the gradients are overwritten."""
        rate = self.next_rate()
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
        scratch *= rate
        parameters -= scratch

    def end_epoch(self, samples: int) -> None:
        """Do nothing: the rate changes with each step."""

    def stops(self) -> bool:
        """Return True."""
        return True
