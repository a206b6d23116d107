"""``whorl check model.npz``: compare the gradients of a saved network with finite differences."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import integer
from whorl.cli import options
from whorl.cli.source import fresh_samples, labelled_rows, loss_of
from whorl.cli.start import DATA
from whorl.formats import load
from whorl.glassbox import check_gradients
from whorl.layers import Average, Embedding, Flatten, Layer, chain
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Loss
from whorl.model import Model
from whorl.recipes import find
from whorl.recipes.data import DataSet, TableFile


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Compare the gradients that backpropagation computes with finite differences, for each layer. The exit code is 1 if one is"
        " wrong. Of an average of equal networks, two are checked. The loss is the cross-entropy if the network ends in Softmax or Sigmoid, otherwise the mean squared error."
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model file, such as model.npz, which whorl train wrote, or model.safetensors"
    )
    parser.add_argument(
        "--data", metavar="DATA", help=f"{', '.join(DATA)}; or a file; - for the input [random numbers]"
    )
    for name, default, text in (
        ("samples", 8, "samples to compute the loss of"),
        ("elements", 20, "the most elements of each array to check, drawn at random"),
        ("seed", 0, "seed for the samples, the dropout masks and the elements"),
    ):
        parser.add_argument(
            f"--{name}", type=options.number(int), default=default, metavar="N", help=f"{text} [{default}]"
        )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    model = with_two_members(load(arguments.model))
    samples = integer("--samples", arguments.samples)
    seed = integer("--seed", arguments.seed, minimum=0)
    loss, rng = loss_of(model), np.random.default_rng(seed)
    if arguments.data is None:
        X, y = random_samples(model, samples, loss, rng)
    else:
        X, y = _data(model, arguments, seed)
        rows = np.sort(rng.choice(len(X), min(samples, len(X)), replace=False))
        X, y = X[rows], y[rows]
    found = check_gradients(model, X, y, loss=loss, elements=integer("--elements", arguments.elements), rng=rng)
    if arguments.json:
        errors = {name: error if math.isfinite(error) else None for name, error in found.items()}
        print(json.dumps({"passed": found.passed, "errors": errors, "problems": found.problems}, indent=1))
    else:
        of = f" of {arguments.data}" if arguments.data else ", drawn at random"
        print(f"{len(X)} samples{of}; the loss is {loss}")
        print(found)
    return 0 if found.passed else 1


def with_two_members(model: Model) -> Model:
    """Return the model with two members of each `Average` of equal members, whose backward passes are the same code."""
    pairs = [
        (layer, replace(layer, members=min(2, layer.members)) if isinstance(layer, Average) else layer)
        for layer in model.layers
    ]
    if all(layer == smaller for layer, smaller in pairs):
        return model
    small = Model([smaller for _, smaller in pairs], inputs=model.inputs, dtype=model.dtype, rng=0)
    small.preparation = model.preparation
    from_, to = model.named_arrays(), small.named_arrays()
    for places in zip(model.places, small.places, strict=True):
        names = ([name for each in chain.walk([place]) for name in each.declared] for place in places)
        for name, new in zip(*names, strict=False):  # those of the first members come first
            to[new][...] = from_[name]
    return small


def random_samples(model: Model, samples: int, loss: Loss, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw normal inputs, with whole numbers where the model takes categories, and labels or targets for the loss."""
    X = rng.standard_normal((samples, *model.inputs))
    for column, categories in categories_of(model.layers).items():
        X[:, column] = rng.integers(categories, size=samples)
    if isinstance(loss, CrossEntropy):
        return X, rng.integers(model.outputs[0], size=samples)
    y = rng.standard_normal((samples, *model.outputs))
    return X, (y > 0).astype(float) if isinstance(loss, BinaryCrossEntropy) else y


def categories_of(layers: Sequence[Layer]) -> dict[int, int]:
    """Return the columns of the inputs that hold categories, each with their number."""
    first = next((layer for layer in layers if not isinstance(layer, Flatten)), None)
    if isinstance(first, Embedding):
        return dict(zip(first.chosen, first.categories, strict=True))
    rows = () if first is None else first.part_rows
    return {column: count for row in rows for column, count in categories_of(row).items()}


def _data(model: Model, arguments: argparse.Namespace, seed: int) -> tuple[Array, Array]:
    """Return the samples of the data that the arguments name, in the shape of the model's inputs, and their labels."""
    name = arguments.data
    source = find("table" if name not in DATA else name).data
    if isinstance(source, TableFile):
        table = labelled_rows(model, arguments.model, source, name, arguments)
        return table.X, table.y
    assert isinstance(source, DataSet)
    known = argparse.Namespace()
    drawn = options.given(source, known, classes=model.outputs[-1], features=math.prod(model.inputs))
    return fresh_samples(model, arguments.model, drawn, name, seed)
