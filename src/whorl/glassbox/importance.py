"""What a model relies on: how much worse its predictions get when the values of one column are shuffled.

Letters: n samples, c columns, r repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from whorl._core import html, randomness, text, validation
from whorl._core.monitor import higher_is_better
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.losses import Loss, as_loss
from whorl.metrics import Metric, named
from whorl.model import Model
from whorl.passes import measure
from whorl.training import Samples


class Column(NamedTuple):
    """A column of the data, and the features that it makes.

    Parameters
    ----------
    name : str
    features : ndarray of int
        Their indices in a sample, flattened.
    encoding : Number, Date, Category or None
        How the features are made, for a model of a table.
    """

    name: str
    features: Array
    encoding: Any = None


def columns_of(model: Model) -> list[Column]:
    """Return the columns of the table that the model has learned from; else each feature by itself."""
    if model.preparation is None:
        places = np.ndindex(model.inputs)
        return [Column(f"feature {', '.join(map(str, place))}", np.array([i])) for i, place in enumerate(places)]
    encodings = model.preparation.columns
    ends = np.cumsum([len(each.feature_names) for each in encodings])
    features = np.split(np.arange(ends[-1]), ends[:-1])
    return [Column(each.name, own, each) for each, own in zip(encodings, features, strict=True)]


@dataclass(frozen=True, eq=False, repr=False)
class Importance:
    """The result of `permutation_importance`, which prints as a table, the most important column first.

    Attributes
    ----------
    columns : tuple of str
        The names of the columns, those of the largest mean first.
    values : ndarray, shape (c, r)
        How much worse the measure is in each repeat.
    measure : str
        What is measured: ``"loss"`` or the name of the metric.
    baseline : float
        The measure on the samples as they are.
    samples : int
    """

    columns: tuple[str, ...]
    values: Array
    measure: str
    baseline: float
    samples: int

    @property
    def mean(self) -> Array:
        """The importance of each column: the mean over the repeats (c,)."""
        mean: Array = self.values.mean(axis=1)
        return mean

    @property
    def std(self) -> Array:
        """The standard deviation over the repeats (c,)."""
        std: Array = self.values.std(axis=1)
        return std

    @property
    def change(self) -> str:
        """What the values are, in words: "increase of the loss", "decrease of accuracy"."""
        if self.measure == "loss":
            return "increase of the loss"
        return f"{'increase' if higher_is_better(self.measure) is False else 'decrease'} of {self.measure}"

    def __repr__(self) -> str:
        return f"{text.align(self._rows(), {1, 2})}\n{self._caption()}"

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return html.table(self._rows(), {1, 2}, caption=self._caption())

    def _rows(self) -> list[list[str]]:
        figures = zip(self.columns, self.mean, self.std, strict=True)
        return [["column", self.change, "std"], *([name, f"{mean:.4g}", f"{std:.2g}"] for name, mean, std in figures)]

    def _caption(self) -> str:
        return f"{self.measure} {self.baseline:.4g} on {self.samples:,} samples; each column shuffled {self.values.shape[1]} times"


def permutation_importance(
    model: Model, X: Any, y: Any, *, loss: Loss, metric: str | Metric | None = None, repeats: int = 5, rng: RNG = 0
) -> Importance:
    """Measure how much the model relies on each column: how much worse it gets when the values of the column are shuffled.

    With the loss L, the importance of column j is the mean over the permutations π of ``L(X with x_ij replaced by x_π(i)j) − L(X)``.
    In expectation over π, that is the loss with values drawn from the column independently of everything else, minus the loss.
    The features that one column of a table makes, such as those of its categories, are shuffled together.

    Parameters
    ----------
    model : Model
        A trained one. For a model of a table, the columns are those of its preparation; else each feature is one.
    X, y, loss
        As in `Model.evaluate`; at least 2 samples. Use samples that the model was not trained on: with those of the training, the
        result says what it has fitted, noise included.
    metric : str or callable, optional
        Measure this instead of the loss: the name of a metric, or a function of (labels, predictions) for which higher is better.
    repeats : int, optional
        The number of permutations, at least 1. They are the same for all columns.
    rng : int, Generator or None, optional
        Draws the permutations.

    Returns
    -------
    Importance
        Draw it with `whorl.plot.importance`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Notes
    -----
    Columns that say the same share the importance, and each may get none: shuffling one leaves the other. Shuffling also makes
    combinations that do not occur, such as a newborn child with a driving licence, for which the model's answer is arbitrary. The
    result describes this model, and not how the world works: another model of the same quality may rely on other columns.

    scikit-learn's ``permutation_importance`` measures the same for a score, for which higher is better, and shuffles one feature at a time.

    References
    ----------
    Breiman (2001), Random Forests, Machine Learning 45, section 10. Fisher, Rudin, Dominici (2019), All Models are Wrong, but Many are
    Useful, Journal of Machine Learning Research 20, equation 3.5, with a difference in place of the ratio.

    Examples
    --------
    A model that adds up its first two inputs:

    >>> import numpy as np
    >>> from whorl import Dense, MeanSquaredError
    >>> model = Model([Dense(1)], inputs=3)
    >>> model.parameters = [2, 1, 0, 0]
    >>> X = np.random.default_rng(0).integers(-3, 4, size=(100, 3))
    >>> permutation_importance(model, X, X @ [[2], [1], [0]], loss=MeanSquaredError())
    column     increase of the loss   std
    feature 0                 31.41     3
    feature 1                 8.868  0.91
    feature 2                     0     0
    loss 0 on 100 samples; each column shuffled 5 times
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    count, generator = validation.integer("repeats", repeats), randomness.generator(rng)
    checked, metrics = as_loss(loss), {} if metric is None else named([metric])
    data = Samples.checked(model, X, y, checked)
    n = len(data)
    if n < 2:
        raise ValueError(f"X must have at least 2 samples to shuffle, got {n}")
    name = next(iter(metrics), "loss")
    sign = 1 if name == "loss" or higher_is_better(name) is False else -1
    x = np.asarray(data.x).reshape(n, -1).copy()

    def worse() -> float:
        return sign * measure(model, x.reshape(n, *model.inputs), data.target, None, checked, metrics)[name]

    baseline, columns = worse(), columns_of(model)
    orders = [generator.permutation(n) for _ in range(count)]
    values = np.empty((len(columns), count))
    for j, column in enumerate(columns):
        kept = x[:, column.features]
        for k, order in enumerate(orders):
            x[:, column.features] = kept[order]
            values[j, k] = worse() - baseline
        x[:, column.features] = kept
    sorted_ = np.argsort(-values.mean(axis=1), kind="stable")
    return Importance(tuple(columns[j].name for j in sorted_), values[sorted_], name, sign * baseline, n)
