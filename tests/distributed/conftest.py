"""Training in several processes: these tests start mpiexec, and are collected only where it and mpi4py are installed."""

import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def mpiexec():
    """The path of mpiexec, the one beside this Python first; None if there is none."""
    return shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")


@cache
def open_mpi():
    """Whether mpiexec is Open MPI's, whose fault tolerance the tests use."""
    given = subprocess.run([mpiexec(), "--version"], capture_output=True, text=True, check=False).stdout
    return "Open MPI" in given or "OpenRTE" in given


MISSING = ["mpi4py"] * (find_spec("mpi4py") is None) + ["mpiexec"] * (mpiexec() is None)
collect_ignore_glob = ["test_mpi_*.py"] if MISSING else []
COMPILED = find_spec("numba") is not None
LEFT_OUT = bool(MISSING) or not open_mpi()
collect_ignore = ["equal_results.py", "agreements.py", "failures.py", "ends.py"]  # run by mpiexec
collect_ignore += ["test_mpi_lost_processes.py"] if LEFT_OUT else []
collect_ignore += [] if COMPILED else ["test_mpi_compiled.py"]


def pytest_report_header(config):
    return _words()


def pytest_terminal_summary(terminalreporter):
    if LEFT_OUT or not COMPILED:
        terminalreporter.write_line(_words())


def _words():
    if MISSING:
        return f"no training on several processes: {' and '.join(MISSING)} not installed; the extra whorl[mpi] has them"
    kept = "" if open_mpi() else ", and none is killed: it is not Open MPI's"
    kept += "" if COMPILED else ", and none is compiled: Numba is not installed"
    return f"several processes are started by {mpiexec()}{kept}"


@pytest.fixture(scope="session")
def start():
    """Start Python in several processes, with a script of this directory or a module; return what it prints, line by line in any order."""
    crowded = ["--oversubscribe", "--allow-run-as-root"] if open_mpi() else []

    def run(*words, processes, options=(), status=0):
        words = [str(HERE / word) if word.endswith(".py") else word for word in words]
        line = [mpiexec(), *crowded, *options, "-n", str(processes), sys.executable, *words]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False, timeout=100)
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done.stdout.splitlines() + done.stderr.splitlines()

    return run
