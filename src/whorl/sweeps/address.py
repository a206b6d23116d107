"""Addresses of databases: ``dialect://user:password@host/database#study``."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec

NAME = "whorl"
"""The name of a study, if the address has none."""

DRIVERS = {
    "postgresql": ({"psycopg": "psycopg", "psycopg2": "psycopg2"}, "psycopg[binary]"),
    "mysql": ({"MySQLdb": "mysqldb", "pymysql": "pymysql"}, "pymysql"),
    "mariadb": ({"MySQLdb": "mysqldb", "pymysql": "pymysql"}, "pymysql"),
}
"""For each dialect: the modules that may be installed, with SQLAlchemy's names for them, and the package to install."""


def is_address(study: str | os.PathLike[str] | None) -> bool:
    """Return whether a study is in a database, and not in a file."""
    return isinstance(study, str) and re.match(r"[a-z]\w*(\+\w+)?://", study) is not None


def masked(study: str | os.PathLike[str]) -> str:
    """Return a study to show: a file, or an address without its password.

    Examples
    --------
    >>> masked("postgresql://ann:secret@db.example.org/sweeps?sslpassword=secret#spiral")
    'postgresql://ann:***@db.example.org/sweeps?sslpassword=***#spiral'
    >>> masked("model.study.log")
    'model.study.log'
    """
    text = os.fspath(study)
    if not is_address(text):
        return text
    text = re.sub(r"^(\S+?://[^:/@]*):.*@", r"\1:***@", text)
    return re.sub(r"(?i)(pass\w*)=[^&#]*", r"\1=***", text)


def divided(address: str) -> tuple[str, str]:
    """Return the address of a database as SQLAlchemy takes it, with an installed driver, and the name of the study.

    Raises
    ------
    ImportError
        If no driver is installed.

    Examples
    --------
    >>> divided("sqlite:///sweeps.db#spiral")
    ('sqlite:///sweeps.db', 'spiral')
    """
    before, at, after = address.rpartition("@")  # a password may have any character
    after, _, name = after.partition("#")
    address = before + at + after
    dialect, _, rest = address.partition("://")
    dialect = {"postgres": "postgresql"}.get(dialect, dialect)
    if dialect in DRIVERS:
        known, _ = DRIVERS[dialect]
        found = next((driver for module, driver in known.items() if find_spec(module) is not None), None)
        if found is None:
            raise ImportError(needed(dialect))
        dialect = f"{dialect}+{found}"
    return f"{dialect}://{rest}", name or NAME


def needed(dialect: str) -> str:
    """Return in words what a dialect needs."""
    package = DRIVERS.get(dialect.partition("+")[0], ({}, "its driver"))[1]
    return f'a study in a database of {dialect} needs a driver: pip install "whorl[sweep]" "{package}"'
