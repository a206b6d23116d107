"""Exponentials that compilers can vectorize: no tables, no calls, no branches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from whorl.engine.compiling import exact
from whorl.engine.native import float32_of_bits, float64_of_bits

LOG2E = math.log2(math.e)

INLINED = {"forceinline": True}
"""Otherwise the compiler calls the longer of them as functions, and a loop over them takes five times as long."""


def exp(x: Any) -> Any:
    """Return eˣ, accurate to 2 eps: ``2^k · e^r`` with ``x = k log 2 + r``, ``|r| ≤ log 2 / 2``, and e^r from its Taylor series.

    The factor ``2^k`` is applied in two halves, so that results below the smallest normal number are right. NaN stays NaN.
    """
    raise TypeError("only for compiled code")


def expm1(x: Any) -> Any:
    """Return ``eˣ − 1``, without cancellation near 0: there its Taylor series."""
    raise TypeError("only for compiled code")


@exact
def exp32(x: Any) -> Any:
    """Return eˣ in float32."""
    x = np.float32(-104) if x < np.float32(-104) else x
    x = np.float32(88.7) if x > np.float32(88.7) else x
    k = np.floor(x * np.float32(LOG2E) + np.float32(0.5))
    r = x - k * np.float32(0.693359375)  # log 2 in two parts: the first is short, so that its product with k is exact
    r -= k * np.float32(-2.12194440e-4)
    y = np.float32(1 / 5040)
    y = y * r + np.float32(1 / 720)
    y = y * r + np.float32(1 / 120)
    y = y * r + np.float32(1 / 24)
    y = y * r + np.float32(1 / 6)
    y = y * r + np.float32(0.5)
    y = y * r + np.float32(1)
    y = y * r + np.float32(1)
    exponent = np.int32(k)
    half = exponent >> np.int32(1)
    y *= float32_of_bits(np.int32((half + np.int32(127)) << np.int32(23)))
    return y * float32_of_bits(np.int32((exponent - half + np.int32(127)) << np.int32(23)))


@exact
def exp64(x: Any) -> Any:
    """Return eˣ in float64."""
    x = -746.0 if x < -746.0 else x
    x = 709.7 if x > 709.7 else x
    k = np.floor(x * LOG2E + 0.5)
    r = x - k * 0.693147180369123816490  # as above
    r -= k * 1.90821492927058770002e-10
    y = 1 / 6227020800
    y = y * r + 1 / 479001600
    y = y * r + 1 / 39916800
    y = y * r + 1 / 3628800
    y = y * r + 1 / 362880
    y = y * r + 1 / 40320
    y = y * r + 1 / 5040
    y = y * r + 1 / 720
    y = y * r + 1 / 120
    y = y * r + 1 / 24
    y = y * r + 1 / 6
    y = y * r + 0.5
    y = y * r + 1.0
    y = y * r + 1.0
    exponent = np.int64(k)
    half = exponent >> 1
    y *= float64_of_bits((half + 1023) << 52)
    return y * float64_of_bits((exponent - half + 1023) << 52)


@exact
def expm1_32(x: Any) -> Any:
    """Return ``eˣ − 1`` in float32."""
    small = x if abs(x) < np.float32(0.35) else np.float32(0)
    y = np.float32(1 / 40320)
    y = y * small + np.float32(1 / 5040)
    y = y * small + np.float32(1 / 720)
    y = y * small + np.float32(1 / 120)
    y = y * small + np.float32(1 / 24)
    y = y * small + np.float32(1 / 6)
    y = y * small + np.float32(0.5)
    y = y * small * small + small
    return y if abs(x) < np.float32(0.35) else exp32(x) - np.float32(1)


@exact
def expm1_64(x: Any) -> Any:
    """Return ``eˣ − 1`` in float64."""
    small = x if abs(x) < 0.35 else 0.0
    y = 1 / 87178291200
    y = y * small + 1 / 6227020800
    y = y * small + 1 / 479001600
    y = y * small + 1 / 39916800
    y = y * small + 1 / 3628800
    y = y * small + 1 / 362880
    y = y * small + 1 / 40320
    y = y * small + 1 / 5040
    y = y * small + 1 / 720
    y = y * small + 1 / 120
    y = y * small + 1 / 24
    y = y * small + 1 / 6
    y = y * small + 0.5
    y = y * small * small + small
    return y if abs(x) < 0.35 else exp64(x) - 1.0


@overload(exp, jit_options=INLINED)
def _exp(x):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202  # Numba compares the signature with that of the result
    return (lambda x: exp32(x)) if x == types.float32 else (lambda x: exp64(x))  # noqa: PLW0108  # Numba needs a function


@overload(expm1, jit_options=INLINED)
def _expm1(x):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202  # as above
    return (lambda x: expm1_32(x)) if x == types.float32 else (lambda x: expm1_64(x))  # noqa: PLW0108
