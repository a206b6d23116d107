"""``whorl warm-up``: compile the kernels now, and not when the first network is trained."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from whorl._core.validation import float_type
from whorl.engine import warm_up


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Compile all kernels of the extra whorl[fast], and keep them in a directory, for all later processes of this user on this"
        " machine: when building a container, for example. Without it, each kernel is compiled when it is first used."
    )
    parser.add_argument("--dtype", default="float32", metavar="TYPE", help="float32 or float64 [float32]")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    dtype = float_type("--dtype", arguments.dtype)
    begun = time.perf_counter()
    count, directory = warm_up(dtype)
    print(f"{count} kernels for {dtype} are in {directory} ({time.perf_counter() - begun:.1f} s)")
    return 0
