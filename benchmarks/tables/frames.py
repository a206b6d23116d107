"""The features as a data frame of pandas, which the other libraries take, and the targets as arrays."""

from typing import Any

import numpy as np

from benchmarks.cases import Array
from benchmarks.tables.read import Columns


def numeric(column: list[str]) -> bool:
    """Return whether each value that is not missing is a number."""
    try:
        return all(np.isfinite(float(cell)) for cell in column if cell)
    except ValueError:
        return False


def features(train: Columns, test: Columns, target: str) -> tuple[Any, Any]:
    """Return the training and test features as data frames.

    Columns of numbers are float64 with NaN where a value is missing; the others are categorical, with the categories of the training
    rows: a missing value, and a category of test rows alone, is a missing category. The names are f0, f1, …, since some libraries refuse
    those of some tables.
    """
    import pandas as pd

    frames: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for i, name in enumerate(name for name in train if name != target):
        number = numeric(train[name]) and numeric(test[name])
        known = set(train[name]) - {""}
        for frame, column in zip(frames, (train[name], test[name]), strict=True):
            if number:
                frame[f"f{i}"] = np.array([float(cell or "nan") for cell in column])
            else:
                frame[f"f{i}"] = pd.Categorical([cell if cell in known else None for cell in column], sorted(known))
    return pd.DataFrame(frames[0]), pd.DataFrame(frames[1])


def targets(column: list[str], classes: list[str]) -> Array:
    """Return the labels, numbers of `classes`, which are sorted; or the numbers, if there are no classes."""
    return np.searchsorted(classes, column) if classes else np.array(column, float)
