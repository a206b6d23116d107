"""The ``whorl`` command."""

import argparse
import os
import sys
from collections.abc import Sequence

import whorl
from whorl.cli import evaluate, inspect, predict, schedule, train


def parser() -> argparse.ArgumentParser:
    """Return the command's parser; each subcommand adds its own part, and the function that runs it."""
    top = argparse.ArgumentParser(
        prog="whorl",
        description="Train small neural networks, from scratch, on NumPy alone.",
        epilog="Start with: whorl train spiral",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"whorl {whorl.__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for room in (train, evaluate, predict, inspect, schedule):
        room.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, or 2 after an error, or 130 after Ctrl-C."""
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = parser().parse_args(train.spelled_out(words))
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(f"whorl {words[0]}: interrupted", *interrupt.args, sep="; ", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has gone, as `head` does
        _drop_output()
        return 141
    except (ValueError, TypeError, OSError, ArithmeticError, MemoryError) as error:
        print(f"whorl {words[0]}: error: {error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk: Python would complain once more when it ends
            _drop_output()
        return 2
    return code


def _drop_output() -> None:
    """Send what is still to be written nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
