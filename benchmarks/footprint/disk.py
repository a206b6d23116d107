"""How much is installed: a package, and all that it cannot do without."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import whorl
from benchmarks.report import table
from benchmarks.rounds import figures

PACKAGES = {"PyTorch": ["torch"], "JAX": ["jax"], "Keras on JAX": ["keras", "jax"], "scikit-learn": ["scikit-learn"]}


def closure(names: list[str]) -> dict[str, Distribution]:
    """Return these distributions and all that they require, as far as they are installed."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # for another platform or Python
            continue
        required = (line for line in found[name].requires or [] if "extra ==" not in line)
        waiting += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required]
    return found


def files(each: Distribution) -> int:
    """Return the bytes of a distribution's files."""
    paths = (Path(str(each.locate_file(file))) for file in each.files or [] if not str(file).endswith(".pyc"))
    return sum(path.stat().st_size for path in paths if path.is_file())


def section() -> str:
    """Return the section about disk."""
    own = sum(
        path.stat().st_size
        for path in Path(whorl.__file__).parent.rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    )
    numpy = sum(map(files, closure(["numpy"]).values()))
    rows = [["whorl itself", mega(own), "1"], ["whorl with NumPy", mega(own + numpy), "2"]]
    for title, names in PACKAGES.items():
        found = closure(names)
        if {re.sub(r"[-_.]+", "-", name) for name in names} <= set(found):
            rows.append([title, mega(sum(map(files, found.values()))), str(len(found))])
    return "## Disk\n\nInstalled files with all that is required, NumPy included, without compiled Python.\n\n" + table(
        ["", "MB", "packages"], rows
    )


def mega(size: float) -> str:
    """Write bytes in millions."""
    return figures(size / 1e6)
