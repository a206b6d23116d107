"""The page `docs/comparison.md`, from the tables in `tests/docs/features`.

``python tests/docs/comparison.py`` writes it.
"""

import tomllib
from itertools import count
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "comparison.md"
FOLDER = Path(__file__).parent / "features"
LIBRARIES = tomllib.loads((FOLDER / "libraries.toml").read_text(encoding="utf-8"))
COLUMNS = {name: each for name, each in LIBRARIES.items() if isinstance(each, dict)}


class Cell(NamedTuple):
    """What a library has of a feature, and how that was checked: see `comparison_checks`."""

    says: str
    evidence: tuple[str, ...]


class Feature(NamedTuple):
    """A row: facts are numbers and names instead of yes and no."""

    name: str
    cells: dict[str, Cell]
    note: str | None
    facts: bool


def read_feature(row):
    cells = {library: Cell(row[library][0], tuple(row[library][1:])) for library in COLUMNS}
    return Feature(row["name"], cells, row.get("note"), row.get("facts", False))


def read_groups():
    """Return the features of each group, by its title, in the order of the files."""
    groups = {}
    for path in sorted(FOLDER.glob("[0-9]*.toml")):
        group = tomllib.loads(path.read_text(encoding="utf-8"))
        groups[group["title"]] = [read_feature(row) for row in group["feature"]]
    return groups


def table(head, rows):
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def render():
    """Return the page."""
    notes, number = [], count(1)
    lines = [LIBRARIES["introduction"].strip(), "", "## Versions", "", LIBRARIES["versions"].strip(), ""]
    about = ("version", "released", "python", "licence")
    rows = [[each["name"], *(each[what] for what in about)] for each in COLUMNS.values()]
    lines += table(["", "version", "of", "Python", "licence"], rows)
    for title, features in read_groups().items():
        lines += [f"## {title}", ""]
        rows = []
        for each in features:
            name = each.name
            if each.note:
                mark = next(number)
                notes.append(f"{mark}. {each.note}")
                name += f" <sup>{mark}</sup>"
            rows.append([name, *(each.cells[library].says for library in COLUMNS)])
        lines += table(["", *(each["short"] for each in COLUMNS.values())], rows)
    lines += ["## Notes", "", *notes, "", LIBRARIES["method"].strip()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
