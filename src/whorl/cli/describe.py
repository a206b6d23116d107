"""``whorl describe FILE``: what the columns of a file would be to a network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from whorl.cli import options
from whorl.cli.console import show_table
from whorl.recipes.data import TableFile
from whorl.tables import Preparation, read
from whorl.tables.read import check_columns, settle_stray


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = "Show the columns of a file as a training would use them: kind, missing values, categories, what is left out and why."
    parser.add_argument("file", metavar="FILE", help="CSV, TSV or Parquet file")
    options.add(parser, "how to use the file", TableFile(), without=["file"])


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    data = options.given(TableFile(), arguments)
    if data.target:
        table = data.load()
        frame, preparation, total = table.frame, table.preparation, table.caption
    else:
        frame = read(data.file, columns=data.columns, skip=data.skip)
        check_columns(frame, None, ignore=data.ignore, use=data.use)
        frame = settle_stray(frame, data.stray, [name for name in frame if name not in data.ignore])
        preparation = Preparation.learn(frame, ignore=data.ignore, use=data.use)
        total = f"{len(frame):,} rows, {len(preparation.feature_names)} features"
    show_table(preparation.describe(frame), right={2})
    print(total, *frame.remarks(data.ignore), sep="\n")
    return 0
