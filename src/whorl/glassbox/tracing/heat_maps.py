"""Arrays as tables and pictures whose colours, orange above 0 and blue below, are set by the style sheet of the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.tracing.numerals import number

LEVELS = 5
"""The number of shades of each colour."""
SMALL = 8
"""The most rows and columns of an array whose numbers are written out."""
LARGEST = 128
"""The most rows and columns of a picture; of larger arrays, it shows rows and columns at equal distances."""


def as_rows(values: Array) -> Array:
    """Return an array as rows: one for an array of one axis, one for each index of the first axis of others."""
    return values.reshape(1, -1) if values.ndim < 2 else values.reshape(len(values), -1)


def is_small(values: Array) -> bool:
    """Whether all numbers of an array are written out."""
    return bool(max(as_rows(values).shape) <= SMALL)


def levels(values: Array) -> Array:
    """Return the shade of each number, from −5 to 5, relative to the largest one.

    Examples
    --------
    >>> levels(np.array([-2.0, -0.1, 0.0, 0.7]))
    array([-5, -1,  0,  2])
    """
    finite = np.where(np.isfinite(values), values, 0).astype(float)
    largest = np.abs(finite).max(initial=0)
    share = finite / largest if largest > 0 else finite
    return np.asarray(np.sign(share) * np.ceil(np.abs(share) * LEVELS - 1e-9), int)


def shade(level: int) -> str:
    """Return the class of a shade in the style sheet."""
    return f"n{-level}" if level < 0 else f"p{level}"


def table(values: Array, cells: Sequence[Sequence[str]]) -> str:
    """Return numbers as a table, given as the cells to be written; a cell … stands for what is left out."""
    rows = as_rows(values)
    shades, lines = levels(rows), []
    down, across = len(cells), len(cells[0])
    for i, row in enumerate(cells):
        written = []
        for j, cell in enumerate(row):
            level = shades[_place(i, down, rows.shape[0]), _place(j, across, rows.shape[1])]
            written.append(f'<td class="{"gap" if cell == "…" else shade(level)}">{cell.replace("-", "−")}</td>')
        lines.append(f"<tr>{''.join(written)}</tr>")
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


def _place(i: int, shown: int, count: int) -> int:
    """Return which of so many rows stands in row i of those shown, the last ones counted from the end."""
    return i if i <= shown // 2 else count - shown + i


def picture(name: str, values: Array) -> str:
    """Return an array as a picture of small squares; a tall one is turned, so that its rows run from left to right."""
    rows = as_rows(values)
    turned = rows.shape[0] > 2 * rows.shape[1]
    down, across = (np.unique(np.linspace(0, size - 1, min(size, LARGEST)).round().astype(int)) for size in rows.shape)
    shown = rows[np.ix_(down, across)]
    squares: dict[int, list[str]] = defaultdict(list)
    for (i, j), level in np.ndenumerate(levels(shown)):
        squares[int(level)].append(f"M{i} {j}h1v1h-1z" if turned else f"M{j} {i}h1v1h-1z")
    paths = "".join(f'<path class="{shade(level)}" d="{"".join(parts)}"/>' for level, parts in sorted(squares.items()))
    width, height = shown.shape if turned else shown.shape[::-1]
    size = max(4, min(14, 896 // max(1, width), 320 // max(1, height)))
    words = (
        f"{' × '.join(map(str, values.shape))} numbers from {number(values.min())} to {number(values.max())}".replace(
            "-", "−"
        )
    )
    if shown.size < rows.size:
        words += f", of which {' × '.join(map(str, shown.shape))} are shown"
    if turned:
        words += "; turned: its rows run from left to right"
    exact = f' data-array="{name}"{" data-turned" * turned}' if shown.size == rows.size else ""
    return (
        f'<svg class="map" role="img" aria-label="heat map of {words}" viewBox="0 0 {width} {height}" width="{width * size}"'
        f' height="{height * size}" preserveAspectRatio="none" shape-rendering="crispEdges"{exact}>{paths}</svg>'
        f'<p class="reading">{words}</p>'
    )
