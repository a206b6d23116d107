"""Order statistics of held-out samples: what split conformal prediction is made of.

If n held-out numbers and a new one are exchangeable, the new one is as likely to fall into each of the n + 1 gaps between the sorted
held-out ones. So it is at most the r-th smallest with a probability of at least r / (n + 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array

MOST = 400
"""The largest number of sorted numbers to keep; of more, those at equally spaced ranks."""


def kept(values: Array) -> tuple[float, ...]:
    """Return the values in ascending order, if there are more than `MOST` those at equally spaced ranks."""
    return tuple(np.sort(values)[ranks(len(values)) - 1].tolist())


def ranks(count: int) -> Array:
    """Return the ranks, from 1 to `count`, of the numbers that are kept of so many."""
    return np.rint(np.linspace(1, count, min(count, MOST))).astype(np.intp)


def at_least(share: float, values: tuple[float, ...], count: int) -> float:
    """Return a kept number that a new one does not exceed with a probability of at least `share`; a rank that is kept, at least as high.

    The rank ``share · (n + 1)`` must not be above n.
    """
    rank = math.ceil(share * (count + 1) - 1e-9)  # 20 · 0.95 must be 19, however it is rounded
    return values[int(np.searchsorted(ranks(count), rank))]


def at_most(share: float, values: tuple[float, ...], count: int) -> float:
    """Return a kept number below which a new one is with a probability of at most `share`; the rank must be at least 1."""
    rank = math.floor(share * (count + 1) + 1e-9)
    return values[int(np.searchsorted(ranks(count), rank, "right")) - 1]


def check_coverage(coverage: object, counts: Sequence[int], tails: int) -> float:
    """Return the coverage as a float; raise ValueError if groups of so many samples cannot give it, with one or two tails outside."""
    share, count = validation.number("coverage", coverage, above=0, below=1), min(counts)
    needed = math.ceil(tails / (1 - share) - 1 - 1e-9)
    if count < needed:
        where = f" in each of {len(counts)} groups of similar predictions" if len(counts) > 1 else ""
        largest = max(0.0, math.floor(1000 * (1 - tails / (count + 1))) / 1000)
        raise ValueError(
            f"coverage {share:g} needs at least {needed} held-out samples{where}, got {count}: calibrate with more, or ask for a coverage"
            f" of at most {largest:g}"
        )
    return share


def ascending(name: str, values: object) -> tuple[float, ...]:
    """Return finite numbers in ascending order as a tuple."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of numbers, got {validation.show(values)}")
    found = tuple(validation.number(f"{name}[{i}]", each) for i, each in enumerate(values))
    if any(a > b for a, b in pairwise(found)):
        raise ValueError(f"{name} must be in ascending order")
    return found


def check_kept(name: str, values: tuple[float, ...], count: int) -> None:
    """Raise ValueError unless there are as many numbers as are kept of `count`."""
    if len(values) != min(count, MOST):
        raise ValueError(f"{name} must be {min(count, MOST)} numbers for {count} samples, got {len(values)}")


def numbers(name: str, values: Any) -> Array:
    """Return numbers (n,), or (n, 1), as an array (n,) in float64 with n at least 1."""
    found = validation.numeric(name, values, np.dtype(np.float64))
    if found.shape[1:] not in ((), (1,)) or found.ndim == 0 or len(found) == 0:
        raise ValueError(f"{name} must have shape (n,) or (n, 1), with at least one sample, got {found.shape}")
    return found.reshape(-1)
