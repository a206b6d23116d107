"""``whorl train spiral``: train, print the lines, save the model and a picture."""

import argparse
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from whorl.cli.arguments import Commands, real, whole
from whorl.cli.interrupt import interruptible
from whorl.cli.presets import PRESETS, Preset
from whorl.datasets import spiral_limit
from whorl.formats.files import replacing
from whorl.model import Model
from whorl.training import History, Progress
from whorl.types import Array

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "samples": ({"type": whole(1)}, "points of each class"),
    "classes": ({"type": whole(2)}, "arms of the spiral"),
    "noise": ({"type": real(minimum=0)}, "blur of the arms: standard deviation in the angle"),
    "hidden": ({"type": whole(1), "nargs": "+"}, "sizes of the hidden layers"),
    "dropout": ({"type": real(minimum=0, below=1)}, "probability to drop a hidden unit"),
    "weight_l2": ({"type": real(minimum=0)}, "strength of the L2 penalty on the weights"),
    "bias_l2": ({"type": real(minimum=0)}, "strength of the L2 penalty on the biases"),
    "epochs": ({"type": whole(1)}, "times to go through the points"),
    "batch_size": ({"type": whole(1)}, "points a step"),
    "optimizer": ({"choices": ["sgd", "adam"]}, "how to step"),
    "learning_rate": ({"type": real(minimum=0)}, "rate at the start, lr0"),
    "decay": ({"type": real(minimum=0)}, "the rate is lr0 / (1 + decay * epoch)"),
    "momentum": ({"type": real(minimum=0, below=1)}, "momentum of sgd"),
}
"""What a preset settles and an option overrides."""


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "train",
        help="train a network; save it, with a picture",
        description="Train a network on the spiral data set; write model.npz and spiral.png. "
        "80 % of the points train it, 20 % validate it.",
        epilog="What is not given comes from the preset, whose value is in brackets: classic, best.",
        allow_abbrev=False,
    )
    parser.add_argument("data", choices=["spiral"], help="what to train on")
    parser.add_argument(
        "--preset",
        choices=list(PRESETS),
        default="classic",
        help="one hidden layer by the book (classic), or two (best)",
    )
    for name, (kind, text) in OPTIONS.items():
        values = ", ".join(_plain(getattr(preset, name)) for preset in PRESETS.values())
        metavar = {} if "choices" in kind else {"metavar": "N"}
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"{text} [{values}]", **kind, **metavar)
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="same seed, same bytes [0]")
    parser.add_argument("--log-every", type=whole(1), default=20, metavar="N", help="print every N-th epoch [20]")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(),
        metavar="PATH",
        help="directory to write to, or the model's file name, ending in .npz [.]",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    preset = PRESETS[arguments.preset]
    given = {field.name: getattr(arguments, field.name) for field in fields(Preset)}
    given = {name: tuple(value) if name == "hidden" else value for name, value in given.items() if value is not None}
    settings = Preset(**{field.name: given.get(field.name, getattr(preset, field.name)) for field in fields(Preset)})
    model_path, picture_path = _outputs(arguments.output)
    with interruptible() as stop, np.errstate(over="ignore", invalid="ignore"):
        model, X, y, history = settings.train(arguments.seed, [stop, Progress(arguments.log_every)])
        model.save(model_path)
        print(f"saved {model_path}", flush=True)
    _picture(model, X, y, history, picture_path)
    if settings.noise > 0:
        accuracy, loss = spiral_limit(settings.classes, noise=settings.noise)
        print(f"nobody can do better on fresh points of this spiral than acc {accuracy:.3f} loss {loss:.3f}")
    return 130 if history.stopped else 0


def _plain(value: object) -> str:
    return (
        " ".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _outputs(output: Path) -> tuple[Path, Path]:
    """Return where the model and the picture go; raise now, and not after the training, if they cannot be written."""
    if output.suffix == ".npz":
        paths = output, output.with_suffix(".png")
    else:
        paths = output / "model.npz", output / "spiral.png"
    try:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=paths[0].parent):
            pass
    except OSError as error:
        raise OSError(f"argument --output: cannot write to {str(output)!r}: {error.strerror}") from None
    for path in paths:
        if path.is_dir():
            raise OSError(f"argument --output: cannot write to {str(path)!r}: it is a directory")
    return paths


def _picture(model: Model, X: Array, y: Array, history: History, path: Path) -> None:
    """Draw the report, if matplotlib is there; a model without its picture is a success all the same."""
    try:
        from whorl.plot import report
    except ImportError as error:
        print(f"no picture: {error}", file=sys.stderr)
        return
    with replacing(path) as file:
        report(model, X, y, history).savefig(file, format="png", dpi=110)
    print(f"saved {path}")
