"""Prediction intervals: between which numbers a target lies, with a given probability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl._core.validation import integer, same_length, show
from whorl.calibration import ranks

SMALLEST, GROUPS = 200, 10
"""The fewest residuals of a group, if there are several, and the most groups."""


class Interval(NamedTuple):
    """Predictions, and the numbers between which the targets lie with a given probability.

    Parameters
    ----------
    prediction, low, high : ndarray
        Of one shape.
    """

    prediction: Array
    low: Array
    high: Array


def _residuals(name: str, value: object) -> tuple[tuple[float, ...], ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of lists of numbers, got {show(value)}")
    return tuple(ranks.ascending(f"{name}[{i}]", each) for i, each in enumerate(value))


def _counts(name: str, value: object) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of whole numbers, got {show(value)}")
    return tuple(integer(f"{name}[{i}]", each) for i, each in enumerate(value))


class Intervals(Description):
    """Conformal prediction intervals: a prediction plus residuals of held-out samples that were predicted similarly.

    Held-out samples are put into groups of similar predictions. For a new prediction p of a group with n sorted residuals
    r_1 ≤ … ≤ r_n, where r = target − prediction, the interval for the coverage c is::

        [p + r_i, p + r_j],    i = ⌊(n + 1) (1 − c) / 2⌋,    j = ⌈(n + 1) (1 + c) / 2⌉

    If held-out and new samples are exchangeable, a target lies in its interval with a probability of at least c, in each group, for
    any network and any distribution. Made by `learn`; a model keeps it as `Model.uncertainty`.

    Parameters
    ----------
    edges : sequence of float
        The predictions that begin the second group, the third, …, in ascending order.
    residuals : sequence of sequence of float
        For each group the residuals in ascending order; of more than 400, those at 400 equally spaced ranks. A rank between those is
        replaced by the next one outwards.
    counts : sequence of int
        n for each group.

    References
    ----------
    Vovk, Gammerman, Shafer (2005), Algorithmic Learning in a Random World, sections 2.2 and 4.5;
    Lei, G'Sell, Rinaldo, Tibshirani, Wasserman (2018), Distribution-Free Predictive Inference for Regression, arXiv:1604.04173,
    section 2.2; Boström, Johansson (2020), Mondrian Conformal Regressors, PMLR 128: groups of predictions.

    Examples
    --------
    >>> target = np.arange(1.0, 20.0)                       # 19 samples, all predicted as 10
    >>> learned = Intervals.learn(target, np.full(19, 10.0))
    >>> learned.interval([10.0, 50.0], coverage=0.8)        # without the largest and the smallest of 20 gaps, twice
    Interval(prediction=array([10., 50.]), low=array([ 2., 42.]), high=array([18., 58.]))
    """

    edges: tuple[float, ...] = argument(ranks.ascending)
    residuals: tuple[tuple[float, ...], ...] = argument(_residuals)
    counts: tuple[int, ...] = argument(_counts)

    def __post_init__(self) -> None:
        super().__post_init__()
        groups = len(self.edges) + 1
        if len(self.residuals) != groups or len(self.counts) != groups:
            raise ValueError(
                f"residuals and counts must be of {groups} groups, one more than edges, got {len(self.residuals)} and"
                f" {len(self.counts)}"
            )
        for i, (values, count) in enumerate(zip(self.residuals, self.counts, strict=True)):
            ranks.check_kept(f"residuals[{i}]", values, count)

    @property
    def samples(self) -> int:
        """The number of held-out samples."""
        return sum(self.counts)

    @classmethod
    def learn(cls, y: Any, prediction: Any) -> Intervals:
        """Return the intervals for a model that predicts held-out targets so.

        Parameters
        ----------
        y, prediction : array_like, shape (n,) or (n, 1)
            Targets of samples that were not used to train the model, and its predictions. With at least 400 samples there are several
            groups, up to 10, of at least 200 samples each.
        """
        target, p = ranks.numbers("y", y), ranks.numbers("prediction", prediction)
        same_length("y", len(target), "prediction", len(p))
        edges = _edges(np.sort(p))
        group = np.searchsorted(edges, p, "right")
        residuals = [(target - p)[group == i] for i in range(len(edges) + 1)]
        return cls(tuple(edges), tuple(map(ranks.kept, residuals)), tuple(map(len, residuals)))

    def interval(self, prediction: Any, coverage: float) -> Interval:
        """Return the intervals of new predictions.

        Parameters
        ----------
        prediction : array_like, shape (n,) or (n, 1)
        coverage : float
            The probability with which a target is to lie in its interval; above 0 and below 1.

        Returns
        -------
        Interval
            In the shape and type of the prediction.

        Raises
        ------
        ValueError
            If there were too few held-out samples for this coverage: it needs ``2 / (1 − coverage) − 1`` in each group.
        """
        c = ranks.check_coverage(coverage, self.counts, tails=2)
        given = np.asarray(prediction)
        p = ranks.numbers("prediction", given)
        pairs = list(zip(self.residuals, self.counts, strict=True))
        below = np.array([ranks.at_most((1 - c) / 2, *pair) for pair in pairs])
        above = np.array([ranks.at_least((1 + c) / 2, *pair) for pair in pairs])
        group = np.searchsorted(self.edges, p, "right")
        dtype = given.dtype if given.dtype.kind == "f" else p.dtype
        low, high = ((p + move[group]).reshape(given.shape).astype(dtype) for move in (below, above))
        return Interval(given.astype(dtype), low, high)


def _edges(p: Array) -> list[float]:
    """Return where groups of sorted predictions begin: at quantiles, unless equal predictions leave fewer than `SMALLEST` on a side."""
    edges, begin = list[float](), 0
    groups = min(GROUPS, len(p) // SMALLEST)
    for k in range(1, groups):
        edge = float(p[k * len(p) // groups])
        place = int(np.searchsorted(p, edge))  # the number of predictions below
        if place - begin >= SMALLEST and len(p) - place >= SMALLEST:
            edges.append(edge)
            begin = place
    return edges
