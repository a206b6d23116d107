"""Studies in a database: these tests need PostgreSQL, as Debian's package ``postgresql`` installs it, and are collected only where it is."""

import pytest
from postgresql import BINARIES, MISSING, server

collect_ignore = ["test_studies_in_databases.py"] if MISSING else []


def pytest_report_header(config):
    return _words()


def pytest_terminal_summary(terminalreporter):
    if MISSING:
        terminalreporter.write_line(_words())


def _words():
    if MISSING:
        return f"no study is kept in PostgreSQL: {' and '.join(MISSING)} not installed"
    return f"studies are kept in a PostgreSQL of {BINARIES}"


@pytest.fixture(scope="session")
def postgresql():
    with server() as running:
        yield running
