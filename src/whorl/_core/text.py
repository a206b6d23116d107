"""Text tables."""


class Table(str):
    """A string that the interactive Python prompt shows as ``print`` does, on several lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def align(rows: list[list[str]], right: set[int]) -> Table:
    """Align rows of cells in columns; the columns numbered in `right` are aligned to the right.

    Examples
    --------
    >>> align([["layer", "parameters"], ["Dense(3)", "9"]], right={1})
    layer     parameters
    Dense(3)           9
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return Table(
        "\n".join(
            "  ".join(
                cell.rjust(width) if i in right else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )
    )
