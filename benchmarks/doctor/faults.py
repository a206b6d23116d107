"""Mistakes to plant: functions that return a training with the mistake, of some strength, in a training that is sound without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.doctor.trials import Data, Trial, mlp
from whorl._core.description import argument
from whorl._core.validation import number
from whorl.initializers import Full, Initializer, Normal, Zeros
from whorl.layers import BatchNorm, Dense, Dropout, ReLU, Sigmoid, Softmax, Tanh
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanAbsoluteError, MeanSquaredError
from whorl.optimizers import SGD, Adam, AdamW

Array = Any


class Shifted(Initializer):
    """Normal weights whose mean is not 0."""

    mean: float = argument(number)
    std: float = argument(number, above=0)

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.mean + self.std * rng.standard_normal(shape)


def with_data(base: Trial, X: Array, X_new: Array, y: Array | None = None, y_new: Array | None = None) -> Trial:
    """Return the trial with other samples."""
    data = base.data
    own = Data(data.name, X, data.y if y is None else y, X_new, data.y_new if y_new is None else y_new, data.classes)
    return replace(base, data=own)


def column(base: Trial, values: Array, new: Array) -> Trial:
    """Add a feature."""
    return with_data(base, np.column_stack([base.data.X, values]), np.column_stack([base.data.X_new, new]))


def initial(base: Any, initializer: Initializer, *, last: bool = True) -> Trial:
    """Use other initial weights, in the last dense layer too or not."""
    dense = [i for i, each in enumerate(base.layers) if isinstance(each, Dense)]
    chosen = dense if last else dense[:-1]
    layers = [replace(each, initializer=initializer) if i in chosen else each for i, each in enumerate(base.layers)]
    changed: Trial = replace(base, layers=layers)
    return changed


# The data.


def unscaled_inputs(base: Trial, factor: float) -> Trial:
    return with_data(base, base.data.X * factor, base.data.X_new * factor)


def one_large_input(base: Trial, factor: float) -> Trial:
    factors = np.ones(base.data.X.shape[1])
    factors[0] = factor
    return with_data(base, base.data.X * factors, base.data.X_new * factors)


def offset_inputs(base: Trial, offset: float) -> Trial:
    return with_data(base, base.data.X + offset, base.data.X_new + offset)


def constant_inputs(base: Trial, value: float) -> Trial:
    return column(base, np.full(len(base.data.X), value), np.full(len(base.data.X_new), value))


def unscaled_target(base: Trial, factor: float) -> Trial:
    data = base.data
    return with_data(base, data.X, data.X_new, factor * (data.y + 1), factor * (data.y_new + 1))


def imbalance(base: Trial, share: float) -> Trial:
    data = base.data
    rare = np.flatnonzero(data.y == data.y.max())
    kept = np.sort(np.concatenate([np.flatnonzero(data.y != data.y.max()), rare[: max(4, round(share * len(data.y)))]]))
    return with_data(base, data.X[kept], data.X_new, data.y[kept])


def duplicates(base: Trial, share: float) -> Trial:
    data = base.data
    order = np.random.default_rng(1).permutation(len(data.X))
    aside = order[: len(order) // 4]
    copied = order[: round(share * len(order) / 4)]
    stay = np.concatenate([order[len(order) // 4 :], copied])
    split = replace(base, validation=(data.X[aside], data.y[aside]), honest=True)
    return with_data(split, data.X[stay], data.X_new, data.y[stay])


def leaked_target(base: Trial, noise: float) -> Trial:
    data, rng = base.data, np.random.default_rng(1)
    own = data.y + noise * rng.standard_normal(len(data.y))
    return column(base, own, rng.permutation(data.y_new + noise * rng.standard_normal(len(data.y_new))))


def identifier(base: Trial, start: float) -> Trial:
    data, rng = base.data, np.random.default_rng(1)
    own = np.arange(len(data.X)) + start if start >= 0 else rng.permutation(len(data.X)) + 1.0
    return column(base, own, own.max() + 1 + np.arange(len(data.X_new)))


def sorted_split(base: Trial, fraction: float) -> Trial:
    data = base.data
    order = np.argsort(data.y, kind="stable")
    count = round(fraction * len(order))
    split = replace(base, validation=np.arange(len(order) - count, len(order)), honest=True)
    return with_data(split, data.X[order], data.X_new, data.y[order])


def other_scale(base: Trial, factor: float) -> Trial:
    data = base.data
    order = np.random.default_rng(1).permutation(len(data.X))
    aside, stay = order[: len(order) // 4], order[len(order) // 4 :]
    split = replace(base, validation=(data.X[aside] + factor, data.y[aside]), honest=True)
    return with_data(split, data.X[stay], data.X_new, data.y[stay])


def labels_as_numbers(base: Trial, _: float) -> Trial:
    return replace(base, layers=[*base.layers[:-2], Dense(1)], loss=MeanSquaredError())


def numbers_as_classes(base: Trial, steps: float) -> Trial:
    data = base.data
    low, high = data.y.min(), data.y.max()

    def level(y: Array) -> Array:
        return np.clip(np.rint((y - low) / (high - low) * (steps - 1)), 0, steps - 1).astype(int)

    layers = [*base.layers[:-1], Dense(int(steps)), Softmax()]
    return with_data(
        replace(base, layers=layers, loss=CrossEntropy()), data.X, data.X_new, level(data.y), level(data.y_new)
    )


def unused_outputs(base: Trial, outputs: float) -> Trial:
    return replace(base, layers=[*base.layers[:-2], Dense(int(outputs)), Softmax()])


# The network.


def missing_softmax(base: Trial, number: float) -> Trial:
    last: Any = [[], [ReLU()], [Sigmoid()], [Tanh()]][int(number)]
    return replace(base, layers=[*base.layers[:-1], *last])


def softmax_of_one(base: Trial, _: float) -> Trial:
    return replace(base, layers=[*base.layers[:-2], Dense(1), Softmax()], loss=BinaryCrossEntropy())


def before_output(base: Trial, number: float) -> Trial:
    return replace(base, layers=[*base.layers[:-1], [ReLU(), Softmax(), Sigmoid(), Tanh()][int(number)], Softmax()])


def hinge_of_softmax(base: Trial, margin: float) -> Trial:
    return replace(base, loss=Hinge(margin=margin))


def squared_error(base: Trial, number: float) -> Trial:
    data, k = base.data, base.data.classes or 1
    loss = [MeanSquaredError(), MeanAbsoluteError()][int(number)]
    return with_data(replace(base, loss=loss), data.X, data.X_new, np.eye(k)[data.y], np.eye(k)[data.y_new])


def limited_output(base: Trial, number: float) -> Trial:
    return replace(base, layers=[*base.layers, [ReLU(), Sigmoid(), Tanh()][int(number)]])


def equal_weights(base: Trial, value: float) -> Trial:
    return initial(base, Full(value) if value else Zeros(), last=bool(value <= 0))


def tiny_batches(base: Trial, size: float) -> Trial:
    data = base.data
    return replace(base, layers=[Dense(64), BatchNorm(), ReLU(), *mlp(data, (64,))], batch_size=int(size), epochs=15)


def heavy_dropout(base: Trial, rate: float) -> Trial:
    return replace(base, layers=mlp(base.data, (64, 64), ReLU(), Dropout(rate)))


def many_parameters(base: Trial, units: float) -> Trial:
    return replace(base, layers=mlp(base.data, (int(units),) * 2), optimizer=Adam(0.001), epochs=30)


def large_scores(base: Any, std: float) -> Any:
    dense = [i for i, each in enumerate(base.layers) if isinstance(each, Dense)]
    layers = list(base.layers)
    layers[dense[-1]] = replace(layers[dense[-1]], initializer=Normal(std))
    return replace(base, layers=layers)


# The training.


def dead_units(base: Trial, mean: float) -> Trial:
    positive = np.abs(base.data.X), np.abs(base.data.X_new)
    base = with_data(base, *positive) if base.data.name == "digits" else base
    return initial(base, Shifted(-mean, 0.1), last=False)


def saturated_units(base: Trial, std: float) -> Trial:
    return initial(replace(base, layers=mlp(base.data, (64, 64), Tanh())), Normal(std), last=False)


def vanishing(base: Trial, depth: float) -> Trial:
    return replace(base, layers=mlp(base.data, (32,) * int(depth), Sigmoid()))


def exploding(base: Trial, std: float) -> Trial:
    return initial(replace(base, layers=mlp(base.data, (64,) * 4)), Normal(std), last=False)


def rate(base: Any, rate: float) -> Any:
    return replace(base, optimizer=replace(base.optimizer, learning_rate=rate))


def sgd_rate(base: Trial, rate: float) -> Trial:
    return replace(base, optimizer=SGD(rate, momentum=0.9))


def overfitting(base: Trial, rows: float) -> Trial:
    data, count = base.data, int(rows)
    order = np.random.default_rng(1).permutation(len(data.X))
    few, aside = order[:count], order[count : 3 * count]
    changed = replace(base, validation=(data.X[aside], data.y[aside]), epochs=150, layers=mlp(data, (128, 128)))
    return with_data(changed, data.X[few], data.X_new, data.y[few])


def underfitting(base: Trial, units: float) -> Trial:
    sizes = (int(units),) if units else ()
    return replace(base, layers=mlp(base.data, sizes), epochs=80, optimizer=Adam(0.01))


def heavy_penalty(base: Trial, strength: float) -> Trial:
    layers = [replace(each, weight_l2=strength) if isinstance(each, Dense) else each for each in base.layers]
    return replace(base, layers=layers)


def heavy_decay(base: Trial, decay: float) -> Trial:
    return replace(base, optimizer=AdamW(0.003, weight_decay=decay))


def noisy(base: Trial, rate: float) -> Trial:
    return replace(base, batch_size=1, optimizer=SGD(rate), epochs=20)


def early(base: Trial, epochs: float) -> Trial:
    return replace(base, epochs=int(epochs))
