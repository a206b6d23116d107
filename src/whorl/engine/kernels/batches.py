"""Batches: gather the samples of a step, and add up what they lose."""

from __future__ import annotations

import numpy as np

from whorl.engine.compiling import (
    EPOCH,
    FIRST,
    LAST,
    START,
    WORKER,
    WORKERS,
    WRONG,
    Integers,
    Numbers,
    Pointers,
    Run,
    kernel,
)
from whorl.engine.kernels.losses import SLOT
from whorl.engine.native import call_pread, pointer

TOTALS = 16
"""Bytes of the totals of an epoch, two numbers: the loss and the penalty."""


@kernel
def gather(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Copy the rows of this batch, of d numbers each, from the data."""
    data, x, d, order, count = p[0], p[1], s[0], pointer(s[1], np.int64), s[2]
    for n in range(r[FIRST], r[LAST]):
        row = order[r[START] + n]
        if row < 0 or row >= count:
            r[WRONG] = 1
            row = 0
        for e in range(d):
            x[n * d + e] = data[row * d + e]


@kernel
def fetch(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Copy the rows of this batch, of d numbers each, from where they are: from an address, or from a file if the place is below 0."""
    x, d, places, to, size, whole, finite = p[0], s[0], pointer(s[1], np.int64), s[2], s[3], True, True
    for n in range(r[FIRST], r[LAST]):
        place = places[r[START] + n]
        if place < 0:
            whole &= call_pread(s[4], s[5], to + n * size, size, ~place) == size
        else:
            row, copy = pointer(place, np.uint8), pointer(to + n * size, np.uint8)
            for e in range(size):
                copy[e] = row[e]
        for e in range(d):
            finite &= abs(x[n * d + e]) < c[0]  # not if it is infinite or NaN
    if not (whole and finite):
        r[WRONG] = 1


@kernel
def reset(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Set this thread's sums to 0: those of the penalty, and of the squares of the gradients."""
    pointer(s[0], np.float64)[r[WORKER] * SLOT] = 0.0
    pointer(s[1], np.float64)[r[WORKER] * SLOT] = 0.0


@kernel
def account(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Add the sums of all threads to the totals of the epoch, in the first thread."""
    if r[WORKER] == 0:
        sums, totals = pointer(s[0], np.float64), pointer(s[1] + TOTALS * r[EPOCH], np.float64)
        step = 0.0
        for k in range(r[WORKERS]):
            step += sums[k * SLOT]
        totals[0] += step
        if s[2]:
            totals[1] += step
