"""Updates of this thread's share of an array of parameters, and what goes before and after: penalties, clipping, averages.

s: rows and columns of the array; a thread has a share of the rows. c: the numbers of this step, from `whorl.engine.rules`.
"""

from __future__ import annotations

import math

import numpy as np

from whorl.engine.compiling import ROWS, WORKER, WORKERS, Integers, Numbers, Pointers, Run, inlined, kernel, share
from whorl.engine.kernels.losses import SLOT
from whorl.engine.native import pointer


@inlined
def elements(s: Integers, r: Run) -> tuple[int, int]:
    """Return the range of this thread's elements."""
    first, last = share(r, s[0])
    return first * s[1], last * s[1]


@kernel
def sgd(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``p ← p − lr g``."""
    parameters, g, lr = p[0], p[1], c[0]
    first, last = elements(s, r)
    for e in range(first, last):
        parameters[e] -= lr * g[e]


@kernel
def momentum(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``v ← μ v + g``, ``p ← p − lr v``."""
    parameters, g, v, lr, mu = p[0], p[1], p[2], c[0], c[1]
    first, last = elements(s, r)
    for e in range(first, last):
        v[e] = mu * v[e] + g[e]
        parameters[e] -= lr * v[e]


@kernel
def nesterov(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``v ← μ v + g``, ``p ← p − lr (g + μ v)``."""
    parameters, g, v, lr, mu = p[0], p[1], p[2], c[0], c[1]
    first, last = elements(s, r)
    for e in range(first, last):
        v[e] = mu * v[e] + g[e]
        parameters[e] -= lr * (g[e] + mu * v[e])


@kernel
def adam(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``m ← β₁ m + g``, ``v ← β₂ v + g²``, ``p ← decay · p − size · m / (√v + floor)``."""
    parameters, g, m, v = p[0], p[1], p[2], p[3]
    size, floor, beta1, beta2, decay = c[0], c[1], c[2], c[3], c[4]
    first, last = elements(s, r)
    for e in range(first, last):
        m[e] = beta1 * m[e] + g[e]
        v[e] = beta2 * v[e] + g[e] * g[e]
        parameters[e] = decay * parameters[e] - size * m[e] / (math.sqrt(v[e]) + floor)


@kernel
def nadam(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``p ← p − (a g + b m) / (√(v / correction) + ε)``, with the means m and v."""
    parameters, g, m, v = p[0], p[1], p[2], p[3]
    along_g, along_m, correction, epsilon, beta1, beta2, rest1, rest2 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    first, last = elements(s, r)
    for e in range(first, last):
        m[e] = beta1 * m[e] + rest1 * g[e]
        v[e] = beta2 * v[e] + rest2 * g[e] * g[e]
        parameters[e] -= (along_g * g[e] + along_m * m[e]) / (math.sqrt(v[e] / correction) + epsilon)


@kernel
def rmsprop(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``v ← α v + (1 − α) g²``, ``u ← μ u + g / (√v + ε)``, ``p ← p − lr u``."""
    parameters, g, v, u = p[0], p[1], p[2], p[3]
    lr, alpha, rest, mu, epsilon = c[0], c[1], c[2], c[3], c[4]
    first, last = elements(s, r)
    for e in range(first, last):
        v[e] = alpha * v[e] + rest * g[e] * g[e]
        u[e] = mu * u[e] + g[e] / (math.sqrt(v[e]) + epsilon)
        parameters[e] -= lr * u[e]


@kernel
def adagrad(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``v ← v + g²``, ``p ← p − lr g / (√v + ε)``."""
    parameters, g, v, lr, epsilon = p[0], p[1], p[2], c[0], c[1]
    first, last = elements(s, r)
    for e in range(first, last):
        v[e] += g[e] * g[e]
        parameters[e] -= lr * g[e] / (math.sqrt(v[e]) + epsilon)


@kernel
def lion(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``p ← decay · p − lr sign(β₁ m + (1 − β₁) g)``, ``m ← β₂ m + (1 − β₂) g``."""
    parameters, g, m = p[0], p[1], p[2]
    lr, decay, beta1, beta2, rest1, rest2 = c[0], c[1], c[2], c[3], c[4], c[5]
    zero = lr - lr
    first, last = elements(s, r)
    for e in range(first, last):
        u = beta1 * m[e] + rest1 * g[e]
        step = lr if u > zero else (-lr if u < zero else u * zero)
        parameters[e] = decay * parameters[e] - step
        m[e] = beta2 * m[e] + rest2 * g[e]


@kernel
def penalty(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Add the gradient of ``λ₁ Σ |w| + λ₂ Σ w²``, and the penalty times the samples to this thread's sum."""
    parameters, g, l1, l2 = p[0], p[1], c[0], c[1]
    zero = l1 - l1
    one = zero + 1
    total = 0.0
    first, last = elements(s, r)
    for e in range(first, last):
        w = parameters[e]
        sign = one if w > zero else (-one if w < zero else w)
        total += np.float64(l1 * sign * w + l2 * w * w)
        g[e] += l1 * sign + (l2 + l2) * w
    pointer(s[2], np.float64)[r[WORKER] * SLOT] += total * r[ROWS]


@kernel
def clear(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``g ← 0``, for frozen layers."""
    g, zero = p[0], c[0]
    first, last = elements(s, r)
    for e in range(first, last):
        g[e] = zero


@kernel
def add_square(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Add ``Σ g²`` to this thread's sum, for clipping."""
    g = p[0]
    total = 0.0
    first, last = elements(s, r)
    for e in range(first, last):
        total += np.float64(g[e]) * np.float64(g[e])
    pointer(s[2], np.float64)[r[WORKER] * SLOT] += total


@kernel
def clip(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``clipped = g · min(1, norm / |g|)``, |g| over all parameters together."""
    g, clipped, norm, one = p[0], p[1], c[0], c[1]
    squares = pointer(s[2], np.float64)
    total = 0.0
    for k in range(r[WORKERS]):
        total += squares[k * SLOT]
    length = math.sqrt(total)
    factor = norm / length if length > norm else np.float64(one)
    scale = one * factor
    first, last = elements(s, r)
    for e in range(first, last):
        clipped[e] = np.float64(g[e]) * scale


@kernel
def max_norm(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Scale this thread's columns of w (i, j) down to a norm of at most c."""
    w, norms, i, j, limit = p[0], p[1], s[0], s[1], c[0]
    zero = limit - limit
    first, last = share(r, j)
    for e in range(first, last):
        norms[e] = zero
    for k in range(i):
        for e in range(first, last):
            norms[e] += w[k * j + e] * w[k * j + e]
    for e in range(first, last):
        norm = math.sqrt(norms[e])
        norms[e] = limit / (norm if norm > limit else limit)
    for k in range(i):
        for e in range(first, last):
            w[k * j + e] *= norms[e]


@kernel
def average(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Average the parameters: ``a ← a + rate (p − a)``; the first time ``a ← p``."""
    parameters, a, rate, first_time = p[0], p[1], c[0], c[1]
    first, last = elements(s, r)
    for e in range(first, last):
        a[e] = parameters[e] if first_time > 0 else a[e] + rate * (parameters[e] - a[e])
