"""Samples with labels and weights, validated once, for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from whorl._core import randomness, validation
from whorl._core.types import Array, Shape
from whorl._core.validation import number
from whorl.losses import Loss, weights
from whorl.metrics import Metric
from whorl.passes import Predict, measure, predict
from whorl.stack import Stack
from whorl.training.orders import Order
from whorl.training.read_ahead import ReadAhead
from whorl.training.state import EpochState


class RowView:
    """A selection of rows of an array, which copies only the rows that are accessed, such as those of a batch.

    Parameters
    ----------
    array : ndarray, shape (m, …)
    rows : ndarray of int, shape (n,)

    Examples
    --------
    >>> some = RowView(np.array([[0.0], [10.0], [20.0]]), np.array([2, 0]))
    >>> some[:1], some.take([1], axis=0), np.asarray(some)
    (array([[20.]]), array([[0.]]), array([[20.],
           [ 0.]]))
    """

    def __init__(self, array: Array, rows: Array) -> None:
        self.array = array
        self.rows = rows
        self.dtype: np.dtype[Any] = array.dtype

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> Shape:
        """The shape of the selection."""
        return len(self.rows), *self.array.shape[1:]

    def __getitem__(self, place: int | slice) -> Array:
        selected: Array = self.array[self.rows[place]]
        return selected

    def take(self, places: Sequence[int] | Array, axis: int) -> Array:
        """Return copies of the rows at these indices, as ``ndarray.take`` does."""
        return self.array.take(self.rows.take(places), axis=axis)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:  # noqa: FBT001  # so NumPy calls it
        return np.asarray(self[:], dtype)


@dataclass(frozen=True)
class Samples:
    """Validated samples.

    Parameters
    ----------
    x : ndarray or RowView, shape (n, *inputs)
        The inputs, in the model's dtype.
    target : ndarray
        Labels, as `Loss.targets` returns them.
    weight : ndarray, shape (n,), or None
        Weights with a mean of 1; None if all are equal.
    """

    x: Array | RowView
    target: Array
    weight: Array | None = None

    @classmethod
    def checked(cls, model: Stack, X: Any, y: Any, loss: Loss, sample_weight: Any = None) -> Samples:
        """Validate the data that a user passed for a model; raise TypeError or ValueError."""
        x = model.samples(X)
        target = loss.targets(named_classes(model, y), model.outputs, model.dtype)
        validation.same_length("X", len(x), "y", len(target))
        weight = None if sample_weight is None else weights(sample_weight, len(x), model.dtype)
        return cls(x, target, weight)

    def __len__(self) -> int:
        return len(self.x)

    def order(self, rng: np.random.Generator) -> Order:
        """Draw the order of the samples in an epoch."""
        return rng.permutation(len(self))

    def batches(self, current: EpochState, size: int, count: int) -> list[Array]:
        """Return the indices of the next batches of an epoch, at most `count` of this size."""
        return current.batches(size, count)

    def batch(self, rows: Array) -> tuple[Array, Array, Array | None]:
        """Return copies of x, target and weight for these indices."""
        weight = None if self.weight is None else self.weight.take(rows)
        return self.x.take(rows, axis=0), self.target.take(rows, axis=0), weight

    def targets(self, rows: Array) -> Array:
        """Return copies of the targets for these indices."""
        return self.target.take(rows, axis=0)

    def labels(self, loss: Loss) -> Array | None:
        """Return the class of each sample; None if samples have no single class."""
        return loss.classes(self.target)

    def means(self, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
        """Return the metrics that are added up during an epoch, without keeping its predictions: none of those for data in memory."""
        return {}

    def measure(
        self, model: Stack, loss: Loss, metrics: Mapping[str, Metric], predict: Predict = predict
    ) -> dict[str, float]:
        """Return the loss of a model, its penalty part, and the metrics, on these samples."""
        return measure(model, self.x, self.target, self.weight, loss, metrics, predict)

    def reader(self, step: int) -> ReadAhead | None:
        """Return what reads the samples of the coming steps from files, given the number of samples of a step; None for data in memory."""
        return None

    def divide(self, aside: int, rng: np.random.Generator, classes: Array | None) -> tuple[Any, Any]:
        """Return the indices of two parts of the samples, drawn at random, the second of `aside` of them."""
        return randomness.divide(len(self), aside, rng, classes)

    def select(self, rows: Array) -> Samples:
        """Return the samples at these indices, without copying their inputs."""
        assert isinstance(self.x, np.ndarray)
        selected = Samples(RowView(self.x, rows), self.target.take(rows, axis=0))
        return selected if self.weight is None else selected.reweighted(self.weight.take(rows))

    def reweighted(self, factor: Array) -> Samples:
        """Return the same samples with their weights multiplied by `factor`, scaled to a mean of 1 again."""
        together = factor if self.weight is None else self.weight * factor
        return replace(self, weight=weights(together, len(self), self.x.dtype))

    def class_weighted(self, loss: Loss, class_weight: Mapping[int, float] | str, classes: int) -> Samples:
        """Return the same samples with their weights multiplied by those of their classes."""
        return self.reweighted(class_weights(self.labels(loss), class_weight, classes))


def set_aside(data: Samples, given: Any, rng: np.random.Generator, classes: Array | None) -> tuple[Samples, Samples]:
    """Split samples into a training and a validation set: the indices of the latter are given, or its fraction."""
    if isinstance(given, np.ndarray) and given.ndim:
        rows = _held_out(given, len(data))
        return data.select(np.setdiff1d(np.arange(len(data)), rows)), data.select(rows)
    return split(data, number("validation", given, above=0, below=1), rng, classes)


def split(
    data: Samples, fraction: float, rng: np.random.Generator, classes: Array | None = None
) -> tuple[Samples, Samples]:
    """Split samples at random into a training and a validation set; with `classes`, split each class by the same fraction."""
    held_out = round(fraction * len(data))
    if not 0 < held_out < len(data):
        raise ValueError(
            f"validation must leave samples on both sides, but {fraction} of {len(data)} samples is {held_out}"
        )
    stay, aside = data.divide(held_out, rng, classes)
    return data.select(stay), data.select(aside)


def class_weights(target: Array | None, class_weight: Mapping[int, float] | str, classes: int) -> Array:
    """Return the weight of each sample's class, in float64.

    ``"balanced"`` gives class c the weight ``n / n_c``, so that all classes in the data have the same total weight.
    """
    if target is None:
        raise ValueError("class_weight needs a loss with one label for each sample, such as CrossEntropy()")
    return weights_by_class(np.bincount(target, minlength=classes), class_weight)[target]


def weights_by_class(counts: Array, class_weight: Mapping[int, float] | str) -> Array:
    """Return the weight of each class, in float64, given the number of its samples."""
    classes = len(counts)
    by_class = np.ones(classes)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight must be 'balanced' or a mapping, got {class_weight!r}")
        by_class[counts > 0] = counts.sum() / counts[counts > 0]
    elif isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            if validation.integer("a label in class_weight", label, minimum=0) >= classes:
                raise ValueError(f"a label in class_weight must be from 0 to {classes - 1}, got {label}")
            by_class[label] = validation.number(f"class_weight[{label}]", weight, minimum=0)
    else:
        raise TypeError(f"class_weight must be a mapping from label to weight, or 'balanced', got {class_weight!r}")
    return by_class


def _held_out(rows: Array, count: int) -> Array:
    """Return the indices of the samples to validate with, sorted; raise TypeError or ValueError for anything else."""
    if rows.dtype.kind not in "iu" or rows.ndim != 1:
        raise TypeError(
            "validation must be a fraction, a tuple (X_val, y_val), or an array (n,) of the indices of samples, which are whole"
            f" numbers, got {validation.show(rows)}"
        )
    found, times = np.unique(rows, return_counts=True)
    wrong, again = found[(found < 0) | (found >= count)], found[times > 1]
    if len(wrong):
        raise ValueError(f"validation must hold indices from 0 to {count - 1}, got {wrong[0]}")
    if len(again):
        raise ValueError(f"validation must hold each index once, got {again[0]} again")
    if not 0 < len(found) < count:
        raise ValueError(
            f"validation must leave samples on both sides, but holds the indices of {len(found)} of {count} samples"
        )
    return found


def named_classes(model: Stack, y: Any) -> Any:
    """Return y; the names of the classes of the model's table as their numbers, those of the outputs."""
    target = model.preparation and model.preparation.target
    names = target.classes if target else ()
    given = validation.array("y", y if names else 0)
    if given.dtype.kind not in "USO" or given.ndim != 1:
        return y
    numbers = {name: number for number, name in enumerate(names)}
    for i, name in enumerate(given.tolist()):
        if name not in numbers:
            expected = f"y must hold the classes of the model's table, {', '.join(names)}"
            raise ValueError(f"{expected}, but y[{i}] is {validation.show(name)}")
    return np.array([numbers[name] for name in given.tolist()])
