"""Samples as scikit-learn's users have them: arrays, and data frames with text, gaps and dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from whorl._core.types import Array
from whorl.tables import Preparation, read
from whorl.tables.encoding import Number, unresolved


def is_frame(X: Any) -> bool:
    """Whether X is a data frame of pandas, Polars or PyArrow, or a mapping from column to values."""
    return isinstance(X, dict) or hasattr(X, "column_names") or (hasattr(X, "columns") and hasattr(X, "shape"))


def learn(
    estimator: BaseEstimator, X: Any, ignore: Sequence[str], use: Sequence[str]
) -> tuple[Array, Preparation | None]:
    """Return the samples as numbers, and how their columns were converted if they are not all numbers already.

    Sets ``n_features_in_``, ``feature_names_in_``; ``medians_``, for gaps in new rows; and ``offsets_``, which are subtracted from
    columns whose numbers float32 could hardly tell apart.
    """
    if is_frame(X):
        frame = read(_named(X))
        preparation = Preparation.learn(frame, ignore=ignore, use=use)
        plain = all(isinstance(each, Number) and not each.missing for each in preparation.columns)
        if ignore or preparation.excluded or not plain or not hasattr(X, "columns"):
            estimator.n_features_in_ = len(list(frame))
            estimator.feature_names_in_ = np.array(list(frame), object)
            return preparation.transform(frame), preparation
    elif ignore or use:
        given = "ignore" if ignore else "use"
        raise ValueError(f"{given} names columns of a data frame, but X is {type(X).__name__}")
    numbers = validate_data(estimator, X, dtype=[np.float64, np.float32])
    estimator.medians_ = np.median(numbers, axis=0)
    coarse = unresolved(numbers)
    estimator.offsets_ = np.where(coarse, estimator.medians_, 0.0) if coarse.any() else None
    return _centred(numbers, estimator.offsets_), None


def convert(estimator: BaseEstimator, X: Any, preparation: Preparation | None) -> Array:
    """Return new samples as numbers, like those that the estimator was fitted to."""
    if preparation is None:
        gaps = "allow-nan" if is_frame(X) else True  # a frame may have gaps where none was in fit: they get the median
        numbers: Array = validate_data(
            estimator, X, dtype=[np.float64, np.float32], reset=False, ensure_all_finite=gaps
        )
        missing = np.isnan(numbers)
        numbers = np.where(missing, estimator.medians_, numbers) if missing.any() else numbers
        return _centred(numbers, estimator.offsets_)
    if not is_frame(X):
        raise ValueError(
            f"X must be a data frame with the columns {', '.join(map(str, estimator.feature_names_in_))}, as in fit, got"
            f" {type(X).__name__}"
        )
    return preparation.transform(_named(X))


def _centred(numbers: Array, offsets: Array | None) -> Array:
    """Return the numbers less the offset of each column, if there are any."""
    return numbers if offsets is None else numbers - offsets


def _named(X: Any) -> Any:
    """Return the data frame with text as column names, of which no two are equal: pandas allows numbers, and the same name twice."""
    names = list(X if isinstance(X, dict) else getattr(X, "column_names" if hasattr(X, "column_names") else "columns"))
    texts = Counter(map(str, names))
    if not texts:
        raise ValueError("X must have at least one column: 0 feature(s) while a minimum of 1 is required")
    name, count = texts.most_common(1)[0]
    if count > 1:
        raise ValueError(f"X must have columns with different names, but {count} are named {name!r}; rename them")
    if hasattr(X, "rename") and not all(isinstance(name, str) for name in names):
        return X.rename(columns={name: str(name) for name in names})
    return X
