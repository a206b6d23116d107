"""The compiled twins: for each function marked `accelerated`, one of the same name that does its work in one pass.

A twin does the operations of its NumPy lines in their order, each rounded to the float type as there, so that the results
are the same bits. What sums up is left to NumPy and its matrix products, whose order of summing is their own.

Letters: n samples in the batch, j outputs, k classes.
"""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array
from whorl.fast.compiling import REFUSALS, MisfitError, compiled
from whorl.fast.updates import adagrad, adam, approach, descend, lion, momentum, nadam, nesterov, rmsprop

__all__ = [
    "REFUSALS",
    "adagrad",
    "adam",
    "add_bias",
    "approach",
    "below_top",
    "cross_entropy_back",
    "descend",
    "keep",
    "lion",
    "momentum",
    "nadam",
    "nesterov",
    "relu",
    "relu_back",
    "rmsprop",
]

# Layers: whorl.layers. What is done element by element is done in one row; `reshape` copies an array that does not lie so in
# memory, which only a layer of one's own would make. NumPy allocates what is new, sooner than compiled code would.


@compiled
def add_bias(y: Array, b: Array) -> None:
    if y.ndim != 2 or b.shape != y.shape[1:]:
        raise MisfitError
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[n, j] += b[j]


def relu(x: Array) -> Array:
    y = np.empty(x.shape, x.dtype)
    _relu(x.reshape(-1), y.reshape(-1))
    return y


@compiled
def _relu(x: Array, y: Array) -> None:
    zero = x.dtype.type(0)
    for i in range(x.size):
        y[i] = zero if x[i] <= zero else x[i]  # noqa: FURB136  # which `max` is not: here a NaN stays one


def relu_back(dy: Array, y: Array) -> Array:
    if dy.shape != y.shape:
        raise MisfitError
    dx = dy.reshape(-1)
    _relu_back(dx, y.reshape(-1))
    return dx.reshape(dy.shape)


@compiled
def _relu_back(dy: Array, y: Array) -> None:
    one, zero = dy.dtype.type(1), dy.dtype.type(0)
    for i in range(dy.size):
        dy[i] *= one if y[i] > 0 else zero


def keep(bits: Array, threshold: int, scale: np.floating) -> Array:
    mask = np.empty(bits.shape, scale.dtype)
    _keep(bits.reshape(-1), threshold, scale, mask.reshape(-1))
    return mask


@compiled
def _keep(bits: Array, threshold: int, scale: np.floating, mask: Array) -> None:
    least, zero = np.uint16(threshold), scale - scale
    for i in range(bits.size):
        mask[i] = scale if bits[i] >= least else zero


# Losses: whorl.losses.


def below_top(z: Array) -> Array:
    if z.shape[1] > 128:  # NumPy finds the largest of many with SIMD
        wide: Array = z - z.max(axis=1, keepdims=True)
        return wide
    lower = np.empty(z.shape, z.dtype)
    _below_top(z, lower)
    return lower


@compiled
def _below_top(z: Array, lower: Array) -> None:
    for n in range(z.shape[0]):
        top = z[n, 0]
        for k in range(z.shape[1]):
            if not (z[n, k] < top or np.isnan(top)):  # larger, or the first NaN
                top = z[n, k]
        for k in range(z.shape[1]):
            lower[n, k] = z[n, k] - top


def cross_entropy_back(p: Array, at_label: Array, hit: float, miss: float) -> Array:
    if at_label.shape != p.shape[:1]:
        raise MisfitError
    dz = np.empty(p.shape, p.dtype)
    _cross_entropy_back(p.reshape(-1), at_label, hit, miss, dz.reshape(-1))
    return dz


@compiled
def _cross_entropy_back(p: Array, at_label: Array, hit: float, miss: float, dz: Array) -> None:
    real = p.dtype.type
    count, hit, miss = real(at_label.size), real(hit), real(miss)
    for i in range(p.size):
        dz[i] = p[i] / count
    for place in at_label:
        dz[place] -= hit
    if miss:
        for i in range(dz.size):
            dz[i] -= miss
