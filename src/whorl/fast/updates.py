"""The twins of `whorl.optimizers`: one pass over the flat vectors.

Letters: g gradient, lr learning rate.
"""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array
from whorl.fast.compiling import MisfitError, compiled


@compiled
def same_length(first: Array, second: Array) -> None:
    if first.ndim != 1 or first.shape != second.shape:
        raise MisfitError


@compiled
def descend(parameters: Array, gradients: Array, learning_rate: float) -> None:
    same_length(parameters, gradients)
    lr = parameters.dtype.type(learning_rate)
    for i in range(parameters.size):
        parameters[i] -= lr * gradients[i]


@compiled
def momentum(parameters: Array, gradients: Array, velocity: Array, mu: float, learning_rate: float) -> None:
    same_length(parameters, gradients)
    same_length(parameters, velocity)
    real = parameters.dtype.type
    mu, lr = real(mu), real(learning_rate)
    for i in range(parameters.size):
        velocity[i] = velocity[i] * mu + gradients[i]
        parameters[i] -= lr * velocity[i]


@compiled
def nesterov(parameters: Array, gradients: Array, velocity: Array, mu: float, learning_rate: float) -> None:
    same_length(parameters, gradients)
    same_length(parameters, velocity)
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
    same_length(parameters, gradients)
    same_length(parameters, mean)
    same_length(parameters, square)
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
    same_length(parameters, gradients)
    same_length(parameters, mean)
    same_length(parameters, square)
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
    same_length(parameters, gradients)
    same_length(parameters, square)
    same_length(parameters, velocity)
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
    same_length(parameters, gradients)
    same_length(parameters, squares)
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
    same_length(parameters, gradients)
    same_length(parameters, momentum)
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
    same_length(average, parameters)
    share = average.dtype.type(share)
    for i in range(average.size):
        average[i] += share * (parameters[i] - average[i])
