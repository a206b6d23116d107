"""The formulas of the layers, with the letters of docs/theory: s samples, i inputs, j outputs, dy the gradient of the loss by y."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from whorl.glassbox.tracing.recording import Call
from whorl.glassbox.tracing.rules import Rule
from whorl.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Clip,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Mish,
    NTKDense,
    PeriodicEmbedding,
    RankScale,
    ReLU,
    Rescale,
    RobustScale,
    Scale,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)

RECTIFIERS = "activations.md#relu-leaky-relu-elu"
SIGMOIDS = "activations.md#sigmoid-tanh-softplus"
SMOOTH = "activations.md#silu-and-mish"

FIXED: Mapping[type, Rule] = {
    ReLU: Rule("y = max(x, 0)", "dx = dy * (x > 0)", RECTIFIERS),
    Softmax: Rule(
        "u = x - max_c(x)\n y = exp(u) / sum_c(exp(u))",
        "dx = y * (dy - sum_c(dy * y))",
        "classification.md#the-softmax-jacobian",
        "p",
    ),
    Tanh: Rule("y = tanh(x)", "dx = dy * (1 - y ** 2)", SIGMOIDS),
    Sigmoid: Rule("y = 1 / (1 + exp(-x))", "dx = dy * y * (1 - y)", SIGMOIDS, "p"),
    Softplus: Rule("y = max(x, 0) + log(1 + exp(-abs(x)))", "dx = dy / (1 + exp(-x))", SIGMOIDS),
    SiLU: Rule("r = 1 / (1 + exp(-x))\n y = x * r", "dx = dy * r * (1 + x * (1 - r))", SMOOTH),
    Mish: Rule(
        "t = tanh(max(x, 0) + log(1 + exp(-abs(x))))\n y = x * t",
        "dx = dy * (t + x * (1 - t ** 2) / (1 + exp(-x)))",
        SMOOTH,
    ),
    GELU: Rule(
        "t = tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))\n y = x * (1 + t) / 2",
        "dx = dy * ((1 + t) / 2 + x * (1 - t ** 2) / 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * x ** 2))",
        "activations.md#gelu",
    ),
    Flatten: Rule("y = reshape(x, n, -1)", "dx = reshape(dy, shape)", "layers.md#flatten", "x"),
    Standardize: Rule("y = (x - mean) / scale", "dx = dy / scale", "normalization.md#fixed-scaling", "x"),
    Dense: Rule(
        "y = x @ w + b",
        "dw = x.T @ dy\n db = sum_s(dy)\n dx = dy @ w.T",
        "layers.md#backpropagation-through-a-dense-layer",
        "z",
    ),
    NTKDense: Rule(
        "y = x @ w / sqrt(i) + multiple * b",
        "dw = x.T @ dy / sqrt(i)\n db = multiple * sum_s(dy)\n dx = dy @ w.T / sqrt(i)",
        "tables.md#layers-that-start-from-the-data",
        "z",
    ),
    Scale: Rule(
        "y = x * (1 + multiple * s)",
        "ds = multiple * sum_s(dy * x)\n dx = (1 + multiple * s) * dy",
        "tables.md#a-multiple-of-the-learning-rate",
        "x",
    ),
    Rescale: Rule("y = factor * x + offset", "dx = factor * dy", "normalization.md#fixed-scaling", "y"),
    Clip: Rule("y = min(max(x, low), high)", "dx = dy * (x >= low) * (x <= high)", "layers.md#limits", "y"),
    LeakyReLU: Rule("y = max(x, slope * x)", "dx = dy * where(x > 0, 1, slope)", RECTIFIERS),
    ELU: Rule(
        "y = where(x > 0, x, alpha * (exp(min(x, 0)) - 1))",
        "dx = dy * where(x > 0, 1, alpha * exp(min(x, 0)))",
        RECTIFIERS,
    ),
    SELU: Rule(
        "y = scale * where(x > 0, x, alpha * (exp(min(x, 0)) - 1))",
        "dx = dy * scale * where(x > 0, 1, alpha * exp(min(x, 0)))",
        "activations.md#selu",
        settings={"scale": SELU.SCALE, "alpha": SELU.ALPHA},
    ),
    RobustScale: Rule(
        "u = (x - median) * factor\n y = u / sqrt(1 + (u / limit) ** 2)",
        "dx = dy * factor / sqrt(1 + (u / limit) ** 2) ** 3",
        "tables.md#robust-scaling",
        "x",
    ),
    RankScale: Rule(
        "r = rank(x, knots, last)\n y = sqrt(3) * (2 * r - 1)",
        "dx = 2 * sqrt(3) * rank_slope(x, knots, last) * dy",
        "tables.md#ranks",
        "x",
    ),
    LayerNorm: Rule(
        "m = mean_c(x)\n v = mean_c((x - m) ** 2)\n h = (x - m) / sqrt(v + epsilon)\n y = gamma * h + beta",
        "dgamma = sum_s(dy * h)\n dbeta = sum_s(dy)\n dh = gamma * dy\n"
        "dx = (dh - mean_c(dh) - h * mean_c(dh * h)) / sqrt(v + epsilon)",
        "normalization.md#layer-normalization",
        "z",
    ),
}
"""Layers whose formulas are always the same; the settings are the fields of the layer."""


def batch_norm(call: Call) -> Rule:
    """Return the formulas of `BatchNorm`, with the statistics of the batch or with those that it remembers."""
    page, n = "normalization.md#batch-normalization", len(call.x)
    gradients = "dgamma = sum_s(dy * h)\n dbeta = sum_s(dy)\n"
    if not call.training or n == 1:
        forward = "h = (x - mean) / sqrt(variance + epsilon)\n y = gamma * h + beta"
        return Rule(forward, gradients + "dx = dy * gamma / sqrt(variance + epsilon)", page, "z")
    return Rule(
        "m = mean_s(x)\n v = mean_s((x - m) ** 2)\n h = (x - m) / sqrt(v + epsilon)\n y = gamma * h + beta",
        gradients + "dx = gamma / sqrt(v + epsilon) * (dy - dbeta / n - h * dgamma / n)",
        page,
        "z",
        after="mean = mean + momentum * (m - mean)\n variance = variance + momentum * (v * n / (n - 1) - variance)",
    )


def dropout(call: Call) -> Rule:
    """Return the formulas of `Dropout`; the mask is what the layer makes of ones."""
    if call.mask is None:
        return Rule("y = x", "dx = dy", "layers.md#inverted-dropout")
    given = {"M": (call.mask, "drawn at random: 0 with the rate of dropout, else 1 / (1 − rate)")}
    return Rule("y = x * M", "dx = dy * M", "layers.md#inverted-dropout", given=given)


def embedding(call: Call) -> Rule:
    """Return the formulas of `Embedding`: a product with one-hot rows."""
    layer, features = call.layer, call.x.shape[1]
    assert isinstance(layer, Embedding)
    others, order = _order(features, np.array(layer.chosen))
    first = [*accumulate(layer.categories[:-1], initial=0)]
    settings: dict[str, Any] = {"columns": layer.chosen, "first": tuple(first), "others": others, "order": order}
    settings |= {"categories": sum(layer.categories), "q": len(others), "d": layer.dimension}
    return Rule(
        "Y = onehot(x[:, columns] + first, categories)\n e = Y @ w\n y = join(x[:, others], reshape(e, n, -1))",
        "de = reshape(dy[:, q:], -1, d)\n dw = Y.T @ de\n dx = join(dy[:, :q], 0 * x[:, columns])[:, order]",
        "layers.md#embedding",
        "x",
        settings,
    )


def periodic(call: Call) -> Rule:
    """Return the formulas of `PeriodicEmbedding`."""
    layer, features = call.layer, call.x.shape[1]
    assert isinstance(layer, PeriodicEmbedding)
    chosen = layer.chosen(features)
    others, order = _order(features, chosen)
    settings: dict[str, Any] = {"columns": tuple(map(int, chosen)), "others": others, "order": order, "q": len(others)}
    settings |= {"d": len(chosen), "k": layer.dimension}
    return Rule(
        "u = 2 * pi * multiple * w * x[:, columns, None] + multiple * b\n c = cos(u)\n"
        "r = (c[:, :, None, :] @ (multiple * v))[:, :, 0, :] + multiple * a\n"
        "y = join(x[:, others], reshape(join(x[:, columns, None], r), n, -1))",
        "de = reshape(dy[:, q:], n, d, k)\n dr = de[:, :, 1:]\n"
        "du = -sin(u) * (multiple * v @ dr[:, :, :, None])[:, :, :, 0]\n"
        "da = multiple * sum_s(dr)\n dv = multiple * sum_s(c[:, :, :, None] * dr[:, :, None, :])\n db = multiple * sum_s(du)\n"
        "dw = 2 * pi * multiple * sum_s(x[:, columns, None] * du)\n"
        "dx = join(dy[:, :q], de[:, :, 0] + 2 * pi * multiple * sum_k(w * du)[:, :, 0])[:, order]",
        "tables.md#waves",
        "x",
        settings,
    )


def _order(features: int, chosen: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the columns that are not chosen, and where each column stands after those are put first."""
    others = np.delete(np.arange(features), chosen)
    order = np.argsort(np.concatenate([others, chosen]))
    return tuple(map(int, others)), tuple(map(int, order))


FITTED: Mapping[type, Callable[[Call], Rule]] = {
    BatchNorm: batch_norm,
    Dropout: dropout,
    Embedding: embedding,
    PeriodicEmbedding: periodic,
}
"""Layers whose formulas depend on the pass."""


def rule_of(call: Call) -> Rule | None:
    """Return the formulas of a layer in this pass, or None if they are not known, as of a layer of one's own."""
    kind = type(call.layer)
    return FITTED[kind](call) if kind in FITTED else FIXED.get(kind)


def settings_of(call: Call, rule: Rule) -> dict[str, Any]:
    """Return the numbers that the formulas of a layer name: its fields, those of the rule, and the sizes of its input."""
    fields = {name: value for name, value in vars(call.layer).items() if isinstance(value, int | float | tuple)}
    sizes = {"n": len(call.x), "i": math.prod(call.x.shape[1:]), "shape": call.x.shape}
    return sizes | fields | dict(rule.settings)
