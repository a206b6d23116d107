"""A trace as text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from whorl._core.types import Array
from whorl.glassbox.tracing import rendering
from whorl.glassbox.tracing.notebook import Section, TracedArray

ROWS, COLUMNS = 6, 8
"""The most rows and columns of an array that are printed."""
WIDTH = 100

STAGES = {
    "forward": "Forward: from the input to the prediction",
    "loss": "Loss: how wrong the prediction is",
    "backward": "Backward: the gradient of the loss, from the prediction to the input",
    "update": "Update: the step that the optimizer takes",
}


def number(value: float) -> str:
    """Return a number with four digits.

    Examples
    --------
    >>> [number(each) for each in (0.0, 1.0, -0.123456, 1234567.0, 1e-9)]
    ['0', '1', '-0.1235', '1.235e+06', '1e-09']
    """
    return f"{value:.4g}"


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


def heading(array: TracedArray) -> str:
    """Return the name of an array and its formula, or where it comes from, and the numbers in the formula."""
    name = rendering.symbol(array.name)
    if not array.formula:
        return f"{name}  {array.note}"
    given = [f"{rendering.symbol(key)} = {setting(value)}" for key, value in array.settings.items()]
    note = f"  ({array.note})" if array.note else ""
    return f"{name} = {rendering.text(array.formula)}{note}" + (f"   with {', '.join(given)}" if given else "")


def setting(value: object) -> str:
    """Return a number, or a list of columns, as text."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def array_lines(array: TracedArray) -> list[str]:
    """Return the lines for an array: its formula and shape, and its numbers."""
    title, shape = heading(array), str(array.values.shape)
    if array.values.ndim == 0:
        return [
            f"  {title} = {number(float(array.values))}"
            if not array.formula
            else f"  {title}  =  {number(float(array.values))}"
        ]
    cells = table(array.values)
    widths = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
    lines = ["  ".join(cell.rjust(size) for cell, size in zip(row, widths, strict=True)) for row in cells]
    gap = max(2, WIDTH - 2 - len(title) - len(shape))
    return [f"  {title}{' ' * gap}{shape}", *(f"      {line}" for line in lines)]


def sections_text(sections: Sequence[Section], arrays: dict[str, TracedArray]) -> str:
    """Return the sections as text; an array is printed where it is computed."""
    lines, stage, printed = [], "", set[str]()
    for section in sections:
        if section.stage != stage:
            stage = section.stage
            lines += ["", STAGES[stage], "=" * len(STAGES[stage])]
        page = f"docs/theory/{section.page}" if section.page else ""
        lines += ["", f"{section.title}    {page}".rstrip()]
        for name in section.names:
            if name not in printed:
                lines += array_lines(arrays[name])
            printed.add(name)
    return "\n".join(lines)
