"""The test of a pool of MPI processes needs mpiexec and mpi4py, and is collected only where they are installed."""

from installed_mpi import MISSING, MPIEXEC

collect_ignore = ["test_mpi_pool.py"] if MISSING else []


def pytest_report_header(config):
    return _words()


def pytest_terminal_summary(terminalreporter):
    if MISSING:
        terminalreporter.write_line(_words())


def _words():
    if MISSING:
        return f"no networks are trained by a pool of MPI processes: {' and '.join(MISSING)} not installed"
    return f"networks are trained by a pool of MPI processes, started by {MPIEXEC}"
