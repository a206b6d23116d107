"""How the predictions of a model depend on one column, on average over the samples.

Letters: n samples, g values of the grid, k features of the column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core import text, validation
from whorl._core.hints import similar
from whorl._core.types import Array
from whorl.answers import classes_of
from whorl.glassbox.importance import Column, columns_of
from whorl.model import Model
from whorl.passes import predict
from whorl.tables import Category, Date
from whorl.tables.dates import YEAR


@dataclass(frozen=True, eq=False, repr=False)
class PartialDependence:
    """The result of `partial_dependence`, which prints as a table.

    Attributes
    ----------
    column : str
        The name of the column.
    grid : ndarray, shape (g,)
        The values of the column: numbers, dates (datetime64), or text.
    prediction : ndarray, shape (g, *outputs)
        The mean prediction for each value.
    outputs : tuple of str
        The names of the outputs: the classes, or the target.
    """

    column: str
    grid: Array
    prediction: Array
    outputs: tuple[str, ...]

    def __repr__(self) -> str:
        flat = self.prediction.reshape(len(self.grid), -1)
        shown = [f"{each:.6g}" if isinstance(each, float) else str(each) for each in self.grid.tolist()]
        if self.grid.dtype.kind == "M":
            shown = [str(each) for each in self.grid]
        rows = [[value, *(f"{each:.4g}" for each in row)] for value, row in zip(shown, flat, strict=True)]
        numbers = {*range(self.grid.dtype.kind in "OU", flat.shape[1] + 1)}
        return str(text.align([[self.column, *self.outputs], *rows], numbers))


def partial_dependence(
    model: Model, X: Any, column: str | int | tuple[int, ...], *, grid: int = 20
) -> PartialDependence:
    """Return the mean prediction with a column set to each value of a grid, for all samples.

    For the value v it is ``(1/n) Σ_i f(x_i with column = v)``: the other columns stay as they are.

    Parameters
    ----------
    model : Model
        A trained one.
    X : array_like or data frame
        As for `Model.predict`.
    column : str, int or tuple of int
        The name of a column, for a model of a table; else the index of a feature in a sample.
    grid : int, optional
        The largest number of values for numbers and dates, at least 2: all values of the column, or if there are more, its quantiles
        from the lowest value to the highest one, each of which is a value that occurs. Missing values are not among them.
        A category takes all its values.

    Returns
    -------
    PartialDependence
        Draw it with `whorl.plot.partial_dependence`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or all values of the column are missing.

    Notes
    -----
    The mean is also over combinations that do not occur, if the column depends on others: a flat of 20 m² with six rooms. There the model
    extrapolates, and the curve with it. A flat curve does not prove that the column has no effect: opposite effects in two
    groups of samples cancel; `permutation_importance` shows those.

    scikit-learn's ``partial_dependence`` with ``method="brute"`` computes the same on a grid with equal distances between two quantiles.

    References
    ----------
    Friedman (2001), Greedy Function Approximation, Annals of Statistics 29, equation 53.

    Examples
    --------
    >>> from whorl import Dense
    >>> model = Model([Dense(1)], inputs=2)
    >>> model.parameters = [2, 1, 0.5]
    >>> partial_dependence(model, [[0, 1], [1, 2], [4, 3]], 0)
    feature 0  output
            0     2.5
            1     4.5
            4    10.5
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    count = validation.integer("grid", grid, minimum=2)
    x, chosen = model.samples(X), _chosen(model, column)
    flat = x.reshape(len(x), -1).copy()
    values, rows = _grid(chosen, flat[:, chosen.features], count)
    means = []
    for row in rows:
        flat[:, chosen.features] = row
        means.append(predict(model, flat.reshape(x.shape)).mean(axis=0, dtype=float))
    return PartialDependence(chosen.name, values, np.array(means), _outputs(model))


def _chosen(model: Model, column: Any) -> Column:
    """Return the column with this name or index; raise TypeError or ValueError if there is none."""
    columns = columns_of(model)
    if model.preparation is not None:
        named = {each.name: each for each in columns}
        if column not in named:
            hint = similar(str(column), named)
            raise ValueError(f"column must be one of {', '.join(named)}, got {validation.show(column)}{hint}")
        return named[column]
    place = column if isinstance(column, tuple) else (column,)
    expected = (
        f"column must be the index of a feature in a sample of shape {model.inputs}, got {validation.show(column)}"
    )
    if len(place) != len(model.inputs) or not all(isinstance(each, int | np.integer) for each in place):
        raise TypeError(expected)
    if not all(0 <= each < size for each, size in zip(place, model.inputs, strict=True)):
        raise ValueError(expected)
    return columns[int(np.ravel_multi_index(place, model.inputs))]


def _grid(column: Column, features: Array, count: int) -> tuple[Array, Array]:
    """Return the values of the grid (g,), and the features of the column (g, k) for each, from those of the samples (n, k)."""
    encoding = column.encoding
    if isinstance(encoding, Category):
        names = [
            name.removeprefix(f"{column.name}=").removeprefix(f"{column.name} ") for name in encoding.feature_names
        ]
        return np.array(names, object), np.eye(len(names))
    if encoding is not None and encoding.missing:
        features = features[features[:, -1] == 0]
        if not len(features):
            raise ValueError(f"column must have a value in at least one row, but all of {column.name!r} are missing")
    first = features[:, 0]
    distinct, rows = np.unique(first, return_index=True)
    if len(distinct) > count:
        quantiles = np.quantile(first, np.linspace(0, 1, count), method="nearest")
        rows = rows[np.searchsorted(distinct, np.unique(quantiles))]
    chosen = features[rows]
    return _values(encoding, chosen[:, 0].astype(float)), chosen


def _values(encoding: Any, first: Array) -> Array:
    """Return the values of a column of numbers or dates that are encoded so."""
    if not isinstance(encoding, Date):
        return first + (0.0 if encoding is None else encoding.offset)
    moments = np.datetime64(encoding.reference, "us") + (first * (YEAR / np.timedelta64(1, "us"))).astype("m8[us]")
    to_minutes = "day" in encoding.cycles  # float32 features are not exact to the second
    half = np.timedelta64(30, "s") if to_minutes else np.timedelta64(12, "h")
    rounded: Array = (moments + half).astype("M8[m]" if to_minutes else "M8[D]")
    return rounded


def _outputs(model: Model) -> tuple[str, ...]:
    """Return the names of the outputs."""
    if classes := classes_of(model):
        return tuple(str(each) if model.classes else f"class {each}" for each in classes)
    target, size = model.preparation and model.preparation.target, int(np.prod(model.outputs))
    if size == 1:
        return (target.name if target else "output",)
    return tuple(f"output {i}" for i in range(size))
