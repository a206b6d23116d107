"""Matrix products of `Dense`: by BLAS, or by loops of our own where a factor is so narrow that BLAS's overhead dominates.

Letters: n samples, i inputs, j outputs. w is (i, j), by rows, like all arrays here.
"""

from __future__ import annotations

import numpy as np

from whorl.engine.compiling import FIRST, LAST, ROWS, WORKER, Integers, Numbers, Pointers, Run, inlined, kernel, share
from whorl.engine.native import gemm, pointer, shift


@kernel
def product(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x W``, without the bias."""
    x, w, y, i, j, blas = p[0], p[1], p[2], s[0], s[1], s[2]
    first, rows = r[FIRST], r[LAST] - r[FIRST]
    gemm(blas, False, False, rows, j, i, shift(x, first * i), i, w, j, shift(y, first * j), j)


@kernel
def product_inputs(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy Wᵀ``."""
    dy, w, dx, i, j, blas = p[0], p[1], p[2], s[0], s[1], s[2]
    first, rows = r[FIRST], r[LAST] - r[FIRST]
    gemm(blas, False, True, rows, i, j, shift(dy, first * j), j, w, j, shift(dx, first * i), i)


@kernel
def product_columns(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x W``: this thread's columns of y, for all samples."""
    x, w, y, i, j, blas = p[0], p[1], p[2], s[0], s[1], s[2]
    first, last = share(r, j)
    gemm(blas, False, False, r[ROWS], last - first, i, x, i, shift(w, first), j, shift(y, first), j)


@kernel
def product_inputs_columns(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy Wᵀ``: this thread's columns of dx, for all samples."""
    dy, w, dx, i, j, blas = p[0], p[1], p[2], s[0], s[1], s[2]
    first, last = share(r, i)
    gemm(blas, False, True, r[ROWS], last - first, j, dy, j, shift(w, first * j), j, shift(dx, first), i)


@kernel
def product_weights(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dW = xᵀ dy``: this thread's rows of dW, from all samples."""
    x, dy, dw, i, j, blas = p[0], p[1], p[2], s[0], s[1], s[2]
    first, last = share(r, i)
    if last > first:
        gemm(blas, True, False, last - first, j, r[ROWS], shift(x, first), i, dy, j, shift(dw, first * j), j)


@kernel
def wide(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x W`` for few inputs: a sum of rows of W."""
    x, w, y, i, j = p[0], p[1], p[2], s[0], s[1]
    for n in range(r[FIRST], r[LAST]):
        a = x[n * i]
        for e in range(j):
            y[n * j + e] = a * w[e]
        for k in range(1, i):
            add(y, n * j, x[n * i + k], w, k * j, j)


@inlined
def add(y: Pointers, to: int, a: float, x: Pointers, at: int, count: int) -> None:
    """Add ``a · x`` to y, for `count` elements from these places on."""
    for e in range(count):
        y[to + e] += a * x[at + e]


@kernel
def wide_weights(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dW = xᵀ dy`` for few inputs."""
    x, dy, dw, i, j = p[0], p[1], p[2], s[0], s[1]
    first, last = share(r, i)
    for k in range(first, last):
        for e in range(j):
            dw[k * j + e] = x[k] * dy[e]
    for n in range(1, r[ROWS]):
        for k in range(first, last):
            add(dw, k * j, x[n * i + k], dy, n * j, j)


@kernel
def transpose(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Copy Wᵀ (j, i) to this thread's memory, for `narrow`."""
    w, wt, i, j = p[0], shift(p[1], r[WORKER] * s[0] * s[1]), s[0], s[1]
    for k in range(i):
        for e in range(j):
            wt[e * i + k] = w[k * j + e]


@kernel
def narrow(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x W`` for few outputs: each is the product of a row of x and a row of Wᵀ."""
    x, wt, y, i, j, zero = p[0], shift(p[1], r[WORKER] * s[0] * s[1]), p[2], s[0], s[1], c[0]
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            total = zero
            for k in range(i):
                total += x[n * i + k] * wt[e * i + k]
            y[n * j + e] = total


@kernel
def narrow_inputs(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy Wᵀ`` for few outputs: a sum of rows of Wᵀ."""
    dy, wt, dx, i, j = p[0], shift(p[1], r[WORKER] * s[0] * s[1]), p[2], s[0], s[1]
    for n in range(r[FIRST], r[LAST]):
        a = dy[n * j]
        for k in range(i):
            dx[n * i + k] = a * wt[k]
        for e in range(1, j):
            add(dx, n * i, dy[n * j + e], wt, e * i, i)


@kernel
def narrow_weights(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dW = xᵀ dy`` for few outputs: dWᵀ, a sum of rows of x, then transposed."""
    x, dy, dw, i, j, zero = p[0], p[1], p[2], s[0], s[1], c[0]
    first, last = share(r, i)
    count = last - first
    dwt = shift(p[3], first * j)
    for k in range(count * j):
        dwt[k] = zero
    for n in range(r[ROWS]):
        for e in range(j):
            add(dwt, e * count, dy[n * j + e], x, n * i + first, count)
    for k in range(count):
        for e in range(j):
            dw[(first + k) * j + e] = dwt[e * count + k]


@kernel
def column_sums(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``db = Σ_n dy``: this thread's columns."""
    dy, db, j, zero = p[0], p[1], s[0], c[0]
    first, last = share(r, j)
    for e in range(first, last):
        db[e] = zero
    for n in range(r[ROWS]):
        for e in range(first, last):
            db[e] += dy[n * j + e]


@kernel
def bias(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y ← y + b``."""
    y, b, j = p[0], p[1], s[0]
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            y[n * j + e] += b[e]


@kernel
def bias_relu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y ← max(y + b, 0)``."""
    y, b, j, zero = p[0], p[1], s[0], c[0]
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            v = y[n * j + e] + b[e]
            y[n * j + e] = zero if v <= zero else v


@kernel
def bias_relu_dropout(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y ← max(y + b, 0) · mask``, the mask 0 or `scale`."""
    y, b, j, bits, threshold = p[0], p[1], s[0], pointer(s[1], np.uint16), s[2]
    scale, zero = c[0], c[1]
    limit = np.uint16(threshold)
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            v = y[n * j + e] + b[e]
            v = zero if v <= zero else v * scale
            y[n * j + e] = v if bits[n * j + e] >= limit else v * zero


@kernel
def relu_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy · scale`` where y > 0, else 0, in place: ReLU, and dropout after it."""
    dy, y, d, scale, zero = p[0], p[1], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        dy[e] = dy[e] * scale if y[e] > zero else dy[e] * zero
