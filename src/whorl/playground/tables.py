"""CSV files that a page uploads. They are kept in memory, and never written to a file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from whorl.playground.limits import COLUMNS, ROWS
from whorl.tables import Frame
from whorl.tables.csv_reader import frame, split_rows
from whorl.tables.kinds import choose_encoding


@dataclass(frozen=True, eq=False)
class Upload:
    """A CSV file.

    Parameters
    ----------
    name : str
        The name of the file, for error messages.
    text : str
        All of it.
    digest : str
        The SHA-256 of the text in UTF-8, in hexadecimal digits.
    frame : Frame
        Its columns.
    """

    name: str
    text: str
    digest: str
    frame: Frame

    @classmethod
    def read(cls, name: str, text: str) -> Upload:
        """Read the text of a CSV file; raise ValueError if it is malformed or too large."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
        return cls(name, text, digest, frame(name, _limited(name, split_rows(name, lines))))

    def columns(self) -> list[dict[str, Any]]:
        """Return the name of each column, its kind, and its numbers of missing and of different values."""
        return [
            {
                "name": name,
                "kind": choose_encoding(self.frame, name, use=True).kind,
                "missing": int(self.frame.missing(name).sum()),
                "values": len(self.frame.counts(name)),
            }
            for name in self.frame
        ]


def _limited(name: str, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows; raise ValueError if there are too many rows or columns."""
    for i, (line, row) in enumerate(rows):
        if len(row) > COLUMNS:
            raise ValueError(f"{name} has {len(row):,} columns; there can be at most {COLUMNS}")
        if i > ROWS:
            raise ValueError(f"{name} has more than {ROWS:,} rows")
        yield line, row
