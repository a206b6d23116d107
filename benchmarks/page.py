"""Pages of Markdown: text written by hand, around one part that holds what was measured."""

import argparse
import datetime as dt
import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

BEGIN, END = "<!-- measured: written by the command -->", "<!-- end of what was measured -->"
PACKAGES = [
    *("whorl", "numpy", "numba", "torch", "jax", "jaxlib", "keras"),
    *("scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "catboost", "pytabkit"),
    *("uvicorn", "starlette", "fastapi"),
]
THREADS = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS"]


def write(page: Path, arguments: argparse.Namespace, *parts: str) -> None:
    """Put the parts into a page, in place of what was measured before, with the command line and the machine.

    Parameters
    ----------
    page : Path
        The page in this repository, whose text around the measured part is taken.
    arguments : Namespace
        Its `output` is the directory to write to, `command` the command line.
    *parts : str
        Paragraphs, headings and tables.
    """
    measured = "\n\n".join([f"Written by `{arguments.command}`. {machine()}", *parts])
    print(measured)
    text = page.read_text(encoding="utf-8")
    if (text.count(BEGIN), text.count(END)) != (1, 1):
        raise ValueError(f"{page} must have {BEGIN!r} and {END!r} once")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path = Path(arguments.output, page.name)
    path.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}", encoding="utf-8")
    print(f"\nwrote {path}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def section(title: str, text: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a heading, a paragraph and a table."""
    return f"## {title}\n\n{text}\n\n{table(head, rows)}"


def machine() -> str:
    """Return a paragraph that says when, where and with what it was measured: processor, cores, versions, threads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    settings = ", ".join(threads) or "default numbers of threads"
    load = f"load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else "load unknown"
    installed = {each.name: each.version for each in distributions()}
    versions = [f"{name} {installed[name]}" for name in PACKAGES if name in installed]
    today = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"Measured on {today} on {processor()}, {cores} cores, {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}; {', '.join(versions)}; {settings}; {load}."
    )


def processor() -> str:
    """Return the model of the processor, if the system tells."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()
