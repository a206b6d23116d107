"""The measurements: one line of JSON for each method, table and split."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Line = dict[str, Any]
"""``{"table": "adult", "method": "lightgbm", "seed": 10, "with": "lightgbm 4.7.0", "accuracy": 0.87, …, "seconds": 1.2}``"""


def load(path: Path) -> list[Line]:
    """Return the lines of a file; none if there is no file."""
    return list(map(json.loads, path.read_text(encoding="utf-8").splitlines())) if path.exists() else []


def save(path: Path, lines: Iterable[Line]) -> None:
    """Write the lines of a file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def append(path: Path, line: Line) -> None:
    """Add a line to a file, with five digits of each score."""
    rounded = {name: float(f"{value:.5g}") if isinstance(value, float) else value for name, value in line.items()}
    text = json.dumps(rounded)
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    print(text, flush=True)


def forget(path: Path, unwanted: Callable[[Line], bool]) -> None:
    """Remove lines from a file."""
    lines = load(path)
    kept = [line for line in lines if not unwanted(line)]
    if len(kept) < len(lines):
        save(path, kept)
