"""Exponentials, sines and cosines that compilers can vectorize: no tables, no calls, no branches."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def sin(x: Any) -> Any:
    """Return the sine of x: that of ``r = x − k π/2``, ``|r| ≤ π/4``, or its cosine, with a sign, from their Taylor series.

    The reduction is that of Cody and Waite (1980, Software Manual for the Elementary Functions, chapter 8): π/2 is a sum of three
    numbers, of which the first two have so few digits that their products with k are exact. The error is at most 1 eps for
    ``|x| < 10⁴`` in float32 and 10⁶ in float64. Beyond, it grows with x until no digit is right, but the result stays within ±1.
    Infinity and NaN give NaN.
    """
    raise TypeError("only for compiled code")


def cos(x: Any) -> Any:
    """Return the cosine of x, ``sin(x + π/2)``, as in `sin`. Both of the same x cost little more than one."""
    raise TypeError("only for compiled code")


def wave(real: type, half_pi: Sequence[float], sine: Sequence[float], cosine: Sequence[float]) -> Any:
    """Return the function ``sin(x + quarter · π/2)`` of x and quarter in a float type.

    Parameters
    ----------
    real : type
        ``numpy.float32`` or ``numpy.float64``.
    half_pi : sequence of float
        Three numbers whose sum is π/2.
    sine, cosine : sequence of float
        Coefficients of ``sin r = r + r³ Σ …`` and ``cos r = Σ …`` as polynomials of r², the highest power first.
    """
    turn, half, two, edge = map(real, (2 / math.pi, 0.5, 2, 0.79))
    (a, b, c), odd, even = map(real, half_pi), tuple(map(real, sine)), tuple(map(real, cosine))

    @exact
    def function(x: Any, quarter: Any) -> Any:
        k = np.floor(x * turn + half)
        r = x - k * a
        r -= k * b
        r -= k * c
        r = -edge if r < -edge else r  # where k is too large to be exact
        r = edge if r > edge else r
        z = r * r
        s, t = odd[0], even[0]
        for each in odd[1:]:
            s = s * z + each
        for each in even[1:]:
            t = t * z + each
        s = s * (z * r) + r
        k += quarter
        h = np.floor(k * half)
        y = s if k == h + h else t
        return y if h == two * np.floor(h * half) else -y

    return function


def taylor(first: int, count: int) -> list[float]:
    """Return ``1/first!, −1/(first + 2)!, …``, so many numbers, the last one first."""
    return [(-1) ** i / math.factorial(first + 2 * i) for i in range(count)][::-1]


wave32 = wave(
    np.float32,
    (1.5703125, 4.837512969970703125e-4, 7.54978995489188216e-8),
    [-each for each in taylor(3, 4)],
    taylor(0, 6),
)
wave64 = wave(
    np.float64,
    (1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21),
    [-each for each in taylor(3, 8)],
    taylor(0, 9),
)


@overload(exp, jit_options=INLINED)
def _exp(x):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202  # Numba compares the signature with that of the result
    return (lambda x: exp32(x)) if x == types.float32 else (lambda x: exp64(x))  # noqa: PLW0108  # Numba needs a function


@overload(expm1, jit_options=INLINED)
def _expm1(x):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202  # as above
    return (lambda x: expm1_32(x)) if x == types.float32 else (lambda x: expm1_64(x))  # noqa: PLW0108


@overload(sin, jit_options=INLINED)
def _sin(x):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202  # as above
    return (lambda x: wave32(x, np.float32(0))) if x == types.float32 else (lambda x: wave64(x, 0.0))


@overload(cos, jit_options=INLINED)
def _cos(x):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202  # as above
    return (lambda x: wave32(x, np.float32(1))) if x == types.float32 else (lambda x: wave64(x, 1.0))
