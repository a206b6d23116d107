"""Fresh processes to measure in. This file imports no NumPy, so that variables can be set before NumPy reads them."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from benchmarks import page

ROOT = Path(__file__).parents[1]


def fresh(environment: Mapping[str, str]) -> ProcessPoolExecutor:
    """Return a fresh Python process, with these environment variables, to call functions in one after the other."""
    return ProcessPoolExecutor(1, get_context("spawn"), start, (dict(environment),))


def start(environment: Mapping[str, str]) -> None:
    """Prepare the process: set its variables, and let what it prints go to stderr."""
    os.environ.update(environment)
    os.dup2(2, 1)


def run(words: Sequence[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> float:
    """Run Python with these arguments, and return the seconds it took.

    Raises
    ------
    RuntimeError
        If it fails, with the end of its error output.
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
    return seconds


class Server(NamedTuple):
    """A server that runs: its address, and the number of its process."""

    url: str
    process: int


@contextmanager
def server(*words: str) -> Iterator[Server]:
    """Run a module as a server, in a process of its own with one thread for matrix products; its first line has its address."""
    environment = {**os.environ, **dict.fromkeys(page.THREADS[:3], "1")}
    with subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r" at (http://\S+)", process.stdout.readline())
            if found is None:
                raise RuntimeError(f"{' '.join(words)} did not start")
            yield Server(found[1], process.pid)
        finally:
            process.terminate()


def peak() -> int:
    """Return the largest amount of memory, in bytes, that this process has held so far.

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
