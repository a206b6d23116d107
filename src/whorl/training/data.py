"""Samples with labels and weights, validated once, for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whorl._core import randomness, validation
from whorl._core.types import Array
from whorl._core.validation import number
from whorl.losses import Loss, weights
from whorl.metrics import METRICS, Metric, measured
from whorl.stack import Stack
from whorl.training.options import Options


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
        target = loss.targets(_numbered(model, y), model.outputs, model.dtype)
        validation.same_length("X", len(x), "y", len(target))
        weight = None if sample_weight is None else weights(sample_weight, len(x), model.dtype)
        return cls(x, target, weight)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, rows: Array) -> tuple[Array, Array, Array | None]:
        """Return copies of x, target and weight for these indices."""
        weight = None if self.weight is None else self.weight.take(rows)
        return self.x.take(rows, axis=0), self.target.take(rows, axis=0), weight

    def select(self, rows: Array) -> Samples:
        """Return the samples at these indices, without copying their inputs."""
        assert isinstance(self.x, np.ndarray)
        selected = Samples(RowView(self.x, rows), self.target.take(rows, axis=0))
        return selected if self.weight is None else selected.reweighted(self.weight.take(rows))

    def reweighted(self, factor: Array) -> Samples:
        """Return the same samples with their weights multiplied by `factor`, scaled to a mean of 1 again."""
        together = factor if self.weight is None else self.weight * factor
        return Samples(self.x, self.target, weights(together, len(self), self.x.dtype))


def _set_aside(data: Samples, given: Any, rng: np.random.Generator, classes: Array | None) -> tuple[Samples, Samples]:
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
    stay, aside = randomness.divide(len(data), held_out, rng, classes)
    return data.select(stay), data.select(aside)


def class_weights(target: Array | None, class_weight: Mapping[int, float] | str, classes: int) -> Array:
    """Return the weight of each sample's class, in float64.

    ``"balanced"`` gives class c the weight ``n / n_c``, so that all classes in the data have the same total weight.
    """
    if target is None:
        raise ValueError("class_weight needs a loss with one label for each sample, such as CrossEntropy()")
    by_class = np.ones(classes)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight must be 'balanced' or a mapping, got {class_weight!r}")
        counts = np.bincount(target, minlength=classes)
        by_class[counts > 0] = len(target) / counts[counts > 0]
    elif isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            if validation.integer("a label in class_weight", label, minimum=0) >= classes:
                raise ValueError(f"a label in class_weight must be from 0 to {classes - 1}, got {label}")
            by_class[label] = validation.number(f"class_weight[{label}]", weight, minimum=0)
    else:
        raise TypeError(f"class_weight must be a mapping from label to weight, or 'balanced', got {class_weight!r}")
    return by_class[target]


def training_data(
    model: Stack, X: Any, y: Any, options: Options, metrics: Mapping[str, Metric], rng: np.random.Generator
) -> tuple[Samples, Samples | None]:
    """Validate samples and labels; return the training set and the validation set, or None for the latter.

    Raises
    ------
    TypeError, ValueError
        If the data do not fit the model, the loss or the options.
    """
    loss = options.loss

    def checked(X: Any, y: Any, sample_weight: Any = None) -> Samples:
        return Samples.checked(model, X, y, loss, sample_weight)

    train, validation = checked(X, y, options.sample_weight), None
    given = options.validation
    classes = loss.classes(train.target)
    if options.stratify and (given is None or isinstance(given, tuple | list | np.ndarray)):
        raise ValueError("stratify=True needs validation to be a fraction, such as validation=0.2")
    if options.stratify and classes is None:
        raise ValueError("stratify=True needs a loss with one label for each sample, such as CrossEntropy()")
    if isinstance(given, tuple | list):
        if len(given) not in (2, 3):
            raise ValueError(f"validation must be (X_val, y_val) or (X_val, y_val, weights), got {len(given)} items")
        try:
            validation = checked(*given)
        except (TypeError, ValueError) as error:
            raise type(error)(f"in validation: {error}") from None
    elif given is not None:
        train, validation = _set_aside(train, given, rng, classes if options.stratify else None)
    for data in filter(None, (train, validation)):
        _try_metrics(metrics, data.target, (len(data), *model.outputs), model.dtype)
    if options.class_weight is not None:
        by_class = class_weights(loss.classes(train.target), options.class_weight, max(2, model.outputs[-1]))
        train = train.reweighted(by_class)
    return train, validation


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


def _numbered(model: Stack, y: Any) -> Any:
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


def _try_metrics(metrics: Mapping[str, Metric], target: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Compute whorl's metrics once, so that a metric that does not fit the labels fails before training."""
    prediction = np.broadcast_to(np.zeros(1, dtype), shape)
    measured({name: metric for name, metric in metrics.items() if METRICS.get(name) is metric}, target, prediction)
