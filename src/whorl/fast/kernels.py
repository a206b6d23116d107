"""The compiled twins: for each function marked `accelerated`, one of the same name that does its work in one pass.

A twin does the operations of its NumPy lines in their order, each rounded to the float type as there, so that the results
are the same bits. What sums up is left to NumPy and its matrix products, whose order of summing is their own.

Three options make a plain loop as fast as it can be without touching that: ``error_model="numpy"`` lets a division by zero be
an infinity, without which there would be a branch at each division and no SIMD; ``nogil`` lets other threads work meanwhile;
no ``fastmath``, whose liberties gain nothing here, and would lose the NaN that tells of divergence. None starts threads of its
own, so that forks, threads and repeated runs need no thought.

Numba compiles a function when it first meets arguments of some types, and keeps the machine code in ``__pycache__``, or where
that is not writable in the user's cache; other processes find it there. Measured (Numba 0.68, seconds of CPU, the network
"spiral"): 1.5 for the first training of all, 0.2 of which loads Numba; 0.45 for the first of a later process. Compiling both
float types at once would double the first; arrays that a compiled function makes itself cost it 0.2 more, and each call 0.5 µs.

Letters: g gradient, lr learning rate; n samples in the batch, j outputs, k classes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core.errors import NumbaError

from whorl.types import Array

Kernel = TypeVar("Kernel", bound=Callable[..., object])

REFUSALS = (NumbaError, OSError)
"""What a twin raises instead of beginning: it has no code for such arguments, or could not keep it on a full disk."""


def compiled(function: Kernel) -> Kernel:
    """Let Numba make machine code of the function, and keep it on disk where that is possible."""
    kernel: Any = numba.njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # no folder is writable
        kernel.enable_caching()
    twin: Kernel = kernel
    return twin


# Optimizers: whorl.optimizers.


@compiled
def descend(parameters: Array, gradients: Array, learning_rate: float) -> None:
    lr = parameters.dtype.type(learning_rate)
    for i in range(parameters.size):
        parameters[i] -= lr * gradients[i]


@compiled
def momentum(parameters: Array, gradients: Array, velocity: Array, mu: float, learning_rate: float) -> None:
    real = parameters.dtype.type
    mu, lr = real(mu), real(learning_rate)
    for i in range(parameters.size):
        velocity[i] = velocity[i] * mu + gradients[i]
        parameters[i] -= lr * velocity[i]


@compiled
def nesterov(parameters: Array, gradients: Array, velocity: Array, mu: float, learning_rate: float) -> None:
    real = parameters.dtype.type
    mu, lr = real(mu), real(learning_rate)
    for i in range(parameters.size):
        velocity[i] = velocity[i] * mu + gradients[i]
        parameters[i] -= lr * (gradients[i] + mu * velocity[i])


@compiled
def adam(
    parameters: Array,
    gradients: Array,
    mean: Array,
    square: Array,
    beta1: float,
    beta2: float,
    size: float,
    floor: float,
) -> None:
    real = parameters.dtype.type
    beta1, beta2, size, floor = real(beta1), real(beta2), real(size), real(floor)
    for i in range(parameters.size):
        g = gradients[i]
        mean[i] = mean[i] * beta1 + g
        square[i] = square[i] * beta2 + g * g
        parameters[i] -= mean[i] / (np.sqrt(square[i]) + floor) * size


@compiled
def nadam(
    parameters: Array,
    gradients: Array,
    mean: Array,
    square: Array,
    beta1: float,
    beta2: float,
    correction: float,
    epsilon: float,
    along_g: float,
    along_m: float,
) -> None:
    real = parameters.dtype.type
    new1, new2 = real(1 - beta1), real(1 - beta2)
    beta1, beta2, correction, epsilon = real(beta1), real(beta2), real(correction), real(epsilon)
    along_g, along_m = real(along_g), real(along_m)
    for i in range(parameters.size):
        g = gradients[i]
        mean[i] = mean[i] * beta1 + new1 * g
        square[i] = square[i] * beta2 + new2 * g * g
        parameters[i] -= (along_g * g + along_m * mean[i]) / (np.sqrt(square[i] / correction) + epsilon)


@compiled
def rmsprop(
    parameters: Array,
    gradients: Array,
    square: Array,
    velocity: Array,
    alpha: float,
    mu: float,
    epsilon: float,
    learning_rate: float,
) -> None:
    real = parameters.dtype.type
    new = real(1 - alpha)
    alpha, mu, epsilon, lr = real(alpha), real(mu), real(epsilon), real(learning_rate)
    for i in range(parameters.size):
        g = gradients[i]
        square[i] = square[i] * alpha + new * g * g
        velocity[i] = velocity[i] * mu + g / (np.sqrt(square[i]) + epsilon)
        parameters[i] -= lr * velocity[i]


@compiled
def adagrad(parameters: Array, gradients: Array, squares: Array, epsilon: float, learning_rate: float) -> None:
    real = parameters.dtype.type
    epsilon, lr = real(epsilon), real(learning_rate)
    for i in range(parameters.size):
        g = gradients[i]
        squares[i] += g * g
        parameters[i] -= lr * g / (np.sqrt(squares[i]) + epsilon)


@compiled
def lion(
    parameters: Array, gradients: Array, momentum: Array, beta1: float, beta2: float, decay: float, learning_rate: float
) -> None:
    real = parameters.dtype.type
    new1, new2 = real(1 - beta1), real(1 - beta2)
    beta1, beta2, decay, lr = real(beta1), real(beta2), real(decay), real(learning_rate)
    for i in range(parameters.size):
        g = gradients[i]
        u = beta1 * momentum[i] + new1 * g
        sign = real(1) if u > 0 else real(-1) if u < 0 else u  # a NaN stays one
        parameters[i] = parameters[i] * decay - lr * sign
        momentum[i] = momentum[i] * beta2 + new2 * g


@compiled
def approach(average: Array, parameters: Array, share: float) -> None:
    share = average.dtype.type(share)
    for i in range(average.size):
        average[i] += share * (parameters[i] - average[i])


# Layers: whorl.layers. What is done element by element is done in one row; `reshape` copies an array that does not lie so in
# memory, which only a layer of one's own would make. NumPy allocates what is new, sooner than compiled code would.


@compiled
def add_bias(y: Array, b: Array) -> None:
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


def cross_entropy_back(p: Array, target: Array, hit: float, miss: float) -> Array:
    dz = np.empty(p.shape, p.dtype)
    _cross_entropy_back(p, target, hit, miss, dz)
    return dz


@compiled
def _cross_entropy_back(p: Array, target: Array, hit: float, miss: float, dz: Array) -> None:
    real = p.dtype.type
    count, hit, miss = real(p.shape[0]), real(hit), real(miss)
    for n in range(p.shape[0]):
        for k in range(p.shape[1]):
            dz[n, k] = p[n, k] / count
        dz[n, target[n]] -= hit
        if miss:
            for k in range(p.shape[1]):
                dz[n, k] -= miss
