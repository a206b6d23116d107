"""The formulas of the optimizers, for one parameter: w before the step, g its gradient, eta the learning rate, t the number of the step.

Letters of memory: v the velocity or the mean square, m the mean of the gradient. A name with ``_new`` is the value after the step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from whorl._core.types import Array
from whorl._core.validation import at
from whorl.optimizers import SGD, Adagrad, Adam, AdamW, Lion, NAdam, Optimizer, RMSprop, State

ADAM = """
m_new = beta1 * m + (1 - beta1) * g
v_new = beta2 * v + (1 - beta2) * g ** 2
m_hat = m_new / (1 - beta1 ** t)
v_hat = v_new / (1 - beta2 ** t)
"""
STEP = "w - eta * m_hat / (sqrt(v_hat) + epsilon)"
SHRUNK = "(1 - eta * lam * factor) * w"
"""A parameter after decoupled weight decay."""


@dataclass(frozen=True)
class Update:
    """What an optimizer does to each parameter.

    Parameters
    ----------
    formulas : str
        Lines ``name = formula``; the last result is ``w_new``.
    page : str
        As in `Rule`.
    settings : mapping
        Numbers in the formulas.
    memory : mapping
        The vectors (P,) that the optimizer remembers from the steps before.
    """

    formulas: str
    page: str
    settings: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, Array] = field(default_factory=dict)


def update_of(optimizer: Optimizer, before: State, epoch: float, *, factors: bool) -> Update | None:
    """Return what an optimizer does, or None if its formulas are not known.

    Parameters
    ----------
    optimizer : Optimizer
        Not a wrapper.
    before : namespace
        Its memory before the step.
    epoch : float
        The time, for a weight decay that changes with it.
    factors : bool
        Whether parameters have a factor of the weight decay, called ``factor``.
    """
    if type(optimizer) not in RULES:
        return None
    update = RULES[type(optimizer)](optimizer, before)
    formulas, settings = update.formulas, dict(update.settings)
    if isinstance(optimizer, AdamW | Lion):
        settings["lam"] = at("weight_decay", optimizer.weight_decay, epoch, minimum=0)
        formulas = formulas if factors else formulas.replace(" * factor", "")
        formulas = formulas if settings["lam"] else re.sub(r"\(1 - eta \* lam.*?\) \* w", "w", formulas)
    return replace(update, formulas=formulas, settings=settings)


def sgd(optimizer: Any, before: State) -> Update:
    """Return the formulas of `SGD`."""
    if not optimizer.momentum:
        return Update("w_new = w - eta * g", "optimizers.md")
    step, page = ("(g + mu * v_new)", "nesterov-momentum") if optimizer.nesterov else ("v_new", "momentum")
    formulas = f"v_new = mu * v + g\n w_new = w - eta * {step}"
    return Update(formulas, f"optimizers.md#{page}", {"mu": optimizer.momentum}, {"v": before.velocity})


def adam(optimizer: Any, before: State) -> Update:
    """Return the formulas of `Adam`, whose memory has no factors 1 − beta."""
    settings = {name: getattr(optimizer, name) for name in ("beta1", "beta2", "epsilon")} | {"t": before.t + 1}
    memory = {"m": (1 - optimizer.beta1) * before.m, "v": (1 - optimizer.beta2) * before.v}
    return Update(f"{ADAM}w_new = {STEP}", "optimizers.md#adam", settings, memory)


def adamw(optimizer: Any, before: State) -> Update:
    """Return the formulas of `AdamW`."""
    page = "optimizers.md#adamw-and-lion-decoupled-weight-decay"
    return replace(adam(optimizer, before), formulas=f"{ADAM}w_new = {STEP.replace('w', SHRUNK, 1)}", page=page)


def nadam(optimizer: Any, before: State) -> Update:
    """Return the formulas of `NAdam`: mu is the momentum of this step, mu_next that of the next one, M the product of all up to now."""
    t = before.t + 1
    now, following = optimizer.momentum(t), optimizer.momentum(t + 1)
    settings = {name: getattr(optimizer, name) for name in ("beta1", "beta2", "epsilon")}
    settings |= {"t": t, "mu": now, "mu_next": following, "M": before.product * now}
    first, second, _, v_hat = ADAM.strip().splitlines()
    along = "(1 - mu) / (1 - M) * g + mu_next / (1 - M * mu_next) * m_new"
    formulas = f"{first}\n{second}\n{v_hat}\nw_new = w - eta * ({along}) / (sqrt(v_hat) + epsilon)"
    return Update(formulas, "optimizers.md#nadam-nesterov-momentum-in-adam", settings, {"m": before.m, "v": before.v})


def rmsprop(optimizer: Any, before: State) -> Update:
    """Return the formulas of `RMSprop`: u is the velocity."""
    square, settings = (
        "v_new = alpha * v + (1 - alpha) * g ** 2",
        {"alpha": optimizer.alpha, "epsilon": optimizer.epsilon},
    )
    page = "optimizers.md#adagrad-and-rmsprop-a-learning-rate-for-each-parameter"
    if not optimizer.momentum:
        return Update(f"{square}\n w_new = w - eta * g / (sqrt(v_new) + epsilon)", page, settings, {"v": before.square})
    formulas = f"{square}\n u_new = mu * u + g / (sqrt(v_new) + epsilon)\n w_new = w - eta * u_new"
    memory = {"v": before.square, "u": before.velocity}
    return Update(formulas, page, settings | {"mu": optimizer.momentum}, memory)


def adagrad(optimizer: Any, before: State) -> Update:
    """Return the formulas of `Adagrad`."""
    return Update(
        "v_new = v + g ** 2\n w_new = w - eta * g / (sqrt(v_new) + epsilon)",
        "optimizers.md#adagrad-and-rmsprop-a-learning-rate-for-each-parameter",
        {"epsilon": optimizer.epsilon},
        {"v": before.squares},
    )


def lion(optimizer: Any, before: State) -> Update:
    """Return the formulas of `Lion`."""
    return Update(
        f"w_new = {SHRUNK} - eta * sign(beta1 * m + (1 - beta1) * g)\n m_new = beta2 * m + (1 - beta2) * g",
        "optimizers.md#adamw-and-lion-decoupled-weight-decay",
        {"beta1": optimizer.beta1, "beta2": optimizer.beta2},
        {"m": before.momentum},
    )


RULES: Mapping[type, Callable[[Any, State], Update]] = {
    SGD: sgd,
    Adam: adam,
    AdamW: adamw,
    NAdam: nadam,
    RMSprop: rmsprop,
    Adagrad: adagrad,
    Lion: lion,
}
