"""Numbers as text."""

from __future__ import annotations

from typing import Any

from whorl._core.types import Array

ROWS, COLUMNS = 6, 8
"""The most rows and columns of an array that are printed."""


def number(value: Any, digits: int = 4) -> str:
    """Return a number with so many digits.

    Examples
    --------
    >>> [number(each) for each in (-0.0, 1.0, -0.123456, 1234567.0, 1e-9)]
    ['0', '1', '-0.1235', '1.235e+06', '1e-09']
    """
    return f"{float(value) + 0.0:.{digits}g}"  # −0.0 + 0.0 is 0.0


def table(values: Array, rows: int = ROWS, columns: int = COLUMNS) -> list[list[str]]:
    """Return the numbers of an array as cells, of which the middle is left out if there are too many.

    One axis is a row; more than two are shown as a row for each index of the first.

    Examples
    --------
    >>> import numpy as np
    >>> table(np.arange(10.0).reshape(1, 10), columns=5)
    [['0', '1', '…', '8', '9']]
    """
    flat = values.reshape(1, -1) if values.ndim < 2 else values.reshape(len(values), -1)

    def kept(count: int, most: int) -> list[int | None]:
        if count <= most:
            return list(range(count))
        return [*range(most // 2), None, *range(count - (most - 1 - most // 2), count)]

    across = kept(flat.shape[1], columns)
    return [["…" if i is None or j is None else number(flat[i, j]) for j in across] for i in kept(flat.shape[0], rows)]


def setting(value: object) -> str:
    """Return a number, or a list of columns, as text."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
