"""Activations. Each writes its output y and its slope dy/dx; all backward passes multiply by the slope.

The formulas are those of `whorl.functions`.
"""

from __future__ import annotations

import math

from whorl.engine.compiling import FIRST, LAST, Integers, Kernel, Numbers, Pointers, Run, exact, kernel
from whorl.engine.numerics import exp, expm1
from whorl.functions import GELU_CUBIC, GELU_LINEAR
from whorl.layers import ELU, GELU, SELU, Layer, LeakyReLU, Mish, ReLU, Sigmoid, SiLU, Softplus, Tanh


@kernel
def multiply(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy · slope``, in place."""
    dy, slope, d = p[0], p[1], s[0]
    for e in range(r[FIRST] * d, r[LAST] * d):
        dy[e] *= slope[e]


@kernel
def leaky_relu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x`` where x > 0, else ``a x``."""
    x, y, slope, d, a, one = p[0], p[1], p[2], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        slope[e] = one if x[e] > 0 else a
        y[e] = x[e] * slope[e]


@kernel
def elu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = scale · x`` where x > 0, else ``scale · alpha (eˣ − 1)``; c holds scale and scale · alpha."""
    x, y, slope, d, scale, factor, zero = p[0], p[1], p[2], s[0], c[0], c[1], c[2]
    for e in range(r[FIRST] * d, r[LAST] * d):
        low = x[e] if x[e] < zero else zero
        below, steep = factor * expm1(low), factor * exp(low)
        y[e] = scale * x[e] if x[e] > zero else below
        slope[e] = scale if x[e] > zero else steep


@kernel
def tanh(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """With ``e = e^−2|x|``: ``|y| = (1 − e) / (1 + e)``, ``slope = 4e / (1 + e)²``."""
    x, y, slope, d, one, two = p[0], p[1], p[2], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        difference = expm1(-two * abs(x[e]))
        below = one / (two + difference)
        y[e] = math.copysign(difference * below, x[e])
        slope[e] = two * two * (one + difference) * below * below


@kernel
def sigmoid(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """With ``w = eˣ``: ``y = w / (1 + w)``, ``slope = w / (1 + w)²``."""
    x, y, slope, d, one, upper = p[0], p[1], p[2], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        w = exp(upper if x[e] > upper else x[e])
        below = one / (one + w)
        y[e] = w * below
        slope[e] = w * below * below


@kernel
def softplus(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = max(x, 0) + log(1 + e^−|x|)``; the slope is the sigmoid."""
    x, y, slope, d, one, zero = p[0], p[1], p[2], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        w = exp(-abs(x[e]))
        y[e] = (x[e] if x[e] > zero else zero) + math.log1p(w)
        slope[e] = (one if x[e] > zero else w) / (one + w)


@kernel
def silu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x t`` with ``t = sigmoid(x)``; the slope is ``t (1 + x (1 − t))``."""
    x, y, slope, d, one, upper = p[0], p[1], p[2], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        low = upper if x[e] > upper else x[e]
        w = exp(low)
        below = one / (one + w)
        t = w * below
        y[e] = x[e] * t
        slope[e] = t * (one + low * below)


@kernel
def mish(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x t`` with ``t = n / (n + 2)``, ``n = w (2 + w)``, ``w = eˣ``; the slope is ``t + 4 x w (1 + w) / (n + 2)²``."""
    x, y, slope, d, one, upper, two = p[0], p[1], p[2], s[0], c[0], c[1], c[2]
    for e in range(r[FIRST] * d, r[LAST] * d):
        low = upper if x[e] > upper else x[e]
        w = exp(low)
        n = w * (two + w)
        below = one / (n + two)
        t = n * below
        y[e] = x[e] * t
        slope[e] = t + two * two * low * (w * below) * ((one + w) * below)


@kernel
def gelu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x t`` with ``t = sigmoid(v)``, ``v = a x + b x³``; the slope is ``t (1 + x v′ (1 − t))``."""
    x, y, slope, d, a, b, low, high, one, three = p[0], p[1], p[2], s[0], c[0], c[1], c[2], c[3], c[4], c[5]
    for e in range(r[FIRST] * d, r[LAST] * d):
        z = low if x[e] < low else x[e]
        z = high if z > high else z
        square = z * z
        w = exp(z * (a + b * square))
        below = one / (one + w)
        t = w * below
        y[e] = x[e] * t
        slope[e] = t * (one + z * (a + three * b * square) * below)


@kernel
def relu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = max(x, 0)``; the slope is 1 or 0."""
    x, y, slope, d, one, zero = p[0], p[1], p[2], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        y[e] = zero if x[e] <= zero else x[e]  # NaN stays NaN
        slope[e] = one if x[e] > zero else zero


@kernel
def affine(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = factor · x + offset``, the layer Rescale."""
    x, offset, y, d, factor = p[0], p[1], p[2], s[0], c[0]
    for i in range(r[FIRST], r[LAST]):
        for j in range(d):
            y[i * d + j] = factor * x[i * d + j] + offset[j]


@kernel
def scale(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = factor · dy``, in place."""
    dy, d, factor = p[0], s[0], c[0]
    for e in range(r[FIRST] * d, r[LAST] * d):
        dy[e] *= factor


@exact
def softmax_row(x: Pointers, y: Pointers, start: int, d: int) -> None:
    """Write the softmax of the d numbers of x from `start` on to y."""
    largest = x[start]
    for e in range(start + 1, start + d):
        largest = max(largest, x[e])
    total = largest - largest
    for e in range(start, start + d):
        y[e] = exp(x[e] - largest)
        total += y[e]
    for e in range(start, start + d):
        y[e] /= total


@kernel
def softmax(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y_k = exp(x_k) / Σ_j exp(x_j)``, for each row."""
    x, y, d = p[0], p[1], s[0]
    for n in range(r[FIRST], r[LAST]):
        softmax_row(x, y, n * d, d)


@kernel
def softmax_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx_k = y_k (dy_k − Σ_j dy_j y_j)``, in place."""
    dy, y, d, zero = p[0], p[1], s[0], c[0]
    for n in range(r[FIRST], r[LAST]):
        total = zero
        for e in range(n * d, n * d + d):
            total += dy[e] * y[e]
        for e in range(n * d, n * d + d):
            dy[e] = y[e] * (dy[e] - total)


UPPER = 40.0
"""Bound of exponents, as in `whorl.functions`."""


def activation(layer: Layer) -> tuple[Kernel, list[float]] | None:
    """Return the kernel of an activation, and its numbers; None for other layers."""
    if type(layer) is LeakyReLU:
        return leaky_relu, [layer.slope, 1.0]
    if type(layer) is ELU:
        return elu, [1.0, layer.alpha, 0.0]
    return ACTIVATIONS.get(type(layer))


ACTIVATIONS: dict[type[Layer], tuple[Kernel, list[float]]] = {
    ReLU: (relu, [1.0, 0.0]),
    SELU: (elu, [SELU.SCALE, SELU.SCALE * SELU.ALPHA, 0.0]),
    GELU: (gelu, [GELU_LINEAR, GELU_CUBIC, -32.0, 10.0, 1.0, 3.0]),
    SiLU: (silu, [1.0, UPPER]),
    Mish: (mish, [1.0, UPPER, 2.0]),
    Tanh: (tanh, [1.0, 2.0]),
    Sigmoid: (sigmoid, [1.0, UPPER]),
    Softplus: (softplus, [1.0, 0.0]),
}
