"""``whorl evaluate model.npz spiral``: measures how good it is on fresh points."""

import argparse
from typing import Any

import numpy as np

from whorl.cli.arguments import Commands, real, whole
from whorl.datasets import spiral, spiral_limit
from whorl.formats import load
from whorl.losses import CrossEntropy


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a saved network on fresh data",
        description="Measure a saved network on points of the spiral that it has not seen.",
        allow_abbrev=False,
    )
    parser.add_argument("model", help="file that whorl train wrote, such as model.npz")
    parser.add_argument("data", choices=["spiral"], help="what to measure it on")
    parser.add_argument("--samples", type=whole(1), default=40_000, metavar="N", help="points of each class [40000]")
    parser.add_argument("--classes", type=whole(2), metavar="N", help="arms of the spiral [as many as the model's]")
    parser.add_argument("--noise", type=real(minimum=0), default=0.2, metavar="N", help="blur of the arms [0.2]")
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="draws the points; none of them was ever trained on [0]"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    model = load(arguments.model)
    classes = arguments.classes or model.outputs[-1]
    seed = np.random.SeedSequence([arguments.seed, 1])  # not the stream of `whorl train --seed`, whatever the seed
    X, y = spiral(arguments.samples, classes, noise=arguments.noise, rng=seed)
    measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
    print(f"{len(X)} fresh points: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}")
    if arguments.noise > 0:
        accuracy, loss = spiral_limit(classes, noise=arguments.noise)
        print(f"nobody can do better than   acc {accuracy:.4f} loss {loss:.4f}")
    return 0
