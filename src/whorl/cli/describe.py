"""``whorl describe FILE``: what the columns of a file would be to a network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from whorl import tables
from whorl._core.text import align
from whorl.cli import options
from whorl.tables.read import settle_stray


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = "Show the columns of a file as a training would use them: kind, missing values, categories, what is left out and why."
    parser.add_argument("file", metavar="FILE", help="CSV, TSV or Parquet file")
    parser.add_argument("--target", metavar="COLUMN", help="the column to predict")
    parser.add_argument("--ignore", nargs="+", default=[], metavar="NAME", help="columns to leave out")
    parser.add_argument(
        "--stray",
        default="error",
        choices=("error", "missing", "category"),
        help="what text in a column of numbers is: error, missing or category [error]",
    )
    parser.add_argument(
        "--columns", nargs="+", metavar="NAME", help="names of the columns, for a file without a line of names"
    )
    parser.add_argument(
        "--skip", type=options.number(int), default=0, metavar="N", help="lines to leave out at the top of the file [0]"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    given = {"columns": arguments.columns, "skip": arguments.skip}
    if arguments.target is not None:
        table = tables.table(arguments.file, arguments.target, ignore=arguments.ignore, stray=arguments.stray, **given)
        print(table.summary(), *table.frame.remarks(arguments.ignore), sep="\n")
        return 0
    frame = tables.read(arguments.file, **given)
    frame = settle_stray(frame, arguments.stray, [name for name in frame if name not in arguments.ignore])
    preparation = tables.Preparation.learn(frame, ignore=arguments.ignore)
    known = {each.name: each for each in (*preparation.columns, *preparation.excluded)}
    rows = [["column", "kind", "missing", ""]]
    rows += [[name, each.kind, f"{frame.missing(name).sum():,}", each.describe(frame)] for name, each in known.items()]
    print(align([rows[0], *sorted(rows[1:], key=lambda row: list(frame).index(row[0]))], right={2}))
    print(f"{len(frame):,} rows, {len(preparation.feature_names)} features", *frame.remarks(arguments.ignore), sep="\n")
    return 0
