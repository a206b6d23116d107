"""``whorl inspect model.npz``: show the layers of a saved network."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from whorl.formats import load


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = "Show the layers of a saved network, their shapes and their numbers of parameters."
    parser.add_argument(
        "model", metavar="MODEL", help="model file, such as model.npz, which whorl train wrote, or model.safetensors"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    model = load(arguments.model)
    if not arguments.json:
        print(model.summary())
        if model.uncertainty is not None:
            print(
                f"{type(model.uncertainty).__name__} of predictions, from {model.uncertainty.samples} held-out samples"
            )
        return 0
    document = {
        "inputs": model.inputs,
        "outputs": model.outputs,
        "dtype": model.dtype.name,
        "layers": [repr(layer) for layer in model.layers],
        "parameters": {name: array.shape for name, array in model.named_parameters().items()},
        "uncertainty": None if model.uncertainty is None else type(model.uncertainty).__name__,
        "columns": None if model.preparation is None else [column.name for column in model.preparation.columns],
    }
    print(json.dumps(document, indent=1))
    return 0
