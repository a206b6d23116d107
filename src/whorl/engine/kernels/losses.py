"""Losses: the sum over this thread's samples, and dL/dz of the mean over the batch.

s: size of a sample's outputs k, the epoch's order, targets, weights or 0, where predictions go or 0, where the sums go.
"""

from __future__ import annotations

import math

import numpy as np

from whorl.engine.compiling import (
    FIRST,
    LAST,
    ROWS,
    START,
    WORKER,
    WRONG,
    Integers,
    Numbers,
    Pointers,
    Run,
    exact,
    kernel,
)
from whorl.engine.native import pointer
from whorl.engine.numerics import exp

SLOT = 8
"""Distance of two threads' sums in float64 numbers: a cache line, so that they do not wait for each other."""


@exact
def weight_of(weights: Pointers, address: int, row: int, one: float) -> float:
    """Return the weight of a sample, 1 without weights."""
    return weights[row] if address else one


@kernel
def cross_entropy(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Softmax and cross-entropy in one: ``L = log Σ_k exp(z_k) − z_y``, ``dz = (p − onehot(y)) / n``; smoothed if c says so."""
    z, dz, weights, predictions = p[0], p[1], p[2], p[3]
    k, order, labels = s[0], pointer(s[1], np.int64), pointer(s[2], np.int64)
    smoothing, one = c[0], c[1]
    zero = one - one
    each = one / r[ROWS]
    aim, everywhere = one - smoothing, smoothing / k
    lost, total = pointer(s[5], np.float64), 0.0
    for n in range(r[FIRST], r[LAST]):
        row = order[r[START] + n]
        label = labels[row]
        if label < 0 or label >= k:  # the caller has checked them, but may have changed them since
            r[WRONG] = 1
            label = 0
        at = n * k
        largest = z[at]
        for e in range(at + 1, at + k):
            largest = max(largest, z[e])
        sum_, mean = zero, zero
        for e in range(at, at + k):
            v = z[e] - largest
            mean += v
            dz[e] = exp(v)
            sum_ += dz[e]
        weight = weight_of(weights, s[3], row, one)
        loss = math.log(sum_) - aim * (z[at + label] - largest) - everywhere * mean
        total += np.float64(loss) * np.float64(weight)
        share = one / sum_
        if s[4]:
            to = (r[START] + n) * k
            for e in range(k):
                predictions[to + e] = dz[at + e] * share
        factor = each * weight
        for e in range(at, at + k):
            dz[e] = (dz[e] * share - everywhere) * factor
        dz[at + label] -= aim * factor
    lost[r[WORKER] * SLOT] = total


@kernel
def binary_cross_entropy(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Sigmoid and cross-entropy in one: ``max(z, 0) − z y + log(1 + e^−|z|)``, ``dz = (p − y) / (n m)``."""
    z, dz, weights, predictions, targets = p[0], p[1], p[2], p[3], p[4]
    k, order, one = s[0], pointer(s[1], np.int64), c[1]
    zero = one - one
    each = one / (r[ROWS] * k)
    lost, total = pointer(s[5], np.float64), 0.0
    for n in range(r[FIRST], r[LAST]):
        row = order[r[START] + n]
        weight = weight_of(weights, s[3], row, one)
        loss = zero
        for e in range(k):
            v, y = z[n * k + e], targets[row * k + e]
            w = exp(-abs(v))
            probability = (w if v < zero else one) / (one + w)
            loss += (v if v > zero else v * zero) - v * y + math.log1p(w)
            if s[4]:
                predictions[(r[START] + n) * k + e] = probability
            dz[n * k + e] = (probability - y) * weight * each
        total += np.float64(loss) * np.float64(weight) / k
    lost[r[WORKER] * SLOT] = total


@kernel
def squared_error(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``d²``, and its slope ``2 d``."""
    z, dz, weights, predictions, targets = p[0], p[1], p[2], p[3], p[4]
    k, order, one = s[0], pointer(s[1], np.int64), c[1]
    zero = one - one
    each = one / (r[ROWS] * k)
    lost, total = pointer(s[5], np.float64), 0.0
    for n in range(r[FIRST], r[LAST]):
        row = order[r[START] + n]
        weight = weight_of(weights, s[3], row, one)
        loss = zero
        for e in range(k):
            d = z[n * k + e] - targets[row * k + e]
            loss += d * d
            dz[n * k + e] = (d + d) * weight * each
            if s[4]:
                predictions[(r[START] + n) * k + e] = z[n * k + e]
        total += np.float64(loss) * np.float64(weight) / k
    lost[r[WORKER] * SLOT] = total


@kernel
def absolute_error(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``|d|``, and its slope, the sign of d."""
    z, dz, weights, predictions, targets = p[0], p[1], p[2], p[3], p[4]
    k, order, one = s[0], pointer(s[1], np.int64), c[1]
    zero = one - one
    each = one / (r[ROWS] * k)
    lost, total = pointer(s[5], np.float64), 0.0
    for n in range(r[FIRST], r[LAST]):
        row = order[r[START] + n]
        weight = weight_of(weights, s[3], row, one)
        loss = zero
        for e in range(k):
            d = z[n * k + e] - targets[row * k + e]
            loss += abs(d)
            sign = one if d > zero else (-one if d < zero else d)
            dz[n * k + e] = sign * weight * each
            if s[4]:
                predictions[(r[START] + n) * k + e] = z[n * k + e]
        total += np.float64(loss) * np.float64(weight) / k
    lost[r[WORKER] * SLOT] = total


@kernel
def huber(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``t (d − t / 2)`` with t, which is d between −δ and δ, and is the slope."""
    z, dz, weights, predictions, targets = p[0], p[1], p[2], p[3], p[4]
    k, order, delta, one, half = s[0], pointer(s[1], np.int64), c[0], c[1], c[2]
    each = one / (r[ROWS] * k)
    lost, total = pointer(s[5], np.float64), 0.0
    for n in range(r[FIRST], r[LAST]):
        row = order[r[START] + n]
        weight = weight_of(weights, s[3], row, one)
        loss = one - one
        for e in range(k):
            d = z[n * k + e] - targets[row * k + e]
            t = delta if d > delta else (-delta if d < -delta else d)
            loss += t * (d - half * t)
            dz[n * k + e] = t * weight * each
            if s[4]:
                predictions[(r[START] + n) * k + e] = z[n * k + e]
        total += np.float64(loss) * np.float64(weight) / k
    lost[r[WORKER] * SLOT] = total
