"""Arrays in files, whose rows are validated as they are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from whorl._core.types import Array
from whorl.training.orders import BlockPart
from whorl.training.sources import Source

Rows: TypeAlias = "Array | BlockPart | None"
"""The indices of some rows; None for all of them."""

CHUNK = 2**22
"""About how many bytes are read at once, where all samples are read in order."""


class StoredArray:
    """Some rows of an array in a file, which are converted and validated as they are read.

    Parameters
    ----------
    name : str
        What errors call it.
    rows : Source
    convert : callable
        Returns rows as training uses them; raises TypeError or ValueError.
    selected : ndarray of int, BlockPart or None
        Indices of rows; None for all.
    """

    name: str
    source: Source
    convert: Callable[[Array], Array]
    selected: Rows

    def __init__(self, name: str, rows: Source, convert: Callable[[Array], Array], selected: Rows = None) -> None:
        self.name, self.source, self.convert, self.selected = name, rows, convert, selected
        count = rows.shape[0]
        if count == 0:
            raise ValueError(f"{name} must hold at least one sample, got shape {rows.shape}")
        try:
            first = self._converted(rows.read(0, 1), np.arange(1))
        except (TypeError, ValueError) as error:  # of the shape, for example
            one = str((1, *rows.shape[1:]))
            raise type(error)(str(error).replace(one, str(rows.shape))) from None
        self.dtype: np.dtype[Any] = first.dtype
        self.shape: tuple[int, ...] = (count if selected is None else len(selected), *first.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __deepcopy__(self, _: Any) -> StoredArray:
        return self

    def __getitem__(self, place: slice) -> Array:
        start, stop, step = place.indices(len(self))
        if self.selected is None and step == 1:
            return self._converted(self.source.read(start, max(start, stop)), range(start, stop))
        return self.take(np.arange(start, stop, step))

    def take(self, places: Any, axis: int = 0, out: Array | None = None) -> Array:
        """Return copies of the rows at these places, as ``ndarray.take`` does."""
        rows = np.asarray(places) if self.selected is None else self.selected.take(places)
        same = out is not None and self.source.dtype == self.dtype and self.source.shape[1:] == self.shape[1:]
        values = self._converted(self.source.take(rows, out if same else None), rows)
        if out is None:
            return values
        if not same:
            out[...] = values
        return out

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:  # noqa: FBT001  # so NumPy calls it
        return np.asarray(self[:], dtype)

    def locate(self, places: Any) -> tuple[Array, list[Array]] | None:
        """Return where the rows at these places are, as `Source.locate` does; None if training uses other numbers than those there."""
        if self.source.dtype != self.dtype or self.source.shape[1:] != self.shape[1:]:
            return None
        return self.source.locate(np.asarray(places) if self.selected is None else self.selected.take(places))

    def select(self, places: Any) -> StoredArray:
        """Return the rows at these places."""
        rows = places if self.selected is None else self.selected.take(places)
        return StoredArray(self.name, self.source, self.convert, rows)

    def chunks(self) -> Iterator[Array]:
        """Yield all rows in order, some at a time."""
        for start, stop in steps(self):
            yield self[start:stop]

    def _converted(self, values: Array, rows: Any) -> Array:
        """Return rows as training uses them; an error names the row in the file."""
        try:
            return self.convert(values)
        except (TypeError, ValueError):
            for i in range(len(values)):
                try:
                    self.convert(values[i : i + 1])
                except (TypeError, ValueError) as error:
                    raise type(error)(str(error).replace(f"{self.name}[0", f"{self.name}[{rows[i]}")) from None
            raise


def steps(rows: Any) -> Iterator[tuple[int, int]]:
    """Yield where parts of about `CHUNK` bytes begin and end."""
    size = max(1, CHUNK // max(1, math.prod(rows.shape[1:]) * rows.dtype.itemsize))
    for start in range(0, len(rows), size):
        yield start, min(start + size, len(rows))
