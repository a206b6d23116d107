"""Adam and its variants: the running mean of the gradient, divided by the root of that of its square."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY

import numpy as np

from whorl._core.description import argument
from whorl._core.memory import aligned_zeros_like
from whorl._core.types import Array
from whorl._core.validation import learning_rate, number, scheduled
from whorl.optimizers.optimizer import LearningRate, Objective, Optimizer, State, blocks, decay_at


class Adam(Optimizer):
    """Scales the step of each parameter by the recent size of its gradient.

    With running means of the gradient and of its square, corrected for their start at zero::

        m ← β₁ m + (1 − β₁) g        m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²       v̂ = v / (1 − β₂ᵗ)
        p ← p − lr m̂ / (√v̂ + ε)

    Parameters
    ----------
    learning_rate : float or callable, optional
        At least 0, or a schedule. About the size of a step, independent of the size of the gradient.
    beta1, beta2 : float, optional
        Decay rates of the means, in [0, 1).
    epsilon : float, optional
        ε, above 0: keeps the step small where the gradient is nearly always 0.

    Notes
    -----
    The variant and the defaults are PyTorch's: ε is added outside the root, to the corrected √v̂, as in the paper's
    algorithm 1. Keras adds 1e-7 to the uncorrected root.

    The code stores m and v without the factors (1 − β), and applies these in two numbers per step, ``size`` and ``floor``:
    ``√v̂ = c √v`` with ``c² = (1 − β₂) / (1 − β₂ᵗ)``, so ``m̂ / (√v̂ + ε) = (m̂ / c) / (√v + ε / c)``.

    References
    ----------
    Kingma, Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980, algorithm 1.

    Examples
    --------
    >>> p, adam = np.array([1.0, 1.0]), Adam()
    >>> adam.step(p, np.array([1000.0, 0.001]), adam.start(p), 0.1)  # the first step is lr for any gradient
    >>> p.round(4)
    array([0.9, 0.9])
    """

    learning_rate: LearningRate = argument(learning_rate, default=0.001)
    _: KW_ONLY
    beta1: float = argument(number, default=0.9, minimum=0, below=1)
    beta2: float = argument(number, default=0.999, minimum=0, below=1)
    epsilon: float = argument(number, default=1e-8, above=0)

    def start(self, parameters: Array) -> State:
        return State(t=0, m=aligned_zeros_like(parameters, 2), v=aligned_zeros_like(parameters, 3))

    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        state.t += 1
        c = math.sqrt((1 - self.beta2) / (1 - self.beta2**state.t))
        size = learning_rate * (1 - self.beta1) / (1 - self.beta1**state.t) / c
        floor = self.epsilon / c
        for p, g, m, v in blocks(parameters, gradients, state.m, state.v):
            m *= self.beta1
            m += g
            v *= self.beta2
            step = g * g
            v += step
            np.sqrt(v, out=step)
            step += floor
            np.divide(m, step, out=step)
            step *= size
            p -= step


class AdamW(Adam):
    """`Adam` with decoupled weight decay: ``p ← (1 − lr λ) p``, then Adam's step.

    Adam divides the gradient of an L2 penalty by the size of the gradient; this decay is the same for all parameters.

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon
        As in `Adam`.
    weight_decay : float or callable, optional
        λ, at least 0; 0.01 as in PyTorch, 0.004 in Keras; or a schedule. All parameters decay, biases too, unless their layer declares
        another factor of it, such as ``Dense(64, bias_decay=0)``.

    References
    ----------
    Loshchilov, Hutter (2019), Decoupled Weight Decay Regularization, arXiv:1711.05101, algorithm 2.

    Examples
    --------
    >>> p, adamw = np.array([1.0]), AdamW(weight_decay=0.1)
    >>> adamw.step(p, np.array([0.0]), adamw.start(p), 0.5)  # no gradient: the decay alone
    >>> p
    array([0.95])
    """

    _: KW_ONLY
    weight_decay: LearningRate = argument(scheduled, default=0.01, minimum=0)

    def step(
        self,
        parameters: Array,
        gradients: Array,
        state: State,
        learning_rate: float,
        objective: Objective | None = None,
    ) -> None:
        parameters *= 1 - learning_rate * decay_at(self.weight_decay, objective)
        super().step(parameters, gradients, state, learning_rate)


class NAdam(Adam):
    """`Adam` with Nesterov momentum: part of the step is along the newest gradient itself.

    With a momentum that increases from step to step, ``μ_t = β₁ (1 − 0.96^(t ψ) / 2)``, and M_t the product of all μ up to t::

        m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²        v̂ = v / (1 − β₂ᵗ)
        p ← p − lr ((1 − μ_t) / (1 − M_t) g + μ_{t+1} / (1 − M_{t+1}) m) / (√v̂ + ε)

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon
        As in `Adam`.
    momentum_decay : float, optional
        ψ, at least 0. The variant and the defaults are PyTorch's; Keras has ψ = 1, a factor 0.96ᵗ, and a learning rate of 0.001.

    References
    ----------
    Dozat (2016), Incorporating Nesterov Momentum into Adam, ICLR workshop, algorithm 2.

    Examples
    --------
    >>> p, nadam = np.array([1.0, 1.0]), NAdam()
    >>> nadam.step(p, np.array([1000.0, 0.001]), nadam.start(p), 0.1)  # equal steps for large and small gradients
    >>> bool(abs(p[0] - p[1]) < 1e-5)
    True
    """

    learning_rate: LearningRate = argument(learning_rate, default=0.002)
    _: KW_ONLY
    momentum_decay: float = argument(number, default=0.004, minimum=0)

    def start(self, parameters: Array) -> State:
        return State(product=1.0, **vars(super().start(parameters)))

    def momentum(self, t: int) -> float:
        """Return μ_t."""
        return self.beta1 * (1 - 0.5 * math.pow(0.96, t * self.momentum_decay))

    def step(self, parameters: Array, gradients: Array, state: State, learning_rate: float, *_: object) -> None:
        state.t = t = state.t + 1
        now, following = self.momentum(t), self.momentum(t + 1)
        state.product *= now
        correction = 1 - self.beta2**t
        along_g = learning_rate * (1 - now) / (1 - state.product)
        along_m = learning_rate * following / (1 - state.product * following)
        for p, g, m, v in blocks(parameters, gradients, state.m, state.v):
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * g * g
            size = np.sqrt(v / correction)
            size += self.epsilon
            p -= (along_g * g + along_m * m) / size
