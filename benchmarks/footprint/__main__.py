"""Measure what whorl weighs: import, disk, memory, latency, whole commands, and growth. Writes `docs/footprint.md`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.arguments import add_measuring
from benchmarks.footprint import disk, growth, latency, memory, start
from benchmarks.worker import ROOT, PeerError

SECTIONS: dict[str, Callable[[int, float], str]] = {
    "import": lambda rounds, _: start.imports(rounds),
    "disk": lambda _, __: disk.section(),
    "memory": lambda _, __: memory.section(),
    "predict": latency.section,
    "shell": lambda rounds, _: start.commands(rounds),
    "rows": lambda rounds, _: growth.rows_section(max(1, rounds // 3)),
    "shape": growth.shape_section,
}
"""The parts of the page, by name: each takes the number of rounds and the seconds of a measurement."""


def page(sections: Sequence[str], command: str) -> str:
    """Return the whole page."""
    head = f"Written by `{command}`; do not edit. {machine.described()}"
    how = "Figures are medians, with the quartiles in brackets where there are several; processes and peers take turns."
    again = "`pip install --editable . --group benchmarks` installs everybody who is compared here."
    return "\n\n".join(["# What whorl weighs", head, f"{how} {again}", *sections]) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument(
        "--parts", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="NAME", help=", ".join(SECTIONS)
    )
    add_measuring(parser, rounds=9, seconds=0.2)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", metavar="DIRECTORY", help="where to write the page [docs]"
    )
    arguments = parser.parse_args(argv)
    sections = []
    for name in arguments.parts:
        try:
            sections.append(SECTIONS[name](arguments.rounds, arguments.seconds))
        except (PeerError, RuntimeError) as error:  # what was measured before is not to be lost
            sections.append(f"## Not measured: {name}\n\n{error}")
        print(f"\n{sections[-1]}", flush=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / "footprint.md"
    path.write_text(page(sections, f"python -m benchmarks.footprint --rounds {arguments.rounds}"), encoding="utf-8")
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
