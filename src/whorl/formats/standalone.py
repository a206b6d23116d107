"""The functions that a Python file written by `save_python` contains, as far as its model needs them.

Their source is copied into the file, so they use nothing but NumPy, the standard library and each other.

Letters: n samples, d features, m knots, c columns of categories.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from whorl._core.types import Array


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    w = np.exp(np.minimum(x, 40))
    return w / (1 + w)  # type: ignore[no-any-return]


def softplus(x: Array) -> Array:
    """Return log(1 + exp(x))."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def silu(x: Array) -> Array:
    """Return x sigmoid(x)."""
    return x * sigmoid(x)


def mish(x: Array) -> Array:
    """Return x tanh(softplus(x))."""
    return x * np.tanh(softplus(x))


def gelu(x: Array) -> Array:
    """Return x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), which is x sigmoid(2 u)."""
    z = np.clip(x, -32, 10)
    return x * sigmoid(z * (1.5957691216057308 + 0.07135481627260025 * z * z))


def elu(x: Array, alpha: float) -> Array:
    """Return x where it is positive, else alpha (exp(x) - 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: Array, alpha: float, scale: float) -> Array:
    """Return scale elu(x, alpha)."""
    return scale * elu(x, alpha)


def leaky_relu(x: Array, slope: float) -> Array:
    """Return x where it is positive, else slope x."""
    return np.maximum(x, slope * x)


def relu(x: Array) -> Array:
    """Return x where it is positive, else 0."""
    return np.maximum(x, 0)


def softmax(x: Array) -> Array:
    """Return exp(x) divided by its sum over each row."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def normalize(x: Array, epsilon: float) -> Array:
    """Return each row of x, less its mean, divided by its standard deviation."""
    h = x - x.mean(axis=1, keepdims=True)
    return h / np.sqrt((h * h).mean(axis=1, keepdims=True) + epsilon)  # type: ignore[no-any-return]


def grouped(x: Array, w: Array) -> Array:
    """Return the product of each x[:, i] (n, k) with its own matrix w[i] (k, m)."""
    return np.matmul(x[:, :, None, :], w)[:, :, 0]  # type: ignore[no-any-return]


def lookup(x: Array, table: Array, categories: Sequence[int]) -> Array:
    """Return the rows of the table that the whole numbers in x (n, c) select, side by side."""
    codes = np.rint(x).astype(int)
    if ((codes < 0) | (codes >= categories) | (np.abs(x - codes) > 1e-3)).any():
        raise ValueError(f"columns of categories must hold whole numbers from 0, below {list(categories)}")
    return table[codes + np.cumsum([0, *categories[:-1]])].reshape(len(x), -1)  # type: ignore[no-any-return]


def ranks(x: Array, knots: Array, last: Sequence[int], spread: float) -> Array:
    """Return the rank of each column of x among its knots (d, m), on a scale from -spread to spread."""
    y = np.zeros_like(x)
    for j, m in enumerate(last):
        if m:  # else a constant
            y[:, j] = np.interp(x[:, j], knots[j, : m + 1], np.linspace(-spread, spread, m + 1))
    return y


def known(value: Any) -> Any:
    """Return a value of a column, or None if it is missing; text without the spaces around it."""
    if isinstance(value, str):
        value = value.strip()
        return None if value.lower() in {"", "?", "-", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null"} else value
    return None if value is None or value != value else value  # noqa: PLR0124  # NaN and NaT


def spelled(value: Any) -> str | None:
    """Return a value of a column as text: 3 for 3.0, true for True; None if it is missing."""
    value = known(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return str(int(value) if value == int(value) else value)


def number_features(column: Sequence[Any], fill: float, offset: float, missing: bool) -> Array:  # noqa: FBT001
    """Return the numbers of a column, those that are missing replaced, and where they are missing, if that is a feature."""
    values = np.array([math.nan if known(value) is None else float(value) for value in column])
    if np.isinf(values).any():
        raise ValueError("numbers must be finite")
    gaps = np.isnan(values)
    values = np.where(gaps, fill, values) - offset
    return np.column_stack([values, gaps]) if missing else values[:, None]


def category_features(column: Sequence[Any], categories: Sequence[str], other: bool, missing: bool) -> Array:  # noqa: FBT001
    """Return a column of 0 and 1 for each category, for all others together, and for missing ones."""
    texts = [spelled(value) for value in column]
    if not other and {*categories} <= {"false", "true"}:
        texts = [each and each.lower() for each in texts]
        if not {*texts} <= {"false", "true", None}:
            raise ValueError("a column of true and false holds other values")
    found = [[each == category for category in categories] for each in texts]
    rows = [
        [*row, *[each is not None and not any(row)] * other, *[each is None] * missing]
        for each, row in zip(texts, found, strict=True)
    ]
    return np.array(rows, float)


def date_features(column: Sequence[Any], reference: str, cycles: Sequence[str], missing: bool) -> Array:  # noqa: FBT001
    """Return the years since the reference, and sine and cosine of the place in each cycle; dates are 2024-01-31 or datetime64."""
    texts = [known(value) for value in column]
    gaps = np.array([each is None for each in texts])
    moments = np.array([reference if each is None else each for each in texts], "M8[us]")
    features: list[Any] = [(moments - np.datetime64(reference, "us")) / np.timedelta64(31_556_952, "s")]
    for cycle in cycles:
        day, year = moments.astype("M8[D]"), moments.astype("M8[Y]")
        if cycle == "year":
            place = (moments - year) / ((year + 1).astype("M8[us]") - year)
        elif cycle == "week":
            place = (day.astype(int) + 3) % 7 / 7  # 1970-01-01 was a Thursday
        else:
            place = (moments - day) / np.timedelta64(1, "D")
        features += [np.where(gaps, 0, wave(2 * np.pi * place)) for wave in (np.sin, np.cos)]
    return np.column_stack([*features, gaps] if missing else features)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        relu,
        leaky_relu,
        elu,
        selu,
        sigmoid,
        softplus,
        silu,
        mish,
        gelu,
        softmax,
        normalize,
        grouped,
        lookup,
        ranks,
        known,
        spelled,
        number_features,
        category_features,
        date_features,
    )
}
"""All of them by name, each after those that it calls."""
