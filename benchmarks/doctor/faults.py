"""Mistakes to plant: functions that return a training with the mistake, of some strength, in a training that is sound without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.doctor.trials import Data, Trial, mlp, trial
from whorl._core.description import argument
from whorl._core.validation import number
from whorl.initializers import Full, Initializer, Normal, Zeros
from whorl.layers import BatchNorm, Dense, Dropout, Layer, ReLU, Sigmoid, Softmax, Tanh
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


def initial(base: Trial, initializer: Initializer, *, last: bool = True) -> Trial:
    """Use other initial weights, in the last dense layer too or not."""
    dense = [i for i, each in enumerate(base.layers) if isinstance(each, Dense)]
    chosen = dense if last else dense[:-1]
    layers = [replace(each, initializer=initializer) if i in chosen else each for i, each in enumerate(base.layers)]  # type: ignore[type-var]
    return replace(base, layers=layers)


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
    last: list[Layer] = [[], [ReLU()], [Sigmoid()], [Tanh()]][int(number)]
    return replace(base, layers=[*base.layers[:-1], *last])


def softmax_of_one(base: Trial, _: float) -> Trial:
    return replace(base, layers=[*base.layers[:-2], Dense(1), Softmax()], loss=BinaryCrossEntropy())


def before_output(base: Trial, number: float) -> Trial:
    return replace(base, layers=[*base.layers[:-1], [ReLU(), Softmax(), Sigmoid(), Tanh()][int(number)], Softmax()])


def hinge_of_softmax(base: Trial, margin: float) -> Trial:
    return replace(base, loss=Hinge(margin=margin))


def squared_error(base: Trial, number: float) -> Trial:
    data, k = base.data, base.data.classes
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


def large_scores(base: Trial, std: float) -> Trial:
    dense = [i for i, each in enumerate(base.layers) if isinstance(each, Dense)]
    layers = list(base.layers)
    layers[dense[-1]] = replace(layers[dense[-1]], initializer=Normal(std))  # type: ignore[type-var]
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


def rate(base: Trial, rate: float) -> Trial:
    return replace(base, optimizer=replace(base.optimizer, learning_rate=rate))  # type: ignore[type-var]


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


Plant = Callable[[Trial, float], Trial]

TABLE: dict[str, list[tuple[Plant, list[tuple[str, float]]]]] = {
    "unscaled inputs": [
        (
            unscaled_inputs,
            [("spiral", 1000), ("moons", 300), ("wine", 100), ("waves", 200), ("circles", 0.001), ("digits", 255)],
        ),
        (one_large_input, [("breast_cancer", 2000), ("friedman", 3000)]),
        (offset_inputs, [("blobs", 2000), ("waves", 300)]),
    ],
    "constant inputs": [(constant_inputs, [("moons", 5), ("iris", 9), ("friedman", -3), ("blobs", 7)])],
    "unscaled target": [(unscaled_target, [("waves", 1000), ("friedman", 100), ("diabetes", 150), ("waves", 30000)])],
    "imbalanced classes": [(imbalance, [("moons", 0.05), ("circles", 0.03), ("breast_cancer", 0.03), ("xor", 0.08)])],
    "duplicates across the split": [(duplicates, [("spiral", 0.5), ("moons", 0.2), ("wine", 0.3), ("friedman", 0.1)])],
    "leaked target": [
        (
            leaked_target,
            [
                ("breast_cancer", 0.0),
                ("wine", 0.01),
                ("friedman", 0.02),
                ("diabetes", 0.05),
                ("digits", 0.0),
                ("blobs", 0.05),
            ],
        )
    ],
    "identifier as a feature": [
        (identifier, [("moons", 0), ("iris", 1000), ("friedman", -1), ("breast_cancer", 90000)])
    ],
    "validation from another distribution": [
        (sorted_split, [("iris", 0.2), ("digits", 0.2), ("moons", 0.4), ("blobs", 0.25)]),
        (other_scale, [("waves", 3), ("wine", 2)]),
    ],
    "labels treated as numbers": [(labels_as_numbers, [("digits", 0), ("wine", 0), ("spiral", 0), ("blobs", 0)])],
    "numbers treated as classes": [
        (numbers_as_classes, [("diabetes", 200), ("friedman", 300), ("waves", 250), ("diabetes", 100)])
    ],
    "outputs without a class": [(unused_outputs, [("iris", 10), ("moons", 5), ("spiral", 30), ("blobs", 8)])],
    "no probabilities for the loss": [(missing_softmax, [("spiral", 0), ("iris", 1), ("digits", 2), ("moons", 3)])],
    "Softmax of one unit": [(softmax_of_one, [("moons", 0), ("breast_cancer", 0), ("circles", 0), ("xor", 0)])],
    "activation before the output": [
        (before_output, [("spiral", 0), ("digits", 1), ("wine", 2), ("moons", 3), ("digits", 0), ("spiral", 1)])
    ],
    "probabilities for a loss of scores": [
        (hinge_of_softmax, [("moons", 1), ("iris", 1), ("digits", 1), ("spiral", 1)])
    ],
    "squared error for classes": [(squared_error, [("spiral", 0), ("digits", 0), ("moons", 1), ("spiral", 1)])],
    "output cannot reach the targets": [
        (limited_output, [("waves", 0), ("diabetes", 1), ("friedman", 2), ("waves", 1)])
    ],
    "equal initial weights": [(equal_weights, [("spiral", 0), ("digits", 0), ("waves", 0.1), ("moons", 0.5)])],
    "batch norm with tiny batches": [(tiny_batches, [("moons", 2), ("spiral", 4), ("iris", 2), ("waves", 4)])],
    "too much dropout": [(heavy_dropout, [("spiral", 0.9), ("digits", 0.95), ("moons", 0.8), ("waves", 0.9)])],
    "too many parameters for the rows": [
        (many_parameters, [("iris", 512), ("wine", 512), ("iris", 768), ("diabetes", 1024)])
    ],
    "initial loss far from guessing": [(large_scores, [("spiral", 3), ("digits", 2), ("moons", 8), ("blobs", 2)])],
    "dead units": [(dead_units, [("digits", 0.5), ("digits", 1.0), ("digits", 0.3), ("digits", 0.7)])],
    "saturated units": [(saturated_units, [("spiral", 8), ("digits", 3), ("moons", 10), ("waves", 8)])],
    "vanishing gradients": [(vanishing, [("spiral", 6), ("digits", 7), ("moons", 6), ("waves", 8)])],
    "exploding gradients": [(exploding, [("spiral", 2), ("digits", 1), ("moons", 1), ("waves", 2)])],
    "learning rate too high": [
        (rate, [("spiral", 1.0), ("digits", 0.3), ("moons", 3.0), ("waves", 2.0)]),
        (sgd_rate, [("spiral", 5.0), ("waves", 1.0), ("moons", 10.0), ("digits", 3.0)]),
    ],
    "learning rate too low": [
        (rate, [("spiral", 3e-6), ("digits", 3e-6), ("moons", 1e-6), ("waves", 3e-6)]),
        (sgd_rate, [("spiral", 3e-6), ("iris", 1e-5), ("moons", 1e-6), ("waves", 1e-6)]),
    ],
    "overfitting": [
        (
            overfitting,
            [("spiral", 80), ("diabetes", 60), ("friedman", 60), ("waves", 40), ("spiral", 60), ("diabetes", 80)],
        )
    ],
    "underfitting": [
        (underfitting, [("spiral", 0), ("moons", 1), ("waves", 0), ("circles", 0), ("xor", 1), ("spiral2", 1)])
    ],
    "penalty dominates the loss": [
        (heavy_penalty, [("spiral", 0.1), ("digits", 0.01), ("moons", 0.05), ("waves", 0.1)])
    ],
    "weights shrink to 0": [(heavy_decay, [("spiral", 10), ("digits", 10), ("moons", 20), ("waves", 10)])],
    "noisy gradient": [(noisy, [("spiral", 0.1), ("moons", 0.1), ("waves", 0.02), ("circles", 0.15)])],
    "stopped too early": [
        (early, [("spiral2", 15), ("digits", 3), ("waves", 5), ("friedman", 3), ("circles", 5), ("blobs", 3)])
    ],
}
"""By the kind of finding that is expected: what to plant, and in which data with which strength."""

NETWORKS: dict[str, tuple[int, ...]] = {"iris": (16,), "wine": (16,), "diabetes": (16,), "breast_cancer": (16,)}


def planted() -> Iterator[Trial]:
    """Yield all trainings with a mistake, those of a kind one after the other."""
    for kind, plants in TABLE.items():
        for plant, places in plants:
            for i, (name, strength) in enumerate(places):
                base = trial(name, NETWORKS.get(name, (64, 64)), seed=i)
                yield replace(plant(base, strength), kind=kind, what=f"{plant.__name__} {strength:g}")
