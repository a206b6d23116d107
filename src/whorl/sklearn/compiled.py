"""An epoch of a multi-layer perceptron as one compiled function: what `MlpObjective` and the solvers do on NumPy, with less overhead.

Numba compiles it, which the extra ``whorl[fast]`` installs. The matrix products and exponentials are those of the engine.

Letters: n samples of the batch, i inputs and j outputs of a layer, k outputs of the network, x inputs of a layer, z scores, y outputs of a
layer or targets, p parameters, g their gradients. All are pointers to numbers, by rows. ``a`` has the inputs of the batch and the outputs of
each layer, one after the other, and ``d`` has the gradients by them in the same places.
"""

from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import Any

import numpy as np
from numba import types

from whorl._core.types import Array
from whorl.engine.compiling import FLAGS, announce, compiled, inlined
from whorl.engine.kernels.products import multiply
from whorl.engine.native import HEIGHT, REGISTER, VECTORS, shift
from whorl.engine.numerics import exp, expm1
from whorl.sklearn.objective import MlpObjective
from whorl.sklearn.solvers import Descent, Moments

KINDS = {"identity": 0, "logistic": 1, "tanh": 2, "relu": 3, "softmax": 4, "exp": 5}
"""The activations of hidden units and of outputs, by scikit-learn's names."""
IDENTITY, LOGISTIC, TANH, RELU, SOFTMAX, EXPONENTIAL = KINDS.values()

SAMPLES, BATCH, HIDDEN, OUTPUT, WEIGHTED, PARAMETERS, ADAM, NESTEROV, LAYERS, SIZES = range(10)
"""The integers s: samples of an epoch and of a batch, the two activations, whether samples have weights, the number of parameters,
whether the solver is Adam, whether momentum is Nesterov's, the number of layers; from SIZES on, the inputs, hidden units and outputs."""

ZERO, ONE, TWO, BETA_1, BETA_2, EPSILON, REST_1, REST_2, ALPHA, MOST = range(10)
"""The numbers c, of the float type of the network: 0, 1, 2, β₁ (of SGD: the momentum), β₂, ε, 1 − β₁, 1 − β₂, the penalty α, and the largest
loss of a probability."""


@inlined
def product(m: int, n: int, k: int, a: Any, down: int, along: int, b: Any, c: Any, panel: Any) -> None:
    """C (m, n) = A (m, k) B (k, n); a column by itself, as a block of `multiply` would be mostly empty. A may be transposed."""
    if n > 1:
        multiply(m, n, k, a, down, along, b, n, 1, c, n, 1, panel)
    elif along == 1:
        for row in range(m):
            total = a[row * down] * b[0]
            for e in range(1, k):
                total += a[row * down + e] * b[e]
            c[row] = total
    else:
        for row in range(m):
            c[row] = a[row] * b[0]
        for e in range(1, k):
            for row in range(m):
                c[row] += a[row + e * along] * b[e]


@inlined
def activate(kind: int, z: Any, b: Any, j: int, c: Any) -> None:
    """Add the biases to the scores of a sample and apply the activation, in place; the formulas are those of `whorl.functions`."""
    zero, one, two = c[ZERO], c[ONE], c[TWO]
    for e in range(j):
        z[e] += b[e]
    if kind == RELU:
        for e in range(j):
            z[e] = zero if z[e] <= zero else z[e]  # noqa: FURB136  # NaN stays NaN
    elif kind == TANH:
        for e in range(j):
            below = expm1(-two * abs(z[e]))
            y = below / (two + below)
            z[e] = y if z[e] < zero else -y
    elif kind == LOGISTIC:
        for e in range(j):
            w = exp(-abs(z[e]))
            z[e] = (one if z[e] >= zero else w) / (one + w)


@inlined
def multiply_by_slope(kind: int, y: Any, dy: Any, count: int, c: Any) -> None:
    """Multiply gradients by the slope of the activation, which its output y tells."""
    zero, one = c[ZERO], c[ONE]
    if kind == RELU:
        for e in range(count):
            dy[e] = dy[e] if y[e] > zero else zero
    elif kind == TANH:
        for e in range(count):
            dy[e] *= one - y[e] * y[e]
    elif kind == LOGISTIC:
        for e in range(count):
            dy[e] *= y[e] * (one - y[e])


@inlined
def at_most(loss: float, most: float) -> float:
    """Return the loss, or the most that it can be."""
    return most if loss > most else loss  # noqa: FURB136  # NaN stays NaN


@inlined
def sample_loss(kind: int, z: Any, y: Any, dz: Any, k: int, c: Any) -> Any:
    """Return the loss of a sample, and write predictions minus targets to dz."""
    zero, one, most, loss = c[ZERO], c[ONE], np.float64(c[MOST]), 0.0
    if kind == SOFTMAX:
        largest, total = z[0], zero
        for e in range(1, k):
            largest = max(largest, z[e])
        for e in range(k):
            dz[e] = exp(z[e] - largest)
            total += dz[e]
        for e in range(k):
            loss += y[e] * (math.log(total) + largest - z[e])
            dz[e] = dz[e] / total - y[e]
        return at_most(loss, most)
    for e in range(k):
        if kind == LOGISTIC:
            w = exp(-abs(z[e]))
            loss += at_most(max(z[e], zero) + math.log1p(w) - z[e] * y[e], most)
            dz[e] = (one if z[e] >= zero else w) / (one + w) - y[e]
        elif kind == EXPONENTIAL:
            w = math.exp(z[e])
            loss += y[e] * (math.log(y[e] if y[e] > zero else one) - z[e]) - y[e] + w
            dz[e] = w - y[e]
        else:
            dz[e] = z[e] - y[e]
            loss += 0.5 * dz[e] * dz[e] / k
    return loss


@inlined
def batch_loss(s: Any, c: Any, n: int, z: Any, dz: Any, y: Any, weight: Any, rows: Any) -> tuple[float, float]:
    """Return the sum of the losses of a batch and the sum of its weights, and write the gradient of the mean to dz."""
    k, loss, total = s[SIZES + s[LAYERS]], 0.0, 0.0
    for row in range(n):
        share, at = weight[rows[row]] if s[WEIGHTED] else c[ONE], row * k
        loss += share * sample_loss(s[OUTPUT], shift(z, at), shift(y, rows[row] * k), shift(dz, at), k, c)
        total += share
        for e in range(at, at + k):
            dz[e] *= share
    factor = c[ONE] * (1 / total)
    for e in range(n * k):
        dz[e] *= factor
    return loss, total


@inlined
def forward(s: Any, c: Any, n: int, a: Any, p: Any, panel: Any) -> None:
    """Compute the outputs of all layers, from the inputs at the beginning of a."""
    for layer in range(s[LAYERS]):
        i, j = s[SIZES + layer], s[SIZES + layer + 1]
        z, b, kind = shift(a, n * i), shift(p, i * j), s[HIDDEN] if layer < s[LAYERS] - 1 else IDENTITY
        product(n, j, i, a, i, 1, p, z, panel)
        for row in range(n):
            activate(kind, shift(z, row * j), b, j, c)
        a, p = z, shift(b, j)


@inlined
def backward(s: Any, c: Any, n: int, y: Any, dy: Any, p: Any, g: Any, panel: Any, decay: float) -> float:
    """Compute the gradients of all parameters; return the sum of ``decay w² / 2``.

    y and dy are the scores and their gradients, at the end of a and d; p and g the ends of the parameters and of their gradients.
    """
    strength, penalty = c[ONE] * decay, 0.0
    for layer in range(s[LAYERS] - 1, -1, -1):
        i, j = s[SIZES + layer], s[SIZES + layer + 1]
        x, w, dw = shift(y, -n * i), shift(p, -(i + 1) * j), shift(g, -(i + 1) * j)
        db = shift(g, -j)
        product(i, j, n, x, 1, i, dy, dw, panel)  # xᵀ dy
        for e in range(i * j):
            dw[e] += strength * w[e]
            penalty += w[e] * w[e]
        for e in range(j):
            db[e] = c[ZERO]
        for row in range(n):
            for e in range(j):
                db[e] += dy[row * j + e]
        if layer > 0:
            dx = shift(dy, -n * i)
            multiply(n, i, j, dy, j, 1, w, 1, j, dx, i, 1, panel)  # dy Wᵀ
            multiply_by_slope(s[HIDDEN], x, dx, n * i, c)
            dy = dx
        y, p, g = x, w, dw
    return 0.5 * decay * penalty


@inlined
def sgd_step(p: Any, g: Any, velocity: Any, count: int, rate: float, momentum: float, nesterov: int) -> None:
    """Take a step of `Descent`."""
    for e in range(count):
        change = rate * g[e]
        velocity[e] = momentum * velocity[e] - change
        p[e] += momentum * velocity[e] - change if nesterov else velocity[e]


@inlined
def adam_step(p: Any, g: Any, m: Any, v: Any, count: int, rate: float, c: Any) -> None:
    """Take a step of `Moments`."""
    beta_1, beta_2, epsilon, rest_1, rest_2 = c[BETA_1], c[BETA_2], c[EPSILON], c[REST_1], c[REST_2]
    for e in range(count):
        m[e] = beta_1 * m[e] + rest_1 * g[e]
        v[e] = beta_2 * v[e] + rest_2 * g[e] * g[e]
        p[e] -= rate * m[e] / (math.sqrt(v[e]) + epsilon)


def epoch(
    s: Any,
    order: Any,
    c: Any,
    rates: Any,
    x: Any,
    y: Any,
    weight: Any,
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    a: Any,
    d: Any,
    panel: Any,
) -> float:
    """Take the steps of an epoch; return the sum of their losses, each times the samples of its batch."""
    inputs, count, width, result = s[SIZES], s[PARAMETERS], 0, 0.0
    for layer in range(s[LAYERS]):
        width += s[SIZES + layer]  # so many numbers of a sample are in a before the scores
    for step, start in enumerate(range(0, s[SAMPLES], s[BATCH])):
        n, rows = min(s[BATCH], s[SAMPLES] - start), shift(order, start)
        for row in range(n):
            for e in range(inputs):
                a[row * inputs + e] = x[rows[row] * inputs + e]
        forward(s, c, n, a, p, panel)
        z, dz = shift(a, n * width), shift(d, n * width)
        loss, total = batch_loss(s, c, n, z, dz, y, weight, rows)
        result += n * (loss / total)
        result += n * backward(s, c, n, z, dz, shift(p, count), shift(g, count), panel, c[ALPHA] / total)
        if s[ADAM]:
            adam_step(p, g, m, v, count, rates[step], c)
        else:
            sgd_step(p, g, m, count, rates[step], c[BETA_1], s[NESTEROV])
    return result


@cache
def compiled_epoch(dtype: np.dtype[Any]) -> Any:
    """Return `epoch` for a float type, as a function of addresses. It runs without the global interpreter lock."""
    announce()
    number = types.float32 if dtype == np.float32 else types.float64
    kinds = [types.CPointer(types.int64)] * 2 + [types.CPointer(number)] * 12
    address = compiled(epoch, types.float64(*kinds), fastmath=FLAGS).address
    return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_void_p] * len(kinds))(address)


class CompiledEpoch:
    """The epochs of a training: call it with the order of the samples to take the steps of one.

    The arguments are those of `epochs`.
    """

    def __init__(
        self, objective: MlpObjective, solver: Descent | Moments, data: tuple[Array, Array, Array | None], size: int
    ) -> None:
        x, y, weight = data
        model, self.solver, self.steps = objective.model, solver, -(-len(x) // size)
        self.run, dtype = compiled_epoch(model.dtype), model.dtype
        sizes = [x.shape[1], *(w.shape[1] for w in objective.weights)]
        kinds = [KINDS[objective.activation], KINDS[objective.output]]
        solving = [isinstance(solver, Moments), getattr(solver, "nesterov", False)]
        integers = [len(x), size, *kinds, weight is not None, model.parameters.size, *solving, len(sizes) - 1, *sizes]
        self.integers = np.array(integers, np.int64)
        numbers = np.array([0, 1, 2, *solver.numbers, objective.alpha, objective.most], dtype)
        given = [np.ascontiguousarray(each, dtype) for each in (x, y, numbers if weight is None else weight)]
        panel = (max(size, *sizes) + HEIGHT) * VECTORS * REGISTER // dtype.itemsize
        work = [np.zeros(count, dtype) for count in (size * sum(sizes), size * sum(sizes), panel)]
        self.numbers, self.arrays = numbers, [*given, model.parameters, model.gradients, *solver.memory, *work]

    def __call__(self, order: Array) -> float:
        """Take the steps of an epoch over the samples in this order; return the mean loss."""
        rates = self.solver.rates(self.steps)
        arrays = [self.integers, np.ascontiguousarray(order, np.int64), self.numbers, rates, *self.arrays]
        return float(self.run(*(each.ctypes.data for each in arrays))) / len(order)
