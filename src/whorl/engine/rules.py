"""How optimizers are run by kernels: which kernel updates the parameters, and with which numbers in each step.

A rule has the arrays that the optimizer remembers, and a table with a row of numbers for each step: learning rates, and what
depends on the number of the step. They are computed here as in `whorl.optimizers`, so a kernel has multiplications only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import at
from whorl.engine.compiling import Kernel
from whorl.engine.kernels import updates
from whorl.optimizers import SGD, Adagrad, Adam, AdamW, Averaged, Clipped, Lion, NAdam, Optimizer, RMSprop, State


@dataclass(frozen=True)
class Rule:
    """How an optimizer updates an array of parameters.

    Parameters
    ----------
    kernel : Kernel
    memory : tuple of str
        The names of the vectors in its state, in the order of the kernel.
    numbers : callable
        ``numbers(optimizer, state, rates, decays)``: for each learning rate and weight decay, those of the coming steps, a row
        for the kernel.
    """

    kernel: Kernel
    memory: tuple[str, ...]
    numbers: Callable[[Any, State, Array, Array], Array]


@dataclass(frozen=True)
class UpcomingSteps:
    """The coming steps of a run, and what they depend on.

    Parameters
    ----------
    optimizer : Optimizer
        The innermost one.
    state : State
        Its memory.
    averages : list of (Averaged, State)
        From the inside out.
    times, rates : ndarray, shape (steps,)
        Times in epochs, which are 0 if nothing depends on them, and learning rates.
    """

    optimizer: Optimizer
    state: State
    averages: list[tuple[Averaged, State]]
    times: Array
    rates: Array

    def decays(self) -> Array:
        """Return the weight decay in each step."""
        decay = getattr(self.optimizer, "weight_decay", 0.0)
        if not callable(decay):
            return np.full(len(self.times), decay)
        return np.array([at("weight_decay", decay, epoch, minimum=0) for epoch in self.times.tolist()])


def timed(optimizer: Optimizer) -> bool:
    """Whether the numbers of an innermost optimizer depend on the time in epochs."""
    return callable(optimizer.learning_rate) or callable(getattr(optimizer, "weight_decay", 0.0))


def rule(optimizer: Optimizer) -> Rule | None:
    """Return the rule of an optimizer; None if it has none."""
    if type(optimizer) is SGD and optimizer.momentum:
        return Rule(updates.nesterov if optimizer.nesterov else updates.momentum, ("velocity",), _sgd)
    return RULES.get(type(optimizer))


def unwrap(optimizer: Optimizer, state: State) -> tuple[Optimizer, State, list[float], list[tuple[Averaged, State]]]:
    """Return the innermost optimizer and its state, the norms to clip to, and the averages, from the inside out."""
    norms: list[float] = []
    averages: list[tuple[Averaged, State]] = []
    while type(optimizer) is Clipped or type(optimizer) is Averaged:
        if isinstance(optimizer, Clipped):
            norms.append(optimizer.norm)
        elif isinstance(optimizer, Averaged):
            averages.insert(0, (optimizer, state))
        optimizer, state = optimizer.optimizer, state.inner
    return optimizer, state, norms, averages


def count_steps(optimizer: Optimizer, state: State, steps: int) -> None:
    """Bring the numbers in the state, those of wrapped optimizers included, to after these steps."""
    optimizer, state, _, averages = unwrap(optimizer, state)
    for _, own in averages:
        own.t += steps
    if isinstance(optimizer, NAdam):
        for t in range(state.t + 1, state.t + steps + 1):
            state.product *= optimizer.momentum(t)
    if hasattr(state, "t"):
        state.t += steps


def average_numbers(optimizer: Averaged, state: State, steps: int) -> Array:
    """Return for each step the weight of the newest parameters, and whether it is the first step ever."""
    t = state.t + np.arange(1, steps + 1)
    return columns(t, 1 - np.minimum(optimizer.decay, (1 + t) / (10 + t)), t == 1)


def _sgd(optimizer: SGD, state: State, rates: Array, decays: Array) -> Array:
    return columns(rates, rates, optimizer.momentum)


def _adam(optimizer: Adam, state: State, rates: Array, decays: Array) -> Array:
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    t = state.t + np.arange(1, len(rates) + 1)
    c = np.sqrt((1 - beta2) / (1 - beta2**t))
    size = rates * (1 - beta1) / (1 - beta1**t) / c
    return columns(rates, size, optimizer.epsilon / c, beta1, beta2, 1 - rates * decays)


def _nadam(optimizer: NAdam, state: State, rates: Array, decays: Array) -> Array:
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    t = state.t + np.arange(1, len(rates) + 1)
    momentum = np.array([optimizer.momentum(k) for k in (*t, t[-1] + 1)])
    now, following = momentum[:-1], momentum[1:]
    product = state.product * np.cumprod(now)
    along_g, along_m = rates * (1 - now) / (1 - product), rates * following / (1 - product * following)
    return columns(rates, along_g, along_m, 1 - beta2**t, optimizer.epsilon, beta1, beta2, 1 - beta1, 1 - beta2)


def _rmsprop(optimizer: RMSprop, state: State, rates: Array, decays: Array) -> Array:
    return columns(rates, rates, optimizer.alpha, 1 - optimizer.alpha, optimizer.momentum, optimizer.epsilon)


def _adagrad(optimizer: Adagrad, state: State, rates: Array, decays: Array) -> Array:
    return columns(rates, rates, optimizer.epsilon)


def _lion(optimizer: Lion, state: State, rates: Array, decays: Array) -> Array:
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    return columns(rates, rates, 1 - rates * decays, beta1, beta2, 1 - beta1, 1 - beta2)


RULES: dict[type[Optimizer], Rule] = {
    SGD: Rule(updates.sgd, (), _sgd),
    Adam: Rule(updates.adam, ("m", "v"), _adam),
    AdamW: Rule(updates.adam, ("m", "v"), _adam),
    NAdam: Rule(updates.nadam, ("m", "v"), _nadam),
    RMSprop: Rule(updates.rmsprop, ("square", "velocity"), _rmsprop),
    Adagrad: Rule(updates.adagrad, ("squares",), _adagrad),
    Lion: Rule(updates.lion, ("momentum",), _lion),
}


def columns(steps: Array, *numbers: Any) -> Array:
    """Return a table with a row for each step, from columns of numbers, or single ones that are the same in all steps."""
    table = np.empty((len(steps), len(numbers)))
    for column, each in zip(table.T, numbers, strict=True):
        column[:] = each
    return table
