"""The formulas of the losses, from the predictions p, or the scores z where the loss is fused with the last layer.

Letters: n samples, m outputs, k classes, c one of them, Y the labels as one-hot rows, y other targets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.tracing.rules import Rule
from whorl.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)


@dataclass(frozen=True)
class LossCall:
    """What a loss gets.

    Parameters
    ----------
    loss : Loss
    output : ndarray, shape (n, *outputs)
        Predictions; scores if the loss is fused with the last layer.
    target : ndarray
    weighted : bool
        Whether the samples have weights.
    fused : bool
    """

    loss: Loss
    output: Array
    target: Array
    weighted: bool
    fused: bool


def rule_of(call: LossCall) -> Rule | None:
    """Return the formulas of a loss, or None if they are not known, as of a function.

    x is what it gets, p the predictions if it is fused, l the losses by sample or element, D their mean, dx the gradient.
    """
    kind = type(call.loss)
    return RULES[kind](call) if kind in RULES else None


def settings_of(call: LossCall, rule: Rule) -> dict[str, Any]:
    """Return the numbers that the formulas of a loss name."""
    fields = {name: value for name, value in vars(call.loss).items() if isinstance(value, int | float | tuple)}
    n, k = len(call.output), call.output.shape[-1]
    return {"n": n, "k": k, "m": call.output.size // n} | fields | dict(rule.settings)


def _by_class(call: LossCall, forward: str, gradient: str, page: str, **settings: float) -> Rule:
    """Return the formulas of a loss with one value for each sample."""
    weight = "weight * " if call.weighted else ""
    return Rule(
        f"Y = onehot(y, k)\n{forward}\n D = sum_s({weight}l) / n", f"dx = {weight}({gradient})", page, "L", settings
    )


def cross_entropy(call: LossCall) -> Rule:
    """Return the formulas of `CrossEntropy`: its targets T are the labels, smoothed or not."""
    assert isinstance(call.loss, CrossEntropy)
    smooth = call.loss.label_smoothing
    settings = {"smoothing": smooth} if smooth else {}
    target, T = ("\n T = (1 - smoothing) * Y + smoothing / k", "T") if smooth else ("", "Y")
    if call.fused:
        forward = f"u = x - max_c(x)\n p = exp(u) / sum_c(exp(u))\n l = log(sum_c(exp(u))) - sum_c({T} * u)"
        page = "classification.md#softmax-and-cross-entropy-together-p--y"
        return _by_class(call, f"{target}\n{forward}", f"(p - {T}) / n", page, **settings)
    floor = np.finfo(call.output.dtype).tiny
    page = "losses.md#label-smoothing" if smooth else "classification.md#cross-entropy-from-maximum-likelihood"
    if (call.output >= floor).all():
        return _by_class(call, f"{target}\n l = -sum_c({T} * log(x))", f"-{T} / x / n", page, **settings)
    forward, gradient = f"l = -sum_c({T} * log(max(x, tiny)))", f"where(x >= tiny, -{T} / max(x, tiny), 0) / n"
    return _by_class(call, f"{target}\n{forward}", gradient, page, tiny=float(floor), **settings)


def hinge(call: LossCall) -> Rule:
    """Return the formulas of `Hinge`: h is by how much a score comes too close to that of the label."""
    forward = "h = (1 - Y) * max(margin - sum_c(Y * x) + x, 0)\n l = sum_c(h) / k"
    return _by_class(call, forward, "((h > 0) - Y * sum_c(h > 0)) / (n * k)", "losses.md#hinge")


def _by_element(
    forward: str, gradient: str, page: str, clipped: tuple[str, str] = ("", "")
) -> Callable[[LossCall], Rule]:
    """Return the formulas of a loss with one value for each output; `clipped` if the logarithm is clipped at the smallest number."""

    def rule(call: LossCall) -> Rule:
        weight = "weight * " if call.weighted else ""
        tiny = np.finfo(call.output.dtype).tiny
        outside = call.output < tiny
        if type(call.loss) is BinaryCrossEntropy:
            outside = outside | (1 - call.output < tiny)
        each, slope = clipped if clipped[0] and outside.any() else (forward, gradient)
        settings = {"tiny": float(tiny)} if each is not forward else {}
        return Rule(f"{each}\n D = mean({weight}l)", f"dx = {weight}({slope}) / (n * m)", page, "L", settings)

    return rule


def binary_cross_entropy(call: LossCall) -> Rule:
    """Return the formulas of `BinaryCrossEntropy`."""
    page = "losses.md#sigmoid-and-binary-cross-entropy"
    if call.fused:
        forward = "p = 1 / (1 + exp(-x))\n l = max(x, 0) - x * y + log(1 + exp(-abs(x)))"
        return _by_element(forward, "p - y", page)(call)
    return _by_element(
        "l = -y * log(x) - (1 - y) * log(1 - x)",
        "(1 - y) / (1 - x) - y / x",
        page,
        (
            "l = -y * log(max(x, tiny)) - (1 - y) * log(max(1 - x, tiny))",
            "where(1 - x >= tiny, (1 - y) / max(1 - x, tiny), 0) - where(x >= tiny, y / max(x, tiny), 0)",
        ),
    )(call)


RULES: Mapping[type, Callable[[LossCall], Rule]] = {
    CrossEntropy: cross_entropy,
    BinaryCrossEntropy: binary_cross_entropy,
    Hinge: hinge,
    MeanSquaredError: _by_element("d = x - y\n l = d ** 2", "2 * d", "losses.md#squared-error-the-mean"),
    MeanAbsoluteError: _by_element("d = x - y\n l = abs(d)", "sign(d)", "losses.md#absolute-error-the-median"),
    Huber: _by_element(
        "d = x - y\n l = where(abs(d) <= delta, d ** 2 / 2, delta * (abs(d) - delta / 2))",
        "min(max(d, -delta), delta)",
        "losses.md#huber-squared-near-zero-linear-beyond",
    ),
    Quantile: _by_element(
        "l = max(q * (y - x), (q - 1) * (y - x))",
        "where(x > y, 1 - q, where(x < y, -q, 0))",
        "losses.md#quantile-asymmetric-absolute-error",
    ),
    Poisson: _by_element(
        "l = x - y * log(x)",
        "1 - y / x",
        "losses.md#poisson-counts",
        ("l = x - y * log(max(x, tiny))", "1 - where(x >= tiny, y / max(x, tiny), 0)"),
    ),
}
