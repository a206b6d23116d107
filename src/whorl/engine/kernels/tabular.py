"""Layers for tables. The formulas are those of `whorl.layers.tabular` and `whorl.layers.scaling`.

Letters: n samples, d features, m the multiple of the learning rate.
"""

from __future__ import annotations

import math

import numpy as np

from whorl.engine.compiling import FIRST, LAST, WORKER, Integers, Numbers, Pointers, Run, kernel
from whorl.engine.native import pointer, shift


@kernel
def robust(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = z / √(1 + (z / limit)²)`` with ``z = (x − median) · factor``."""
    x, median, factor, y, d, limit, one = p[0], p[1], p[2], p[3], s[0], c[0], c[1]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            z = (x[n * d + e] - median[e]) * factor[e]
            bent = z / limit
            y[n * d + e] = z / math.sqrt(one + bent * bent)


@kernel
def robust_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``dx = dy · factor / (1 + (z / limit)²)^(3/2)``, in place."""
    dy, x, median, factor, d, limit, one = p[0], p[1], p[2], p[3], s[0], c[0], c[1]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            bent = (x[n * d + e] - median[e]) * factor[e] / limit
            root = math.sqrt(one + bent * bent)
            dy[n * d + e] *= factor[e] / (root * root * root)


@kernel
def rank(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = a (2 (k + t) / m − 1)`` and the slope ``dy/dx``, where x is at the part t of the way from knot k to knot k + 1 of 0 to m."""
    x, knots, last, y, slope, d, size = p[0], p[1], p[2], p[3], p[4], s[0], s[1]
    a, two, one, zero = c[0], c[1], c[2], c[3]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            value, first, m = x[n * d + e], e * size, int(last[e])
            y[n * d + e], slope[n * d + e] = zero, zero
            if m == 0:  # a constant
                continue
            k, end = first, first + m
            inside = min(max(value, knots[k]), knots[end])
            while end - k > 1:  # it lies between the knots k and end
                middle = (k + end) // 2
                if inside >= knots[middle]:
                    k = middle
                else:
                    end = middle
            width, step = knots[k + 1] - knots[k], two / m
            y[n * d + e] = a * (step * (k - first + (inside - knots[k]) / width) - one)
            if inside == value:
                slope[n * d + e] = a * step / width


@kernel
def scale_features(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = (1 + m s) x``, also in place."""
    x, factor, y, d, multiple, one = p[0], p[1], p[2], s[0], c[0], c[1]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            y[n * d + e] = (one + multiple * factor[e]) * x[n * d + e]


@kernel
def scale_features_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``ds = m Σ_n dy x``, from this thread's samples."""
    dy, x, d, multiple, zero = p[0], p[1], s[0], c[0], c[1]
    ds = shift(p[2], r[WORKER] * d)
    for e in range(d):
        ds[e] = zero
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            ds[e] += dy[n * d + e] * x[n * d + e]
    for e in range(d):
        ds[e] *= multiple


@kernel
def parametric(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x + (1 + m a)(f − x)``. Leaves f − x in the place of f, and ``dy/dx = (1 + m a) f′ − m a`` in that of f′."""
    x, f, slope, a, y, d, multiple, one = p[0], p[1], p[2], p[3], p[4], s[0], c[0], c[1]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            share, change = one + multiple * a[e], f[n * d + e] - x[n * d + e]
            y[n * d + e] = x[n * d + e] + share * change
            f[n * d + e] = change
            slope[n * d + e] = one - share + share * slope[n * d + e]


@kernel
def parametric_dropout(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = (x + (1 + m a)(f − x)) · mask``, the mask 0 or `keep`. What `parametric` leaves for the way back is multiplied by it too."""
    x, f, slope, a, y, d, bits, limit = p[0], p[1], p[2], p[3], p[4], s[0], pointer(s[1], np.uint16), np.uint16(s[2])
    multiple, one, keep, zero = c[0], c[1], c[2], c[3]
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            mask = keep if bits[n * d + e] >= limit else zero
            share, change = one + multiple * a[e], f[n * d + e] - x[n * d + e]
            y[n * d + e] = (x[n * d + e] + share * change) * mask
            f[n * d + e] = change * mask
            slope[n * d + e] = (one - share + share * slope[n * d + e]) * mask


@kernel
def parametric_back(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``da = m Σ_n dy (f − x)``, from this thread's samples; ``dx = dy · dy/dx``, in place."""
    dy, change, slope, d, multiple, zero = p[0], p[1], p[2], s[0], c[0], c[1]
    da = shift(p[3], r[WORKER] * d)
    for e in range(d):
        da[e] = zero
    for n in range(r[FIRST], r[LAST]):
        for e in range(d):
            da[e] += dy[n * d + e] * change[n * d + e]
            dy[n * d + e] *= slope[n * d + e]
    for e in range(d):
        da[e] *= multiple
