"""The evidence in `tests/docs/features`, checked with the libraries themselves.

``python -m tests.docs.comparison_checks`` checks the columns of those that are installed here in the version of the table; ``… keras`` checks
one. No environment holds all of them: fastai, for one, needs an older thinc. Each piece of evidence is one of

- ``keras.layers.Dropout``: a name that can be imported, or ``keras.Model.fit(class_weight=)``, an argument of a function;
- ``missing: whorl.layers.Conv2d``: a name that cannot;
- ``absent: lbfgs``: a pattern that is nowhere in the sources of the library, or ``absent: lbfgs in keras/src/optimizers``;
- ``file: fastai/distributed.py``: a file of an installed package, for names that need one more package to be imported;
- ``shows: same_bits("keras")``: an expression of the functions in `comparison_trials` that is true;
- ``page: ADDRESS``: a page that was read, and ``measured: COMMAND``, which gave the number: nothing checks these here.
"""

import importlib
import inspect
import re
import sys
import warnings
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
from tests.docs import comparison_trials
from tests.docs.comparison import COLUMNS, read_groups

TESTS = re.compile(r"(^|/)(tests?|testing|autogen|demos|_vendor)/|_test\.py$|conftest\.py$")
ARGUMENT = re.compile(r"([\w.]+)\((\w+)=\)")


def exists(name):
    """Tell whether a dotted name can be imported, or a function has an argument: ``"package.function(argument=)"``."""
    if match := ARGUMENT.fullmatch(name):
        function = resolve(match[1])
        return match[2] in inspect.signature(function).parameters
    try:
        resolve(name)
    except (ImportError, AttributeError):
        return False
    return True


def resolve(name):
    """Return what a dotted name means, importing no more than its modules."""
    parts = name.split(".")
    value = importlib.import_module(parts[0])
    for i, part in enumerate(parts[1:], 1):
        if not hasattr(value, part):
            importlib.import_module(".".join(parts[: i + 1]))
        value = getattr(value, part)
    return value


@cache
def sources(folder):
    """Return the text of the Python files in a folder or file of an installed package, by path, without its tests."""
    package, _, inner = folder.partition("/")
    root = Path(importlib.util.find_spec(package).origin).parent
    place = root / inner
    paths = [place] if place.is_file() else place.rglob("*.py")
    texts = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if not TESTS.search(str(path.relative_to(root)))
    }
    assert texts, folder
    return texts


def is_absent(pattern, folders):
    find = re.compile(pattern, re.IGNORECASE).search
    return not any(find(text) for folder in folders for text in sources(folder).values())


def holds(evidence, library):
    """Tell whether a piece of evidence is right; None if only a reader can tell."""
    kind, _, rest = evidence.partition(": ")
    if kind in ("page", "measured"):
        return None
    if kind == "missing":
        return not exists(rest)
    if kind == "file":
        package, _, inner = rest.partition("/")
        return (Path(importlib.util.find_spec(package).origin).parent / inner).is_file()
    if kind == "absent":
        pattern, _, folder = rest.partition(" in ")
        return is_absent(pattern, [folder] if folder else COLUMNS[library]["sources"])
    if kind == "shows":
        with np.errstate(all="ignore"):  # emlearn makes NumPy raise errors for everybody
            return eval(rest, vars(comparison_trials)) is True
    return exists(evidence)


def is_installed(library):
    """Tell whether the versions in the table are those that are installed here."""
    try:
        return all(metadata.version(name).startswith(of) for name, of in COLUMNS[library]["installed"].items())
    except metadata.PackageNotFoundError:
        return False


def check(library):
    """Print the evidence for a column that does not hold or cannot be checked; return whether the rest holds."""
    right = wrong = 0
    for feature in (feature for features in read_groups().values() for feature in features):
        for evidence in feature.cells[library].evidence:
            try:
                verdict, reason = holds(evidence, library), ""
            except Exception as error:  # noqa: BLE001  # whatever it is, the evidence does not hold
                verdict, reason = False, f": {type(error).__name__}: {error}"
            right += verdict is True
            wrong += verdict is False
            if not verdict:
                word = "not checked" if verdict is None else "wrong"
                print(f"{word}: {library}, {feature.name}: {evidence}{reason}")
    print(f"{library}: {right} pieces of evidence hold, {wrong} do not")
    return not wrong


def main():
    warnings.simplefilter("ignore")
    asked = sys.argv[1:] or [library for library in COLUMNS if library != "whorl" and is_installed(library)]
    wrong = [library for library in asked if not check(library)]
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
