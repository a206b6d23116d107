"""`Dense` and `NTKDense`: the bias, ReLU and dropout after it, and products with narrow matrices, where `products` would compute mostly zeros.

Letters: n samples, i inputs, j outputs. w is (i, j), by rows, like all arrays here.
"""

from __future__ import annotations

import numpy as np

from whorl.engine.compiling import (
    FIRST,
    LAST,
    WORKER,
    WORKERS,
    Integers,
    Numbers,
    Pointers,
    Run,
    inlined,
    kernel,
    share,
)
from whorl.engine.native import pointer, shift

BLOCK = 4
"""Samples whose gradients are added at once."""


@kernel
def sum_parts(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Sum the gradients from the samples of each thread: this thread's rows of an array (rows, columns)."""
    parts, g, rows, columns = p[0], p[1], s[0], s[1]
    first, last = share(r, rows)
    for k in range(first * columns, last * columns):
        g[k] = parts[k]
    for worker in range(1, r[WORKERS]):
        part = shift(parts, worker * rows * columns)
        for k in range(first * columns, last * columns):
            g[k] += part[k]


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


@inlined
def add_rows(y: Pointers, a: Pointers, stride: int, x: Pointers, count: int, rows: int) -> None:
    """Add to y, of `count` elements, so many rows of x, each times its number in a: a `BLOCK` reads and writes y only once."""
    if rows == BLOCK:
        a0, a1, a2, a3 = a[0], a[stride], a[2 * stride], a[3 * stride]
        for e in range(count):
            y[e] += a0 * x[e] + a1 * x[count + e] + a2 * x[2 * count + e] + a3 * x[3 * count + e]
    else:
        for n in range(rows):
            add(y, 0, a[n * stride], x, n * count, count)


@kernel
def wide_weights(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dW = xᵀ dy`` for few inputs, from this thread's samples."""
    x, dy, i, j, zero = p[0], p[1], s[0], s[1], c[0]
    dw = shift(p[2], r[WORKER] * i * j)
    for e in range(i * j):
        dw[e] = zero
    for n in range(r[FIRST], r[LAST], BLOCK):
        for k in range(i):
            add_rows(shift(dw, k * j), shift(x, n * i + k), i, shift(dy, n * j), j, min(BLOCK, r[LAST] - n))


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
    """``dW = xᵀ dy`` for few outputs, from this thread's samples: dWᵀ, a sum of rows of x, then transposed."""
    x, dy, i, j, zero = p[0], p[1], s[0], s[1], c[0]
    dw, dwt = shift(p[2], r[WORKER] * i * j), shift(p[3], r[WORKER] * i * j)
    for k in range(i * j):
        dwt[k] = zero
    for n in range(r[FIRST], r[LAST], BLOCK):
        for e in range(j):
            add_rows(shift(dwt, e * i), shift(dy, n * j + e), j, shift(x, n * i), i, min(BLOCK, r[LAST] - n))
    for k in range(i):
        for e in range(j):
            dw[k * j + e] = dwt[e * i + k]


@kernel
def column_sums(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``db = m Σ_n dy``, from this thread's samples."""
    dy, j, multiple, zero = p[0], s[0], c[0], c[1]
    db = shift(p[1], r[WORKER] * j)
    for e in range(j):
        db[e] = zero
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            db[e] += dy[n * j + e]
    for e in range(j):
        db[e] *= multiple


@kernel
def bias(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y ← f y + m b``."""
    y, b, j, factor, multiple = p[0], p[1], s[0], c[0], c[1]
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            y[n * j + e] = factor * y[n * j + e] + multiple * b[e]


@kernel
def bias_relu(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y ← max(f y + m b, 0)``."""
    y, b, j, factor, multiple, zero = p[0], p[1], s[0], c[0], c[1], c[2]
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            v = factor * y[n * j + e] + multiple * b[e]
            y[n * j + e] = zero if v <= zero else v


@kernel
def bias_relu_dropout(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y ← max(f y + m b, 0) · mask``, the mask 0 or `scale`."""
    y, b, j, bits, threshold = p[0], p[1], s[0], pointer(s[1], np.uint16), s[2]
    factor, multiple, scale, zero = c[0], c[1], c[2], c[3]
    limit = np.uint16(threshold)
    for n in range(r[FIRST], r[LAST]):
        for e in range(j):
            v = factor * y[n * j + e] + multiple * b[e]
            v = zero if v <= zero else v * scale
            y[n * j + e] = v if bits[n * j + e] >= limit else v * zero


@kernel
def relu_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy · scale`` where y > 0, else 0, in place: ReLU, and dropout after it."""
    dy, y, d, scale, zero = p[0], p[1], s[0], c[0], c[1]
    for e in range(r[FIRST] * d, r[LAST] * d):
        dy[e] = dy[e] * scale if y[e] > zero else dy[e] * zero
