"""Benchmarks of whorl, and of the libraries it is compared with. Most of them write a page of Markdown."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

COMMANDS = {
    "speed": "time of a training step, compared with other libraries; writes docs/benchmarks.md",
    "check": "fail if `fit` has become slower than its limits; takes less than a minute",
    "footprint": "import time, size, memory, latency and growth; writes docs/footprint.md",
    "threads": "from which size on BLAS threads pay; writes benchmarks/threads.md",
    "many": "networks per second, of many small ones at once; writes benchmarks/many.md",
    "estimators": "time of MLPClassifier and MLPRegressor, ours and scikit-learn's; writes benchmarks/estimators.md",
    "serving": "requests per second and latency of `whorl serve`; writes benchmarks/serving.md",
    "playground": "frames per second of `whorl playground`, what they cost training, and memory; writes benchmarks/playground.md",
    "spiral": "accuracy of the recipes for the spiral; writes benchmarks/spiral.md",
    "images": "accuracy of the recipes for MNIST and Fashion-MNIST; writes benchmarks/images.md",
    "tables": "accuracy on public tables, compared with other libraries; writes benchmarks/tables.md",
    "realmlp": "RealMLP of whorl's layers beside that of its authors; writes benchmarks/realmlp.md",
    "ablations": "what each ingredient of the recipe for tables is worth; writes benchmarks/ablations.md",
    "tabm": "networks that share weights beside separate ones, for tables; writes benchmarks/tabm.md",
    "large": "time and memory of the recipe for tables at its limits; writes benchmarks/large.md",
    "stored": "speed and memory on data larger than memory, compared with data in memory; writes benchmarks/stored.md",
    "learning_rate": "suggestions of the learning-rate finder beside a grid of rates; writes benchmarks/learning_rate.md",
    "distributed": "one training on two processes beside one, and the cost of communication; writes benchmarks/distributed.md",
    "doctor": "mistakes that the doctor finds, its advice, and its cost; writes benchmarks/doctor.md",
    "frames": "code between `Model.fit` and the change of a weight: frames, files, functions, lines",
}
"""The modules of this package that are commands, with their help.

Each has OPTIONS, with their defaults; `run(arguments)`, which may return an exit status; and PAGE, if it writes one. Only the one
that is asked for is imported: worker processes import this file too, and some commands set variables before NumPy is loaded.
"""

HELP = {
    "again": "measure again what has been measured",
    "data": "data sets",
    "epochs": "length of a training",
    "fetch": "download what is missing",
    "folder": "directory with the tables, or to write data to",
    "gigabytes": "size of each data set",
    "list": "list the functions that one step enters",
    "methods": "what to measure",
    "minutes": "length of the measurement of memory",
    "networks": "networks to train",
    "output": "directory for the page",
    "parts": "sections to measure",
    "peers": "what to measure; whorl is always included, since the ratios are to it",
    "presets": "recipes",
    "rounds": "measurements of each",
    "seconds": "length of a measurement",
    "seeds": "trainings of each recipe",
    "sessions": "times to restart all processes",
    "splits": "splits of each table",
    "tables": "tables to measure",
}
"""The options of all commands."""


def add_option(parser: argparse.ArgumentParser, name: str, default: Any) -> None:
    """Add an option whose default says what it takes; a positional argument if there is none."""
    kinds: dict[type, dict[str, Any]] = {
        bool: {"action": "store_true"},
        int: {"type": positive(int), "metavar": "N", "help": f"{HELP[name]} [{default}]"},
        float: {"type": positive(float), "metavar": "N", "help": f"{HELP[name]} [{default}]"},
        list: {"nargs": "+", "choices": default, "metavar": "NAME", "help": f"{HELP[name]}: %(choices)s [all]"},
        str: {"metavar": name.upper()},
    }
    option = name if default is None else f"--{name}"
    parser.add_argument(option, default=default, **{"help": HELP[name], **kinds.get(type(default), kinds[str])})


def positive(kind: type[float]) -> Callable[[str], float]:
    """Return a type of argument for argparse: a finite number above 0, an int or a float."""

    def convert(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
        return value

    convert.__name__ = kind.__name__  # argparse shows it in its errors
    return convert


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command, with `run`, its function, and `command`, the line to record on its page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in words[:1]:
            module = import_module(f"benchmarks.{name}")
            command.description = module.__doc__
            command.set_defaults(run=module.run, parser=command)
            options = module.OPTIONS | ({"output": str(module.PAGE.parent)} if hasattr(module, "PAGE") else {})
            for option, default in options.items():
                add_option(command, option, default)
    arguments = parser.parse_args(words)
    arguments.command = command_line(arguments)
    return arguments


def command_line(arguments: argparse.Namespace) -> str:
    """Return the command line: all numbers, which say how much was measured, and the choices that are not the default."""
    parts = [arguments.parser.prog]
    for name, value in vars(arguments).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            parts.append(f"--{name} {value:g}")
        elif isinstance(value, list) and value != arguments.parser.get_default(name):
            parts.append(f"--{name} {' '.join(value)}")
        elif isinstance(value, str) and arguments.parser.get_default(name) is None:
            parts.append(name.upper())  # where the files lie on this machine is of no interest
    return " ".join(parts)


def main(words: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status."""
    arguments = parse(sys.argv[1:] if words is None else words)
    if "output" in arguments:
        Path(arguments.output).mkdir(parents=True, exist_ok=True)
    return arguments.run(arguments) or 0


if __name__ == "__main__":
    sys.exit(main())
