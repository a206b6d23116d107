"""The public tables of the benchmark: where each comes from, its checksum, how to read it, and what to predict."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class PublicTable:
    """One section of `registry.toml`.

    Attributes
    ----------
    name : str
        The section's name, for the command line and the results.
    title : str
        The name on the page.
    file : str
        Path inside the directory with the tables.
    sha256 : str
        Checksum of the file.
    target : str
        The column to predict.
    rows, features : int
        Without those that `read` drops.
    classes : int
        0 for a regression.
    url : str
        Address of the file on the web; empty if a package has it.
    package, member : str
        A wheel on PyPI, as ``NAME==VERSION``, and the path of the file inside it.
    names : tuple of str
        The columns, if the file has no header. In `registry.toml` they are separated by spaces, and x1-x3 is x1 x2 x3.
    delimiter : str
        What separates the cells; ``"space"`` is any white space. A file that ends in ``.xlsx`` needs none: its first sheet is read.
    drop : tuple of str
        Columns that no method gets: names and numbers of rows, and what is computed from the target.
    """

    name: str
    title: str
    file: str
    sha256: str
    target: str
    rows: int
    features: int
    classes: int = 0
    url: str = ""
    package: str = ""
    member: str = ""
    names: tuple[str, ...] = ()
    delimiter: str = ","
    drop: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """Return "classification" or "regression"."""
        return "classification" if self.classes else "regression"


def expand(names: str) -> tuple[str, ...]:
    """Return the single names: ``"x1-x3 class"`` is x1, x2, x3 and class."""
    found: list[str] = []
    for name in names.split():
        first, dash, last = name.partition("-x")
        if dash and first[:1] == "x" and first[1:].isdigit() and last.isdigit():
            found += [f"x{i}" for i in range(int(first[1:]), int(last) + 1)]
        else:
            found.append(name)
    return tuple(found)


def load(path: Path = Path(__file__).with_name("registry.toml")) -> tuple[PublicTable, ...]:
    """Return the tables of a file, in its order."""
    sections: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    for section in sections.values():
        section["names"] = expand(section.get("names", ""))
        section["drop"] = tuple(section.get("drop", ()))
    return tuple(PublicTable(name=name, **section) for name, section in sections.items())


TABLES = load()
