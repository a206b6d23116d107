"""Measure import time, installed size, memory, latency, whole commands, and growth. Writes `docs/footprint.md`."""

import argparse
from collections.abc import Callable

from benchmarks import page
from benchmarks.footprint import installed, running
from benchmarks.processes import ROOT

PAGE = ROOT / "docs" / "footprint.md"
SECTIONS: dict[str, Callable[[argparse.Namespace], str]] = {
    "import": installed.imports,
    "disk": installed.size,
    "memory": running.memory,
    "predict": running.predictions,
    "shell": installed.commands,
    "rows": running.more_rows,
    "shape": running.other_shapes,
}
"""The sections of the page: each takes the arguments, with rounds and seconds, and returns its text."""

OPTIONS = {"parts": list(SECTIONS), "rounds": 9, "seconds": 0.2}


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    sections = []
    for name in arguments.parts:
        print(f"measuring {name}", flush=True)
        try:
            sections.append(SECTIONS[name](arguments))
        except Exception as error:  # noqa: BLE001  # whatever it is, keep what was measured before
            sections.append(f"## Not measured: {name}\n\n{type(error).__name__}: {error}")
    page.write(PAGE, arguments, *sections)
