"""``whorl train DATA``: train, print the lines, save the model and a picture."""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whorl.cli import settings
from whorl.cli.arguments import Commands, whole
from whorl.cli.columns import Columns
from whorl.cli.expressions import SCHEDULES
from whorl.cli.interrupt import interruptible
from whorl.cli.notation import LAYERS, OPTIMIZERS
from whorl.cli.presets import PRESETS
from whorl.cli.recipes import Recipe, best_epoch
from whorl.formats.files import replacing
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.training import History, Progress
from whorl.types import Array


def spelled_out(argv: Sequence[str]) -> list[str]:
    """Return the command with ``train FILE.csv`` written in full, as ``train table FILE.csv``."""
    words = list(argv)
    if words[:1] == ["train"] and len(words) > 1 and words[1] not in PRESETS and Path(words[1]).suffix:
        words.insert(1, "table")
    return words


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser, with a part of its own for each data set."""
    parser = commands.add_parser(
        "train",
        help="train a network; save it, with a picture",
        description="Train a network on a data set; write model.npz and a picture.",
        epilog="The columns of a file: whorl train FILE.csv --target COLUMN",
        allow_abbrev=False,
    )
    data = parser.add_subparsers(metavar="DATA", required=True, dest="data", help="what to train on:")
    for name, presets in PRESETS.items():
        part = data.add_parser(name, **_words(presets))
        if name == "table":
            part.add_argument(
                "file",
                metavar="FILE",
                help="CSV, TSV or Parquet file, its columns named in the first line; `table` may be left out",
            )
        _options(part, presets)


def _words(presets: Mapping[str, Recipe]) -> dict[str, Any]:
    """Return what the help says of a data set."""
    first = next(iter(presets.values()))
    doc = (type(first).__doc__ or "").splitlines()[0]
    return {
        "help": doc,
        "description": f"{doc} {1 - first.validation:.0%} of the samples train the network, the others validate it.",
        "epilog": f"In brackets: what holds if nothing is said, by preset ({', '.join(presets)})."
        f" Layers: {', '.join(LAYERS)}. Optimizers: {', '.join(OPTIMIZERS)}. Schedules: {', '.join(SCHEDULES)}.",
        "allow_abbrev": False,
    }


def _options(parser: argparse.ArgumentParser, presets: Mapping[str, Recipe]) -> None:
    """Add an option for each setting of the presets, and those that all have."""
    first = next(iter(presets.values()))
    parser.add_argument("--preset", choices=list(presets), default=next(iter(presets)), help="settings to start from")
    settings.add_options(parser, presets.values())
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="same seed, same bytes [0]")
    every = max(1, first.epochs // 10)
    parser.add_argument(
        "--log-every", type=whole(1), default=every, metavar="N", help=f"print every N-th epoch [{every}]"
    )
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
    preset = PRESETS[arguments.data][arguments.preset]
    recipe = settings.settled(preset, settings.given(arguments, preset), settings.option)
    if isinstance(recipe, Columns) and not recipe.target:
        raise ValueError("the following arguments are required: --target")
    model_path, picture_path = _outputs(arguments.output, recipe.title(arguments.data))
    rng = np.random.default_rng(arguments.seed)
    problem = recipe.problem(rng)
    for note in problem.notes:
        print(note)
    with interruptible() as stop:
        model, history = recipe.fit(problem, rng, [stop, Progress(arguments.log_every)])
        model.save(model_path)
        print(f"saved {model_path}{_best(recipe, history)}", flush=True)
    classes = problem.metric == "accuracy"
    _picture(model, problem.X if classes else None, problem.y if classes else None, history, picture_path)
    if problem.test:
        measured = model.evaluate(*problem.test, loss=CrossEntropy(), metrics=["accuracy"])
        count = len(problem.test[0])
        print(f"{count} test images: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}")
    closing = recipe.closing()
    if closing:
        print(closing)
    return 130 if stop.pressed else 0


def _best(recipe: Recipe, history: History) -> str:
    """Say which epoch's parameters were saved, if not the last one's."""
    if recipe.patience is None or not history.epochs:
        return ""
    number = best_epoch(history)
    return f", with its parameters of epoch {number}: val loss {min(history['val_loss']):.3f}"


def _outputs(output: Path, data: str) -> tuple[Path, Path]:
    """Return where the model and the picture go; raise now, and not after the training, if they cannot be written."""
    if output.suffix == ".npz":
        paths = output, output.with_suffix(".png")
    else:
        paths = output / "model.npz", output / f"{data}.png"
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


def _picture(model: Model, X: Array | None, y: Array | None, history: History, path: Path) -> None:
    """Draw the report, if matplotlib is there; a model without its picture is a success all the same."""
    try:
        from whorl.plot import report
    except ImportError as error:
        print(f"no picture: {error}", file=sys.stderr)
        return
    with replacing(path) as file:
        report(model, X, y, history).savefig(file, format="png", dpi=110)
    print(f"saved {path}")
