"""How optimizers are run by kernels: which kernel updates the parameters, and with which numbers in each step.

A rule has the arrays that the optimizer remembers, and a table with a row of numbers for each step: learning rates, and what
depends on the number of the step. They are computed here as in `whorl.optimizers`, so a kernel has multiplications only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from whorl._core.types import Array
from whorl.engine.compiling import Kernel
from whorl.engine.kernels import updates
from whorl.optimizers import SGD, Adagrad, Adam, AdamW, Averaged, Clipped, Lion, NAdam, Optimizer, RMSprop, State

Row: TypeAlias = list[float]


@dataclass(frozen=True)
class Rule:
    """How an optimizer updates an array of parameters.

    Parameters
    ----------
    kernel : Kernel
    memory : tuple of str
        The names of the vectors in its state, in the order of the kernel.
    numbers : callable
        ``numbers(optimizer, state, rates)``: for each learning rate, those of the coming steps, a row for the kernel.
    """

    kernel: Kernel
    memory: tuple[str, ...]
    numbers: Callable[[Any, State, Sequence[float]], list[Row]]


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


def average_numbers(optimizer: Averaged, state: State, steps: int) -> list[Row]:
    """Return for each step the weight of the newest parameters, and whether it is the first step ever."""
    times = range(state.t + 1, state.t + steps + 1)
    return [[1 - min(optimizer.decay, (1 + t) / (10 + t)), float(t == 1)] for t in times]


def _sgd(optimizer: SGD, state: State, rates: Sequence[float]) -> list[Row]:
    return [[rate, optimizer.momentum] for rate in rates]


def _adam(optimizer: Adam, state: State, rates: Sequence[float]) -> list[Row]:
    beta1, beta2, rows = optimizer.beta1, optimizer.beta2, []
    weight_decay = optimizer.weight_decay if isinstance(optimizer, AdamW) else 0.0
    for t, rate in enumerate(rates, state.t + 1):
        c = math.sqrt((1 - beta2) / (1 - beta2**t))
        size = rate * (1 - beta1) / (1 - beta1**t) / c
        rows.append([size, optimizer.epsilon / c, beta1, beta2, 1 - rate * weight_decay])
    return rows


def _nadam(optimizer: NAdam, state: State, rates: Sequence[float]) -> list[Row]:
    product, rows = state.product, []
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    for t, rate in enumerate(rates, state.t + 1):
        now, following = optimizer.momentum(t), optimizer.momentum(t + 1)
        product *= now
        along_g, along_m = rate * (1 - now) / (1 - product), rate * following / (1 - product * following)
        rows.append([along_g, along_m, 1 - beta2**t, optimizer.epsilon, beta1, beta2, 1 - beta1, 1 - beta2])
    return rows


def _rmsprop(optimizer: RMSprop, state: State, rates: Sequence[float]) -> list[Row]:
    alpha = optimizer.alpha
    return [[rate, alpha, 1 - alpha, optimizer.momentum, optimizer.epsilon] for rate in rates]


def _adagrad(optimizer: Adagrad, state: State, rates: Sequence[float]) -> list[Row]:
    return [[rate, optimizer.epsilon] for rate in rates]


def _lion(optimizer: Lion, state: State, rates: Sequence[float]) -> list[Row]:
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    return [[rate, 1 - rate * optimizer.weight_decay, beta1, beta2, 1 - beta1, 1 - beta2] for rate in rates]


RULES: dict[type[Optimizer], Rule] = {
    SGD: Rule(updates.sgd, (), _sgd),
    Adam: Rule(updates.adam, ("m", "v"), _adam),
    AdamW: Rule(updates.adam, ("m", "v"), _adam),
    NAdam: Rule(updates.nadam, ("m", "v"), _nadam),
    RMSprop: Rule(updates.rmsprop, ("square", "velocity"), _rmsprop),
    Adagrad: Rule(updates.adagrad, ("squares",), _adagrad),
    Lion: Rule(updates.lion, ("momentum",), _lion),
}


def table(rows: list[Row], dtype: np.dtype[Any]) -> Array:
    """Return rows of numbers as an array."""
    return np.array(rows, dtype)
