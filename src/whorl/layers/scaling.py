"""Layers that change the scale of numbers: inputs to mean 0 and deviation 1, predictions back to their unit."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import integer, number, number_or_numbers
from whorl.initializers import Ones, Zeros
from whorl.layers.layer import Layer
from whorl.layers.moments import Parts, moments
from whorl.parameters import Parameter, Views


class Standardize(Layer):
    """``y = (x − mean) / scale``, with the mean and the standard deviation of the training data.

    Networks train badly on features of very different scales, such as an income and a rate; put this layer first. It
    computes mean and deviation from the training samples when training begins, unless it already has them: further training
    keeps them, and `Model.adapt` computes them again. They are saved with the model, so no separate scaler is needed. A
    constant feature has the scale 1.

    Notes
    -----
    Keras's ``Normalization`` is this layer, with ``adapt`` called by hand. scikit-learn's ``StandardScaler`` divides by the
    same standard deviation, the biased one.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Standardize()], inputs=2, rng=0)
    >>> model.adapt([[0.0, 1000.0], [2.0, 3000.0]])
    >>> model.predict([[1.0, 4000.0]])
    array([[0., 2.]], dtype=float32)
    """

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "mean": Parameter(inputs, Zeros(), trained=False),
            "scale": Parameter(inputs, Ones(), trained=False),
            "count": Parameter((1,), Zeros(), trained=False),  # the number of samples that it was fitted to
        }

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        return again or bool(p.count[0] == 0)

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        self._fit(p, len(x), x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64), np.abs(x).max(axis=0))

    def adapt_in_parts(self, parts: Parts, p: Views) -> None:
        self._fit(p, *moments(parts))

    @staticmethod
    def _fit(p: Views, count: int, mean: Array, deviation: Array, size: Array) -> None:
        constant = deviation <= 1e-7 * size  # rounding errors of a constant feature
        p.mean[...], p.scale[...], p.count[0] = mean, np.where(constant, 1, deviation), count

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy /= p.scale
            return dy

        return (x - p.mean) / p.scale, backward


class RobustScale(Layer):
    """``y = z / √(1 + (z / limit)²)`` with ``z = (x − median) / range``: outliers are bent to within ±limit.

    Median and interquartile range of the training data do not depend on how far off the outliers are, as the mean and the
    deviation of `Standardize` do. A feature whose quartiles are equal is divided by half of the distance between its largest and its
    least value, and a constant feature becomes 0. Backward pass::

        dx = dy / range / (1 + (z / limit)²)^(3/2)

    Parameters
    ----------
    limit : float, optional
        Above 0. Numbers that are small beside it are hardly changed.

    Notes
    -----
    Like `Standardize`, it is fitted when training begins. scikit-learn's ``RobustScaler`` is z alone.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data,
    arXiv:2407.04491, section 3.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([RobustScale()], inputs=1, rng=0)
    >>> model.adapt([[1.0], [2.0], [3.0], [4.0], [1e6]])
    >>> model.predict([[3.0], [5.0], [1e6]]).round(2)
    array([[0.  ],
           [0.95],
           [3.  ]], dtype=float32)
    """

    limit: float = argument(number, default=3.0, above=0)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "median": Parameter(inputs, Zeros(), trained=False),
            "factor": Parameter(inputs, Ones(), trained=False),  # 1 / range
            "count": Parameter((1,), Zeros(), trained=False),  # the number of samples that it was fitted to
        }

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        return again or bool(p.count[0] == 0)

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        columns, median, factor = x.reshape(len(x), -1), p.median.reshape(-1), p.factor.reshape(-1)
        for j, column in enumerate(columns.T):  # one at a time, which takes less memory
            least, first, median[j], third, largest = np.quantile(column.astype(np.float64), [0, 0.25, 0.5, 0.75, 1])
            size = third - first or (largest - least) / 2
            factor[j] = 1 / size if size else 0
        p.count[0] = len(x)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        z = (x - p.median) * p.factor
        root = np.sqrt(1 + (z / self.limit) ** 2)

        def backward(dy: Array, g: Views) -> Array:
            dy *= p.factor / root**3
            return dy

        return z / root, backward


class RankScale(Layer):
    """``y = √3 (2 r − 1)``, where r, from 0 to 1, is the rank of x among the different values of the training data.

    A rank depends on the order of the values alone, as the splits of decision trees do: neither on their scale, nor on outliers, nor on
    how often a value occurs. Between two values r is linear, and outside of the training data it is 0 or 1. The output for many
    different values has mean 0 and a deviation of about 1; a constant feature becomes 0. Backward pass::

        dx = 2 √3 dr/dx dy

    Parameters
    ----------
    knots : int, optional
        At least 2. If a feature has more different values, this many of them are kept, at equal distances in rank.

    Notes
    -----
    Like `Standardize`, it is fitted when training begins, to at most 100,000 samples. scikit-learn's ``QuantileTransformer`` ranks all
    samples instead: in a feature that is mostly 0, such as a gain or a loss, the other values share what little is left of the range.
    Here they are as far apart as in a feature without repetitions.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([RankScale()], inputs=1, rng=0)
    >>> model.adapt([[0.0], [0.0], [0.0], [5.0], [1000.0]])
    >>> model.predict([[0.0], [2.5], [5.0], [1e6]]).round(3)
    array([[-1.732],
           [-0.866],
           [ 0.   ],
           [ 1.732]], dtype=float32)
    """

    knots: int = argument(integer, default=256, minimum=2)
    most_samples: ClassVar[int | None] = 100_000
    SPREAD: ClassVar[float] = math.sqrt(3.0)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "knots": Parameter((*inputs, self.knots), Zeros(), trained=False),  # ascending; the last one fills the rest
            "last": Parameter(inputs, Zeros(), trained=False),  # the index of the last knot
            "count": Parameter((1,), Zeros(), trained=False),  # the number of samples that it was fitted to
        }

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        return again or bool(p.count[0] == 0)

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        last = p.last.reshape(-1)
        for j, (column, knots) in enumerate(zip(x.reshape(len(x), -1).T, p.knots.reshape(-1, self.knots), strict=True)):
            values = np.unique(column.astype(knots.dtype))
            chosen = np.linspace(0, len(values) - 1, min(len(values), self.knots)).round().astype(int)
            knots[: len(chosen)], knots[len(chosen) :] = values[chosen], values[-1]
            last[j] = len(chosen) - 1
        p.count[0] = len(x)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        columns, last = x.reshape(len(x), -1), p.last.reshape(-1)
        y, slope = np.zeros_like(columns), np.zeros_like(columns)
        for j, knots in enumerate(p.knots.reshape(-1, self.knots)):
            m = int(last[j])
            if m == 0:  # a constant
                continue
            inside = columns[:, j].clip(knots[0], knots[m])
            k = np.searchsorted(knots[1:m], inside, side="right")  # the interval from knot k to knot k + 1
            width = knots[k + 1] - knots[k]
            y[:, j] = self.SPREAD * (2 / m * (k + (inside - knots[k]) / width) - 1)
            slope[:, j] = np.where(inside == columns[:, j], self.SPREAD * 2 / m / width, 0)

        def backward(dy: Array, g: Views) -> Array:
            dy *= slope.reshape(x.shape)
            return dy

        return y.reshape(x.shape), backward


class Scale(Layer):
    """``y = (1 + m s) x``, with a learned factor for each feature: features that do not help can be turned down.

    The output starts as the input. Backward pass: ``ds = m Σ_n dy_n x_n``, ``dx = (1 + m s) dy``.

    Parameters
    ----------
    multiple : float, optional
        m, above 0. `Adam`, whose steps do not depend on the size of the gradient, changes the factor 1 + m s by m times its learning
        rate.
    decay : float, optional
        Factor of the weight decay of optimizers such as `AdamW` for s, at least 0: with 0 it does not decay.

    Notes
    -----
    The parameter s is the change of the factor, and starts at 0. So weight decay, as that of `AdamW`, pulls the factor toward 1, not
    toward 0, where the feature would be lost.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart (2024), arXiv:2407.04491, section 3: with m = 6, after `PeriodicEmbedding`.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Scale(multiple=4.0)], inputs=2, rng=0)
    >>> model.predict([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    >>> model.named_parameters()["s1"][:] = [0.25, -0.25]
    >>> model.predict([[1.0, 2.0]])
    array([[2., 0.]], dtype=float32)
    """

    multiple: float = argument(number, default=1.0, above=0)
    decay: float = argument(number, default=1.0, minimum=0)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {"s": Parameter(inputs, Zeros(), decay=self.decay)}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            np.multiply(self.multiple, np.sum(dy * x, axis=0), out=g.s)
            dy *= 1 + self.multiple * p.s
            return dy

        return x * (1 + self.multiple * p.s), backward


class Rescale(Layer):
    """``y = factor · x + offset``, with given numbers: converts predictions to the unit of the targets, or calibrates scores.

    Use it as the last layer after training on standardized targets, ``(price − mean) / deviation``.

    Parameters
    ----------
    factor : float
        Finite, not 0.
    offset : float or sequence of float
        Finite: one number for all features, or one for each.

    Examples
    --------
    >>> Rescale(100.0, 20.0).forward(np.array([[0.5]]), None)[0]
    array([[70.]])
    >>> Rescale(2.0, (0.5, -0.5)).forward(np.array([[1.0, 1.0]]), None)[0]
    array([[2.5, 1.5]])
    """

    factor: float = argument(number)
    offset: float | tuple[float, ...] = argument(number_or_numbers)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factor == 0:
            raise ValueError("factor must not be 0, or every prediction is the same, got 0")

    def output_shape(self, inputs: Shape) -> Shape:
        if isinstance(self.offset, tuple) and inputs != (len(self.offset),):
            raise ValueError(
                f"Rescale has {len(self.offset)} offsets, one for each feature, got inputs of shape {inputs}"
            )
        return inputs

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        def backward(dy: Array, g: Views) -> Array:
            dy *= self.factor
            return dy

        y = self.factor * x
        y += np.asarray(self.offset, x.dtype)
        return y, backward
