"""Dropout, with the same masks as in NumPy: the words of the generator PCG64, computed by each thread for its rows.

PCG64 is ``state ← a · state + c`` in 128 bits, and each word is 64 bits of the state (O'Neill 2014). So the state any number
of words ahead is known without computing those between: after n steps it is ``aⁿ · state + c (aⁿ⁻¹ + … + 1)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from whorl.engine.compiling import (
    AFTER,
    BEFORE,
    EPOCH,
    FIRST,
    LAST,
    ROWS,
    WORKER,
    WORKERS,
    Integers,
    Numbers,
    Pointers,
    Run,
    exact,
    kernel,
)
from whorl.engine.native import high_product, pointer

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
"""a, from the PCG paper, as in NumPy."""
MASK = 2**128 - 1

LANES = 4
"""Independent sequences, each of which has every fourth word: a product must wait for the last one of its own lane only."""

STATE = 12
"""Elements of a thread's generator: its state, c, and the factor and summand of `LANES` steps, 128 bits each, then unused."""

U64 = np.uint64
HIGH, LOW = U64(MULTIPLIER >> 64), U64(MULTIPLIER & 0xFFFFFFFFFFFFFFFF)
ZERO, ONE, WIDTH, TURN = U64(0), U64(1), U64(63), U64(58)


@exact
def multiply_add(h: Any, l: Any, ah: Any, al: Any, ch: Any, cl: Any) -> Any:  # noqa: E741
    """Return ``(h, l) · a + c`` modulo 2^128, each in two halves."""
    low = l * al
    high = high_product(l, al) + h * al + l * ah
    low_sum = low + cl
    return high + ch + (ONE if low_sum < low else ZERO), low_sum


@exact
def word(h: Any, l: Any) -> Any:  # noqa: E741
    """Return the 64-bit output of a state: its halves combined, and rotated by its upper bits (XSL-RR)."""
    x, turn = h ^ l, h >> TURN
    return (x >> turn) | (x << ((ZERO - turn) & WIDTH))


@exact
def advance(g: Any, count: Any) -> None:
    """Move the state `count` words ahead, by the binary digits of the count."""
    h, l, ch, cl = g[0], g[1], g[2], g[3]  # noqa: E741
    ah, al = HIGH, LOW
    while count > 0:
        if count & 1:
            h, l = multiply_add(h, l, ah, al, ch, cl)  # noqa: E741
        ch, cl = multiply_add(ch, cl, ah, al, ch, cl)  # c (a + 1)
        ah, al = multiply_add(ah, al, ah, al, ZERO, ZERO)
        count >>= 1
    g[0], g[1] = h, l


@kernel
def draw_bits(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Draw 16 bits for each of d numbers of this thread's rows, and leave the generator after those of all rows.

    Rows of other processes come before, so those of this one may begin within a word. Then there is one thread, which moves them.
    """
    bits, d = pointer(s[0], np.uint64), s[2]
    g = pointer(s[1] + 8 * STATE * (r[EPOCH] * r[WORKERS] + r[WORKER]), np.uint64)
    before = r[BEFORE]
    total = ((before + r[ROWS] + r[AFTER]) * d + 3) // 4
    # Words; one that two threads need is drawn by both.
    first, last, skipped = (before + r[FIRST]) * d // 4, ((before + r[LAST]) * d + 3) // 4, before * d // 4
    advance(g, first)
    whole = first + (last - first) // LANES * LANES
    ah, al, ch, cl = g[4], g[5], g[6], g[7]
    h0, l0 = multiply_add(g[0], g[1], HIGH, LOW, g[2], g[3])
    h1, l1 = multiply_add(h0, l0, HIGH, LOW, g[2], g[3])
    h2, l2 = multiply_add(h1, l1, HIGH, LOW, g[2], g[3])
    h3, l3 = multiply_add(h2, l2, HIGH, LOW, g[2], g[3])
    for k in range(first, whole, LANES):
        j = k - skipped
        bits[j], bits[j + 1], bits[j + 2], bits[j + 3] = word(h0, l0), word(h1, l1), word(h2, l2), word(h3, l3)
        h0, l0 = multiply_add(h0, l0, ah, al, ch, cl)
        h1, l1 = multiply_add(h1, l1, ah, al, ch, cl)
        h2, l2 = multiply_add(h2, l2, ah, al, ch, cl)
        h3, l3 = multiply_add(h3, l3, ah, al, ch, cl)
    advance(g, whole - first)
    for k in range(whole, last):
        advance(g, 1)
        bits[k - skipped] = word(g[0], g[1])
    advance(g, total - last)
    shift, halves = before * d % 4, pointer(s[0], np.uint16)
    if shift:
        for e in range(r[FIRST] * d, r[LAST] * d):
            halves[e] = halves[e + shift]


@kernel
def dropout(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """``y = x · mask``, the mask 0 or `scale`."""
    x, y, d, bits, scale, zero, limit = p[0], p[1], s[0], pointer(s[1], np.uint16), c[0], c[1], np.uint16(c[2])
    for e in range(r[FIRST] * d, r[LAST] * d):
        y[e] = x[e] * (scale if bits[e] >= limit else zero)


def generator_words(state: Mapping[str, Any]) -> list[int]:
    """Return a thread's generator, as in `STATE`, for the state of NumPy's PCG64."""
    value, c = state["state"]["state"], state["state"]["inc"]
    factor, series = jump(LANES)
    halves = [
        half for number in (value, c, factor, series * c & MASK) for half in (number >> 64, number & 0xFFFFFFFFFFFFFFFF)
    ]
    return halves + [0] * (STATE - len(halves))


def skip(generator: np.random.BitGenerator, count: int) -> None:
    """Move NumPy's PCG64 so many words ahead, as if they had been drawn."""
    state: Any = generator.state
    factor, series = jump(count)
    state["state"]["state"] = state["state"]["state"] * factor + series * state["state"]["inc"] & MASK
    generator.state = state


@cache
def jump(count: int) -> tuple[int, int]:
    """Return aⁿ and ``aⁿ⁻¹ + … + 1 = (aⁿ − 1) / (a − 1)``, modulo 2^128."""
    power = pow(MULTIPLIER, count, (MULTIPLIER - 1) << 128)
    return power & MASK, (power - 1) // (MULTIPLIER - 1) & MASK


def words(rows: int, drawn: Sequence[int]) -> int:
    """Return how many words a step with so many rows takes, if each row draws these numbers of 16 bits."""
    return sum((rows * each + 3) // 4 for each in drawn)
