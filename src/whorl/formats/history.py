"""A history as a file that spreadsheets and data frames read."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING

from whorl._core.files import replacing

if TYPE_CHECKING:
    from whorl.training import History


def save(history: History, path: str | os.PathLike[str]) -> None:
    """Write a line for each epoch: see `History.save`."""
    ending = os.path.splitext(os.fspath(path))[1]
    rows = [{"epoch": e.number, "seconds": e.seconds, **e.values} for e in history.epochs]
    if ending == ".jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    elif ending == ".csv":
        file = io.StringIO()
        writer = csv.DictWriter(file, ["epoch", "seconds", *history], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = file.getvalue()
    else:
        raise ValueError(f"path must end in .csv or .jsonl, got {os.fspath(path)!r}")
    with replacing(path) as target:
        target.write(text.encode())
