"""What the command lines share."""

import argparse
import math
from collections.abc import Callable


def positive(kind: type[float]) -> Callable[[str], float]:
    """Return a type of argument for argparse: a finite number above 0, an int or a float."""

    def convert(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
        return value

    convert.__name__ = kind.__name__  # what argparse calls it in its errors
    return convert


def add_measuring(parser: argparse.ArgumentParser, rounds: int, seconds: float) -> None:
    """Add the options that say how long to measure."""
    parser.add_argument(
        "--rounds", type=positive(int), default=rounds, metavar="N", help=f"measurements of each [{rounds}]"
    )
    parser.add_argument(
        "--seconds", type=positive(float), default=seconds, metavar="S", help=f"length of one [{seconds}]"
    )
