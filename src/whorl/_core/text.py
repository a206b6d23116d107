"""Text laid out for reading."""


class Table(str):
    """Text that a Python prompt shows as it is, line by line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def align(rows: list[list[str]], right: set[int]) -> Table:
    """Lay out rows of cells in columns, those numbered in `right` to the right."""
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
