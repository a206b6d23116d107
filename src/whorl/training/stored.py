"""Samples that are read from files during training, because they are larger than memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from whorl._core import validation
from whorl._core.types import Array
from whorl._core.validation import all_finite
from whorl.losses import Loss, weights
from whorl.metrics import Metric, measured
from whorl.metrics.running import add_means, averaged, means
from whorl.passes import Predict, evaluate, predict
from whorl.stack import Stack
from whorl.training.data import RowView, Samples, named_classes, weights_by_class
from whorl.training.orders import BlockOrder, BlockPart, Order, starts_of
from whorl.training.read_ahead import ReadAhead
from whorl.training.sources import Sliced, is_stored, source
from whorl.training.stored_array import StoredArray, steps


@dataclass(frozen=True)
class StoredSamples(Samples):
    """Samples of which the inputs, the targets or both are in files.

    Parameters
    ----------
    x : StoredArray or ndarray, shape (n, *inputs)
    target : StoredArray or ndarray
    weight : ndarray, shape (n,), or None
        Weights with a mean of 1; None if all are equal.
    factors : ndarray, shape (classes,), or None
        The weight of each class, if the labels are in a file.
    loss : Loss or None
        The loss, which knows the class of each sample.
    """

    x: Any
    target: Any
    factors: Array | None = None
    loss: Loss | None = None

    @classmethod
    def checked(cls, model: Stack, X: Any, y: Any, loss: Loss, sample_weight: Any = None) -> StoredSamples:
        x: Any = stored_inputs(model, X) if is_stored(X) else model.samples(X)
        target: Any
        if is_stored(y):
            rows = source(y, x.source.boundaries if isinstance(x, StoredArray) else None)
            target = StoredArray("y", rows, partial(loss.targets, outputs=model.outputs, dtype=model.dtype))
        else:
            target = loss.targets(named_classes(model, y), model.outputs, model.dtype)
        validation.same_length("X", len(x), "y", len(target))
        weight = None if sample_weight is None else weights(sample_weight, len(x), model.dtype)
        return cls(x, target, weight, loss=loss)

    @property
    def blocks(self) -> StoredArray | None:
        """The array whose blocks determine the order of the samples, if there is one."""
        stored = (each for each in (self.x, self.target) if isinstance(each, StoredArray))
        return next((each for each in stored if each.source.boundaries is not None), None)

    def order(self, rng: np.random.Generator) -> Order:
        array = self.blocks
        if array is None:
            return super().order(rng)
        assert array.source.boundaries is not None
        return BlockOrder.drawn(starts_of(array.selected, array.source.boundaries), array.source.buffer, rng)

    def batch(self, rows: Array) -> tuple[Array, Array, Array | None]:
        target = self.target.take(rows, axis=0)
        return self.x.take(rows, axis=0), target, self.weights(rows, target)

    def weights(self, rows: Array, target: Array) -> Array | None:
        """Return the weights of the samples at these indices, which have these targets."""
        if self.weight is not None:
            return self.weight.take(rows)
        if self.factors is None:
            return None
        assert self.loss is not None
        return self.factors[self.loss.classes(target)]

    def select(self, rows: Any) -> StoredSamples:
        if self.blocks is not None and isinstance(rows, np.ndarray):
            rows = np.sort(rows)
        x = self.x.select(rows) if isinstance(self.x, StoredArray) else RowView(self.x, rows)
        target = self.target.select(rows) if isinstance(self.target, StoredArray) else self.target.take(rows, axis=0)
        selected = replace(self, x=x, target=target, weight=None)
        return selected if self.weight is None else selected.reweighted(self.weight.take(rows))

    def divide(self, aside: int, rng: np.random.Generator, classes: Array | None) -> tuple[Any, Any]:
        array = self.blocks
        if array is None or not isinstance(self.target, StoredArray):
            return super().divide(aside, rng, classes)
        if classes is not None:
            raise ValueError(
                "stratify=True needs labels in memory for data that are read in blocks: give y as an array"
            )
        assert array.source.boundaries is not None
        seed = int(rng.integers(2**53))
        stay, chosen = (BlockPart(array.source.boundaries, aside, seed, chosen=each) for each in (False, True))
        return stay, chosen

    def reweighted(self, factor: Array) -> StoredSamples:
        together = factor if self.weight is None else self.weight * factor
        return replace(self, weight=weights(together, len(self), self.x.dtype))

    def labels(self, loss: Loss) -> Array | None:
        if not isinstance(self.target, StoredArray) or loss.classes(self.target[:1]) is None:
            return super().labels(loss)
        classes: list[Any] = [loss.classes(each) for each in self.target.chunks()]
        return np.concatenate(classes)

    def class_weighted(self, loss: Loss, class_weight: Mapping[int, float] | str, classes: int) -> Samples:
        labelled = isinstance(self.target, StoredArray) and loss.classes(self.target[:1]) is not None
        if not labelled or self.weight is not None:
            return super().class_weighted(loss, class_weight, classes)
        counts = np.zeros(classes, np.int64)
        for each in self.target.chunks():
            labels: Any = loss.classes(each)
            counts += np.bincount(labels, minlength=classes)
        by_class = weights_by_class(counts, class_weight)
        if not by_class @ counts:
            raise ValueError("class_weight must be above 0 for at least one sample")
        factors = by_class / by_class.max()
        return replace(self, factors=(factors / (factors @ counts / len(self))).astype(self.x.dtype))

    def means(self, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
        return means(metrics)

    def measure(
        self, model: Stack, loss: Loss, metrics: Mapping[str, Metric], predict: Predict = predict
    ) -> dict[str, float]:
        added = means(metrics)
        others = {name: metric for name, metric in metrics.items() if name not in added}
        total, sums, kept, penalty = 0.0, dict[str, float](), list[tuple[Array, Array]](), 0.0
        for start, stop in steps(self.x):
            x, target, weight = self.batch(np.arange(start, stop))
            value, penalty, prediction = evaluate(model, x, target, weight, loss, predict)
            total += value * (stop - start)
            if added and all_finite(prediction):
                add_means(sums, added, target, prediction)
            if others:
                kept.append((target, prediction))
        value = total / len(self) + penalty
        found = dict.fromkeys(metrics, math.nan)
        if math.isfinite(value):
            found |= averaged(sums, added, len(self))
            if others:
                found |= measured(others, *(np.concatenate(part) for part in zip(*kept, strict=True)))
        return {"loss": value, "penalty": penalty, **found}

    @property
    def weighted(self) -> bool:
        """Whether the samples have weights."""
        return self.weight is not None or self.factors is not None

    def read(self, rows: Array, x: Array, target: Array, weight: Array | None, own: Array | None = None) -> None:
        """Read the samples at these indices into these arrays; if `own` is given, only the inputs for which it is true."""
        for array, out in ((self.x, x), (self.target, target)):
            if own is not None and array is self.x:
                if own.any():
                    out[own] = array.take(rows[own], axis=0)
            elif isinstance(array, StoredArray):
                array.take(rows, out=out)
            else:
                out[...] = array.take(rows, axis=0)
        if weight is not None:
            weight[...] = self.weights(rows, target)

    def locate(self, rows: Array) -> tuple[Array, list[Array]] | None:
        """Return where the inputs of the samples at these indices are, if they can be used from there; see `Source.locate`."""
        return self.x.locate(rows) if isinstance(self.x, StoredArray) else None

    @property
    def file(self) -> int:
        """The file that the inputs are in, as `Source.file`."""
        return self.x.source.file if isinstance(self.x, StoredArray) else -1

    def begin(self, order: Order, start: int, stop: int) -> None:
        """Read the blocks of the samples from `start` up to `stop`, unless there are too many to keep; several threads can share this work."""
        if isinstance(order, BlockOrder):
            self._load(order.needed(start, stop))

    def prepare(self, order: Order, place: int) -> None:
        """Read what the order needs some time after so many samples."""
        if isinstance(order, BlockOrder):
            self._load(order.coming(place))

    def _load(self, blocks: list[int]) -> None:
        """Read these blocks of the array that determines the order, and of the other one if its blocks are the same."""
        assert self.blocks is not None
        starts: Any = self.blocks.source.boundaries
        for array in (self.x, self.target):
            own = array.source if isinstance(array, StoredArray) else None
            if isinstance(own, Sliced) and np.array_equal(own.starts, starts):
                own.load(blocks, renew=True)

    def reader(self, step: int) -> ReadAhead:
        return ReadAhead(self, step)


def stored_inputs(model: Stack, X: Any) -> StoredArray:
    """Return the samples in a file as the inputs of a model."""
    rows = source(X)
    if rows.dtype.kind not in "fiub":
        raise TypeError(f"X must hold real numbers, got an array of shape {rows.shape} and type {rows.dtype}")
    return StoredArray("X", rows, partial(validation.samples, "X", inputs=model.inputs, dtype=model.dtype))
