"""Text tables."""

import textwrap

NARROWEST = 20
"""The least width that a wrapped column is given."""


class Table(str):
    """A string that the interactive Python prompt shows as ``print`` does, on several lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def align(rows: list[list[str]], right: set[int], width: int | None = None) -> Table:
    """Align rows of cells in columns; the columns numbered in `right` are aligned to the right.

    With a `width`, no line is longer: the last column is wrapped if it is text, and what does not fit even so is cut.

    Examples
    --------
    >>> align([["layer", "parameters"], ["Dense(3)", "9"]], right={1})
    layer     parameters
    Dense(3)           9
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    last = len(widths) - 1
    if width is not None and last not in right:
        widths[last] = min(widths[last], max(NARROWEST, width - sum(widths[:last]) - 2 * last))
        rows = [line for row in rows for line in _wrapped(row, widths[last])]
    lines = [
        "  ".join(
            cell.rjust(size) if i in right else cell.ljust(size)
            for i, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    if width is not None:
        lines = [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
    return Table("\n".join(lines))


def _wrapped(row: list[str], width: int) -> list[list[str]]:
    """Return the row with its last cell on as many lines as it needs."""
    first, *more = textwrap.wrap(row[-1], width) or [""]
    return [[*row[:-1], first], *([*[""] * (len(row) - 1), each] for each in more)]
