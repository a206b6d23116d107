"""Finite differences: how a number changes with each element of an array, beside the gradient that was computed for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from whorl._core.types import Array


@dataclass(frozen=True)
class Deviation:
    """The element of an array where backpropagation and finite differences deviate most.

    Parameters
    ----------
    error : float
        ``max |analytic − numeric| / max(|analytic|, |numeric|)`` of the whole array, less the rounding error.
    index : tuple of int
        The element; empty if none was checked.
    analytic, numeric : float
        Its gradient by backpropagation, and by finite differences.
    """

    error: float
    index: tuple[int, ...] = ()
    analytic: float = math.nan
    numeric: float = math.nan

    def __str__(self) -> str:
        return f"at {list(self.index)}, backpropagation gives {self.analytic:.6g}, and finite differences {self.numeric:.6g}"


def compare(
    function: Callable[[], float],
    array: Array,
    gradient: Array,
    *,
    steps: Array,
    noise: float,
    chosen: Array | None = None,
) -> Deviation:
    """Compare the gradient of a function of an array with finite differences, element by element.

    If a central difference deviates, the differences of both sides are tried too: where they differ from each other, there is a
    kink, and the nearest one counts.

    Parameters
    ----------
    function : callable
        Returns the number, for what the array holds at the moment.
    array : ndarray, contiguous
        Changed in place, and restored.
    gradient : ndarray
        What to compare with, of the same shape.
    steps : ndarray
        h for each element, of the same shape.
    noise : float
        Rounding error of a central difference.
    chosen : ndarray of int, optional
        Flat indices of the elements to check; by default all.
    """
    if gradient.shape != array.shape:
        raise ValueError(f"the gradient has shape {gradient.shape}, its array {array.shape}")
    flat, at = array.reshape(-1), np.arange(array.size) if chosen is None else chosen  # a view
    a, h, value = gradient.reshape(-1)[at], steps.reshape(-1)[at], function()

    def shifted(k: int, shift: float) -> float:
        kept = flat[at[k]]
        flat[at[k]] += shift
        found = function()
        flat[at[k]] = kept
        return found

    def one_sided(k: int, shift: float) -> float:
        return (4 * shifted(k, shift) - 3 * value - shifted(k, 2 * shift)) / (2 * shift)

    slopes = np.array([(shifted(k, d) - shifted(k, -d)) / (2 * d) for k, d in enumerate(h)])
    deviates = np.abs(slopes - a) > noise + 1e-7 * np.maximum(np.abs(slopes), np.abs(a)).max(initial=0)
    for k in map(int, np.flatnonzero(deviates)):
        for step in h[k] / (1, 10, 100):
            right, left = one_sided(k, step), one_sided(k, -step)
            slopes[k] = min(slopes[k], right, left, key=lambda slope: abs(slope - a[k]))
            if abs(right - left) < abs(slopes[k] - a[k]) / 10:  # there is no kink: the gradient deviates from both
                break
    if not len(at):
        return Deviation(0.0)
    largest = int(np.nan_to_num(np.abs(slopes - a), nan=math.inf).argmax())
    index = tuple(int(i) for i in np.unravel_index(at[largest], array.shape))
    return Deviation(relative_error(a, slopes, noise), index, float(a[largest]), float(slopes[largest]))


def relative_error(a: Array, b: Array, noise: float) -> float:
    """Return the largest deviation, less the noise, over the largest value; 0 if there is no deviation, infinity for NaN."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.inf
    deviation = np.abs(a - b).max(initial=0) - noise
    return float(deviation / max(np.abs(a).max(), np.abs(b).max())) if deviation > 0 else 0.0
