"""Fresh processes, and what they take."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.worker import ROOT


def run(words: Sequence[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Run Python with these words in a process of its own; return the seconds it took, and what it printed.

    Raises
    ------
    RuntimeError
        If it fails, with the end of what it said.
    """
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"python {' '.join(words)} failed: {done.stderr.strip()[-300:]}")
    return seconds, done.stdout


def seconds(
    words: Sequence[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Callable[[], float]:
    """Return a measurement of such a process, after a first run that leaves everything compiled and in the file cache."""
    run(words, cwd=cwd, environment=environment)
    return lambda: run(words, cwd=cwd, environment=environment)[0]


def peak() -> int:
    """Return the most bytes of memory that this process has held so far.

    On Linux from /proc: `ru_maxrss` there begins with what the parent held when it forked.
    """
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
