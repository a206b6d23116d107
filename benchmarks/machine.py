"""Where and with what it was measured."""

import datetime as dt
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ["whorl", "numpy", "numba", "torch", "jax", "jaxlib", "keras", "scikit-learn"]
THREADS = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS"]


def processor() -> str:
    """Return the model of the processor, as far as the system says."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def versions() -> list[str]:
    """Return name and version of each package that is installed."""
    lines = []
    for name in PACKAGES:
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return lines


def described() -> str:
    """Return a paragraph for the pages: processor, cores, versions, the date."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    settings = ", ".join(threads) or "as many threads as each library takes by itself"
    load = f"the load average was {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else "load unknown"
    today = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"Measured on {today} on {processor()}, {cores} cores, {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}; {', '.join(versions())}; {settings}; {load}."
    )
