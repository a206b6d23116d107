"""`PeriodicEmbedding`. The formulas are those of `whorl.layers.tabular`.

For a feature, and for each of its frequencies, the loops run over a block of samples: so the sines and cosines are computed in vector
registers, whatever the number of frequencies. They are computed again for the way back, which takes less time than to read them.

Letters: n samples, d columns, `count` of them embedded, k frequencies, m numbers for each feature; `multiple` is that of the layer.
"""

from __future__ import annotations

import numpy as np

from whorl.engine.compiling import (
    FIRST,
    LAST,
    ROWS,
    WORKER,
    Integers,
    Numbers,
    Pointers,
    Run,
    inlined,
    kernel,
    share,
)
from whorl.engine.kernels.dense import add
from whorl.engine.native import pointer, shift
from whorl.engine.numerics import cos, sin

BLOCK = 128
"""Samples whose numbers are in the workspace at once."""


def workspace(dimension: int) -> int:
    """Return the size of the workspace of a thread."""
    return BLOCK * (dimension + 3)


@inlined
def read(to: Pointers, x: Pointers, at: int, stride: int, size: int) -> None:
    """Copy a column of a block of samples to the workspace."""
    for n in range(size):
        to[n] = x[at + n * stride]


@inlined
def write(y: Pointers, at: int, stride: int, x: Pointers, size: int) -> None:
    """Copy a column of a block of samples from the workspace."""
    for n in range(size):
        y[at + n * stride] = x[n]


@inlined
def fill(x: Pointers, value: float, size: int) -> None:
    """Set the numbers of a block of samples."""
    for n in range(size):
        x[n] = value


@inlined
def dot(x: Pointers, y: Pointers, zero: float, size: int) -> float:
    """Return the sum of products over a block of samples."""
    total = zero
    for n in range(size):
        total += x[n] * y[n]
    return total


@kernel
def periodic(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Write the other columns, and for each feature x and ``Σ_k cos(2π w_k x + b_k) v_kl + a_l``; c holds 2π and the multiple."""
    x, w, b, v, a, y, d, count, k, m = p[0], p[1], p[2], p[3], p[4], p[5], s[0], s[1], s[2], s[3]
    chosen, others, turn, multiple = pointer(s[4], np.int64), pointer(s[5], np.int64), c[0] * c[1], c[1]
    own = shift(p[6], r[WORKER] * s[6])
    wave, mixed, passed = shift(own, BLOCK), shift(own, 2 * BLOCK), d - count
    wide = passed + count * m
    for n in range(r[FIRST], r[LAST]):
        for e in range(passed):
            y[n * wide + e] = x[n * d + others[e]]
    for start in range(r[FIRST], r[LAST], BLOCK):
        size = min(BLOCK, r[LAST] - start)
        for i in range(count):
            read(own, x, start * d + chosen[i], d, size)
            for e in range(m - 1):
                fill(shift(mixed, e * BLOCK), multiple * a[i * (m - 1) + e], size)
            for f in range(i * k, (i + 1) * k):
                frequency, phase = turn * w[f], multiple * b[f]
                for n in range(size):
                    wave[n] = cos(frequency * own[n] + phase)
                for e in range(m - 1):
                    add(mixed, e * BLOCK, multiple * v[f * (m - 1) + e], wave, 0, size)
            at = start * wide + passed + i * m
            write(y, at, wide, own, size)
            for e in range(m - 1):
                write(y, at + 1 + e, wide, shift(mixed, e * BLOCK), size)


@kernel
def periodic_gradients(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Compute the gradients of w, b, v and a, for this thread's features, from all samples."""
    x, dy, w, b, v, dw, db, dv, da = p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]
    d, count, k, m, chosen = s[0], s[1], s[2], s[3], pointer(s[4], np.int64)
    turn, multiple, zero = c[0] * c[1], c[1], c[2]
    own = shift(p[9], r[WORKER] * s[6])
    wave, down, dc, given = shift(own, BLOCK), shift(own, 2 * BLOCK), shift(own, 3 * BLOCK), shift(own, 4 * BLOCK)
    wide, mixes = d - count + count * m, m - 1
    first, last = share(r, count)
    fill(shift(dw, first * k), zero, (last - first) * k)
    fill(shift(db, first * k), zero, (last - first) * k)
    fill(shift(dv, first * k * mixes), zero, (last - first) * k * mixes)
    fill(shift(da, first * mixes), zero, (last - first) * mixes)
    for start in range(0, r[ROWS], BLOCK):
        size = min(BLOCK, r[ROWS] - start)
        for i in range(first, last):
            read(own, x, start * d + chosen[i], d, size)
            at = start * wide + d - count + i * m + 1
            for e in range(mixes):
                total = zero
                for n in range(size):
                    given[e * BLOCK + n] = dy[at + e + n * wide]
                    total += given[e * BLOCK + n]
                da[i * mixes + e] += multiple * total
            for f in range(i * k, (i + 1) * k):
                frequency, phase = turn * w[f], multiple * b[f]
                for n in range(size):
                    angle = frequency * own[n] + phase
                    wave[n], down[n] = cos(angle), sin(angle)
                fill(dc, zero, size)
                for e in range(mixes):
                    dv[f * mixes + e] += multiple * dot(wave, shift(given, e * BLOCK), zero, size)
                    add(dc, 0, multiple * v[f * mixes + e], given, e * BLOCK, size)
                total, along = zero, zero
                for n in range(size):
                    total += down[n] * dc[n]
                    along += down[n] * dc[n] * own[n]
                db[f] -= multiple * total
                dw[f] -= turn * along


@kernel
def periodic_inputs(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Compute ``dx = dy_0 − 2π Σ_k w_k s_k dc_k`` for each feature; dy of the other columns."""
    x, dy, w, b, v, dx, d, count, k, m = p[0], p[1], p[2], p[3], p[4], p[5], s[0], s[1], s[2], s[3]
    chosen, others = pointer(s[4], np.int64), pointer(s[5], np.int64)
    turn, multiple, zero = c[0] * c[1], c[1], c[2]
    own = shift(p[6], r[WORKER] * s[6])
    total, dc, given, passed, mixes = shift(own, BLOCK), shift(own, 2 * BLOCK), shift(own, 3 * BLOCK), d - count, m - 1
    wide = passed + count * m
    for n in range(r[FIRST], r[LAST]):
        for e in range(passed):
            dx[n * d + others[e]] = dy[n * wide + e]
    for start in range(r[FIRST], r[LAST], BLOCK):
        size = min(BLOCK, r[LAST] - start)
        for i in range(count):
            read(own, x, start * d + chosen[i], d, size)
            at = start * wide + passed + i * m
            read(total, dy, at, wide, size)
            for e in range(mixes):
                read(shift(given, e * BLOCK), dy, at + 1 + e, wide, size)
            for f in range(i * k, (i + 1) * k):
                frequency, phase = turn * w[f], multiple * b[f]
                fill(dc, zero, size)
                for e in range(mixes):
                    add(dc, 0, multiple * v[f * mixes + e], given, e * BLOCK, size)
                for n in range(size):
                    total[n] -= frequency * sin(frequency * own[n] + phase) * dc[n]
            write(dx, start * d + chosen[i], d, total, size)
