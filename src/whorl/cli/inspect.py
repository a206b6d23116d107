"""``whorl inspect model.npz``: shows what is in it."""

import argparse
from typing import Any

from whorl.cli.arguments import Commands
from whorl.formats import load


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "inspect",
        help="show the layers of a saved network",
        description="Show the layers of a saved network, their shapes and their numbers of parameters.",
        allow_abbrev=False,
    )
    parser.add_argument("model", help="file that whorl train wrote, such as model.npz")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    print(load(arguments.model).summary())
    return 0
