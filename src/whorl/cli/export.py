"""``whorl export model.npz --to onnx``: write a saved network in another format."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from whorl import formats
from whorl.formats import load
from whorl.model import Model


class Format(NamedTuple):
    """A format, by what writes it and by the ending of its files."""

    write: Callable[[Model, Path], None]
    ending: str


FORMATS: Mapping[str, Format] = {
    "onnx": Format(formats.save_onnx, ".onnx"),
    "python": Format(formats.save_python, ".py"),
    "c": Format(formats.save_c, ".c"),
    "safetensors": Format(formats.save_safetensors, ".safetensors"),
    "npz": Format(Model.save, ".npz"),
}


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Write a saved network in another format: ONNX, for other programs; one Python file that needs NumPy alone; one file of C99 that needs"
        " nothing; safetensors, with the weights for PyTorch and JAX; or npz, whorl's own, for networks from ONNX."
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="model file, such as model.npz or model.onnx")
    parser.add_argument("--to", required=True, choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write to [that of the model, with another ending]"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    form = FORMATS[arguments.to]
    output: Path = arguments.output or arguments.model.with_suffix(form.ending)
    if output.exists() and output.samefile(arguments.model):
        raise ValueError(f"argument --output: {output} is read from, so it cannot be written to")
    form.write(load(arguments.model), output)
    print(f"saved {output}")
    return 0
