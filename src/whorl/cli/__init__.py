"""The ``whorl`` command."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence

import whorl
from whorl._core.hints import did_you_mean, similar
from whorl.cli import (
    check,
    compare,
    describe,
    doctor,
    evaluate,
    explain,
    export,
    inspect,
    playground,
    predict,
    schedule,
    serve,
    sweep,
    train,
    warm_up,
)

COMMANDS = {
    "train": (train, "train a network; save it, with a picture"),
    "sweep": (sweep, "search for good settings, then train with them"),
    "compare": (compare, "tell which settings of trainings differ, and what that changes"),
    "evaluate": (evaluate, "measure a saved network on new data"),
    "explain": (explain, "show every number of a training step"),
    "predict": (predict, "predict the rows of a file with a saved network"),
    "playground": (playground, "train in a page of the browser, and see every number"),
    "serve": (serve, "answer requests for predictions over HTTP"),
    "describe": (describe, "show what the columns of a file would be to a network"),
    "export": (export, "write a saved network as ONNX, Python, C or safetensors"),
    "inspect": (inspect, "show the layers of a saved network"),
    "check": (check, "compare the gradients of a saved network with finite differences"),
    "doctor": (doctor, "say what is wrong with a training, and what to try"),
    "schedule": (schedule, "show learning rates over time, side by side"),
    "warm-up": (warm_up, "compile the kernels of the extra whorl[fast]"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, or 1 if `check` finds a mistake, or 2 after an error, or 130 after Ctrl-C."""
    if sys.stdout is None:  # closed by the program that started this one
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    words = list(sys.argv[1:] if argv is None else argv)
    name = f"whorl {words[0]}" if words and words[0] in COMMANDS else "whorl"
    try:
        code = _run(name, words)
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(f"{name}: interrupted", *interrupt.args, sep="; ", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the program that read the output has ended, as `head` does
        _drop_output()
        return 141
    except (ValueError, TypeError, OSError, ArithmeticError, MemoryError, ImportError) as error:
        print(f"{name}: error: {_message(error)}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk: Python would report it once more when it ends
            _drop_output()
        return 2
    return code


def _message(error: Exception) -> str:
    """Return the message of an error, with its notes; that of the system in words, without its number."""
    if not isinstance(error, OSError) or error.filename is None:
        return "\n".join([str(error), *getattr(error, "__notes__", [])])
    name = repr(str(error.filename))
    return f"there is no file {name}" if isinstance(error, FileNotFoundError) else f"{error.strerror}: {name}"


def _run(name: str, words: Sequence[str]) -> int:
    """Run a command line; `name` is that of its parser."""
    if not words:
        _top().print_help()
        return 0
    if words[0].startswith("-"):
        _top().parse_args(words)
    if words[0] not in COMMANDS:
        hint = similar(words[0], COMMANDS)
        raise ValueError(f"there is no command {words[0]!r}{hint}; there are {', '.join(COMMANDS)}")
    module, _ = COMMANDS[words[0]]
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    module.add_arguments(parser, words[1:])
    arguments, unknown = parser.parse_known_args(words[1:])
    if unknown:
        known = [each.replace("-", "_") for each in re.findall(r"--([\w-]+)", parser.format_help())]
        word = unknown[0].partition("=")[0].lstrip("-").replace("-", "_")
        hint = did_you_mean(word, known, "--{}").replace("_", "-")
        hint = hint if "did you mean" in hint else ""
        raise ValueError(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return int(module.run(arguments))


def _top() -> argparse.ArgumentParser:
    """Return the parser for the help and the version."""
    top = argparse.ArgumentParser(
        prog="whorl",
        description="Train small neural networks, from scratch, on NumPy alone.",
        epilog="Start with: whorl train spiral",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"whorl {whorl.__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name, (_, summary) in COMMANDS.items():
        commands.add_parser(name, help=summary)
    return top


def _drop_output() -> None:
    """Discard what is still to be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
