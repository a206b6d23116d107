"""Batch and layer normalization, and standardized inputs. The formulas are those of `whorl.layers.normalization`.

Letters: n samples, d features, h the normalized x.
"""

from __future__ import annotations

import math

from whorl.engine.compiling import FIRST, LAST, ROWS, Integers, Numbers, Pointers, Run, kernel, share


@kernel
def standardize(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = (x − mean) / scale``."""
    x, mean, scale, y, d = p[0], p[1], p[2], p[3], s[0]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            y[n * d + e] = (x[n * d + e] - mean[e]) / scale[e]


@kernel
def divide(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy / scale``, in place."""
    dy, scale, d = p[0], p[1], s[0]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            dy[n * d + e] /= scale[e]


@kernel
def batch_norm(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:  # noqa: C901  # loops
    """``h = (x − m) / √(v + ε)``, ``y = γ h + β``, for this thread's features, over all samples.

    A frozen layer, and a batch of one sample, use the running means.
    """
    x, h, y, gamma, beta, mean, variance = p[0], p[1], p[2], p[3], p[4], p[5], p[6]
    m, v, inverse, d, frozen, epsilon, one, zero = p[7], p[8], p[9], s[0], s[1], c[0], c[1], c[2]
    rows = r[ROWS]
    first, last = share(r, d)
    if frozen or rows == 1:
        for e in range(first, last):
            m[e], inverse[e] = mean[e], one / math.sqrt(variance[e] + epsilon)
    else:
        for e in range(first, last):
            m[e], v[e] = zero, zero
        for n in range(rows):
            for e in range(first, last):
                m[e] += x[n * d + e]
        for e in range(first, last):
            m[e] /= rows
        for n in range(rows):
            for e in range(first, last):
                v[e] += (x[n * d + e] - m[e]) * (x[n * d + e] - m[e])
        for e in range(first, last):
            v[e] /= rows
            inverse[e] = one / math.sqrt(v[e] + epsilon)
    for n in range(rows):
        for e in range(first, last):
            h[n * d + e] = (x[n * d + e] - m[e]) * inverse[e]
            y[n * d + e] = gamma[e] * h[n * d + e] + beta[e]


@kernel
def batch_norm_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = γ / √(v + ε) (dy − dβ / n − h dγ / n)``, in place, with dγ and dβ, for this thread's features."""
    dy, h, gamma, dgamma, dbeta, mean, variance = p[0], p[1], p[2], p[3], p[4], p[5], p[6]
    m, v, inverse, d, frozen, momentum, zero = p[7], p[8], p[9], s[0], s[1], c[0], c[1]
    rows = r[ROWS]
    first, last = share(r, d)
    for e in range(first, last):
        dgamma[e], dbeta[e] = zero, zero
    for n in range(rows):
        for e in range(first, last):
            dgamma[e] += dy[n * d + e] * h[n * d + e]
            dbeta[e] += dy[n * d + e]
    if frozen or rows == 1:
        for n in range(rows):
            for e in range(first, last):
                dy[n * d + e] *= gamma[e] * inverse[e]
        return
    for e in range(first, last):
        mean[e] += momentum * (m[e] - mean[e])
        variance[e] += momentum * (v[e] * rows / (rows - 1) - variance[e])
    for n in range(rows):
        for e in range(first, last):
            inner = dy[n * d + e] - (dbeta[e] + h[n * d + e] * dgamma[e]) / rows
            dy[n * d + e] = inner * gamma[e] * inverse[e]


@kernel
def layer_norm(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``h = (x − m) / √(v + ε)``, ``y = γ h + β``, for each sample."""
    x, h, y, gamma, beta, inverse, d, epsilon, one, zero = p[0], p[1], p[2], p[3], p[4], p[5], s[0], c[0], c[1], c[2]
    for n in range(r[FIRST], r[LAST]):
        m, v = zero, zero
        for e in range(n * d, n * d + d):
            m += x[e]
        m /= d
        for e in range(n * d, n * d + d):
            v += (x[e] - m) * (x[e] - m)
        inverse[n] = one / math.sqrt(v / d + epsilon)
        for e in range(d):
            h[n * d + e] = (x[n * d + e] - m) * inverse[n]
            y[n * d + e] = gamma[e] * h[n * d + e] + beta[e]


@kernel
def layer_norm_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = (γ dy − mean(γ dy) − h mean(γ dy h)) / √(v + ε)``, for each sample."""
    dy, h, gamma, inverse, dx, d, zero = p[0], p[1], p[2], p[3], p[4], s[0], c[0]
    for n in range(r[FIRST], r[LAST]):
        total, along = zero, zero
        for e in range(d):
            dx[n * d + e] = dy[n * d + e] * gamma[e]
            total += dx[n * d + e]
            along += dx[n * d + e] * h[n * d + e]
        total /= d
        along /= d
        for e in range(n * d, n * d + d):
            dx[e] = (dx[e] - total - h[e] * along) * inverse[n]


@kernel
def scale_gradients(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dγ = Σ_n dy h``, ``dβ = Σ_n dy``: this thread's features."""
    dy, h, dgamma, dbeta, d, zero = p[0], p[1], p[2], p[3], s[0], c[0]
    first, last = share(r, d)
    for e in range(first, last):
        dgamma[e], dbeta[e] = zero, zero
    for n in range(r[ROWS]):
        for e in range(first, last):
            dgamma[e] += dy[n * d + e] * h[n * d + e]
            dbeta[e] += dy[n * d + e]


@kernel
def add_into(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = a + b``, for `Residual`."""
    a, b, y, d = p[0], p[1], p[2], s[0]
    for e in range(r[FIRST] * d, r[LAST] * d):
        y[e] = a[e] + b[e]


@kernel
def copy(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x``."""
    x, y, d = p[0], p[1], s[0]
    for e in range(r[FIRST] * d, r[LAST] * d):
        y[e] = x[e]
