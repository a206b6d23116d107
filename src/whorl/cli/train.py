"""``whorl train DATA``: train, print the lines, save the model and a picture."""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from whorl._core.files import replacing
from whorl._core.types import Array
from whorl.cli import config, settings
from whorl.cli.arguments import Commands, whole
from whorl.cli.columns import Columns
from whorl.cli.expressions import SCHEDULES
from whorl.cli.interrupt import interruptible
from whorl.cli.notation import LAYERS, OPTIMIZERS
from whorl.cli.presets import PRESETS
from whorl.cli.recipes import Recipe, best_epoch
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.training import History, Progress


def spelled_out(argv: Sequence[str]) -> list[str]:
    """Return the command with its data set: ``train FILE.csv`` is ``train table FILE.csv``, ``--config`` says its own."""
    words = list(argv)
    if words[:1] != ["train"] or len(words) == 1:
        return words
    configs = [after for word, after in pairwise(words) if word == "--config"]
    configs += [word.partition("=")[2] for word in words if word.startswith("--config=")]
    if words[1].startswith("-") and configs:
        words.insert(1, config.read(configs[0]).data)
    elif Path(words[1]).suffix == ".toml":
        raise ValueError(f"{words[1]} is no data: to repeat its training, write whorl train --config {words[1]}")
    elif words[1] not in PRESETS and Path(words[1]).suffix:
        words.insert(1, "table")
    return words


def add(commands: "Commands[Any]") -> None:
    """Add the subcommand to the parser, with a part of its own for each data set."""
    parser = commands.add_parser(
        "train",
        help="train a network; save it, with a picture",
        description="Train a network on a data set; write model.npz, model.toml with all that made it, and a picture.",
        epilog="A data set's own options: whorl train DATA --help. The columns of a file: whorl train FILE.csv --target"
        " COLUMN. The same once more: whorl train --config model.toml, with options for what is to be different.",
        allow_abbrev=False,
    )
    data = parser.add_subparsers(metavar="DATA", required=True, dest="data", help="what to train on:")
    for name, presets in PRESETS.items():
        part = data.add_parser(name, **_words(presets))
        if name == "table":
            part.add_argument(
                "file",
                nargs="?",
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
        "description": f"{doc} Some of the samples train the network, the others validate it (see --validation).",
        "epilog": f"In brackets: what holds if nothing is said, by preset ({', '.join(presets)})."
        f" Layers: {', '.join(LAYERS)}. Optimizers: {', '.join(OPTIMIZERS)}. Schedules: {', '.join(SCHEDULES)}.",
        "allow_abbrev": False,
    }


def _options(parser: argparse.ArgumentParser, presets: Mapping[str, Recipe]) -> None:
    """Add an option for each setting of the presets, and those that all have."""
    first = next(iter(presets.values()))
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", choices=list(presets), help=f"settings to start from [{next(iter(presets))}]")
    start.add_argument("--config", metavar="FILE", help="model.toml of a training, whose settings to start from")
    settings.add_options(parser, presets.values())
    parser.add_argument("--seed", type=whole(0), metavar="N", help="same seed, same bytes [0]")
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
    plan = _plan(arguments)
    recipe = plan.recipe
    model_path, config_path, picture_path = _outputs(arguments.output, recipe.title(plan.data))
    config.text(plan, config_path.name)  # what cannot be written down shall fail now, and not after the training
    rng = np.random.default_rng(plan.seed)
    problem = recipe.problem(rng)
    for note in problem.notes:
        print(note)
    with interruptible() as stop:
        model, history = recipe.fit(problem, rng, [stop, Progress(arguments.log_every)])
        model.save(model_path)
        print(f"saved {model_path}{_best(recipe, history)}", flush=True)
        if stop.pressed:
            plan = replace(plan, made_with={**plan.made_with, "interrupted_after_epoch": len(history.epochs)})
        config.write(plan, config_path)
        print(f"saved {config_path}", flush=True)
    classes = problem.metric == "accuracy"
    _picture(model, problem.X if classes else None, problem.y if classes else None, history, picture_path)
    if problem.test:
        measured = model.evaluate(*problem.test, loss=CrossEntropy(), metrics=["accuracy"])
        count = len(problem.test[0])
        print(f"{count} test images: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}")
    limit = recipe.limit()
    if limit:
        print(f"nobody can do better on fresh points of this {plan.data} than acc {limit[0]:.3f} loss {limit[1]:.3f}")
    return 130 if stop.pressed else 0


def _plan(arguments: argparse.Namespace) -> config.Run:
    """Return what to do: a preset, or what a file says, with the options that were given."""
    if arguments.config is None:
        presets = PRESETS[arguments.data]
        preset = arguments.preset or next(iter(presets))
        start = config.Run(arguments.data, preset, 0, presets[preset])
    else:
        start = config.read(arguments.config)
        if start.data != arguments.data:
            raise ValueError(f"argument --config: {arguments.config} is for {start.data}, got {arguments.data}")
        if "interrupted_after_epoch" in start.made_with:
            print(
                f"{arguments.config} is of a training that was interrupted after epoch"
                f" {start.made_with['interrupted_after_epoch']}: this one goes on to the end",
                file=sys.stderr,
            )
        if start.differences():
            print(
                f"the last digits may differ: {arguments.config} was made with {start.differences()}", file=sys.stderr
            )
    given = settings.given(arguments, start.recipe)
    recipe = settings.settled(start.recipe, given, settings.option)
    seed = start.seed if arguments.seed is None else arguments.seed
    return config.Run(start.data, start.preset, seed, recipe, _checksum(recipe, None if "file" in given else start))


def _checksum(recipe: Recipe, start: config.Run | None) -> str | None:
    """Return the checksum of the file to learn, if it is one; raise if it is not the one that a training started from."""
    if not isinstance(recipe, Columns):
        return None
    for name, value in (("FILE", recipe.file), ("--target", recipe.target)):
        if not value:
            raise ValueError(f"the following arguments are required: {name}")
    found = config.sha256(recipe.file)
    if start and start.file_sha256 not in (None, found):
        raise ValueError(
            f"{recipe.file} has changed: its SHA-256 is {found}, and was {start.file_sha256};"
            f" to train on it as it is now, name it too: whorl train {recipe.file} --config FILE"
        )
    return found


def _best(recipe: Recipe, history: History) -> str:
    """Say which epoch's parameters were saved, if not the last one's."""
    if recipe.patience is None or not history.epochs:
        return ""
    number = best_epoch(history)
    return f", with its parameters of epoch {number}: val loss {min(history['val_loss']):.3f}"


def _outputs(output: Path, data: str) -> tuple[Path, Path, Path]:
    """Return where model, settings and picture go; raise now, and not after the training, if they cannot be written."""
    if output.suffix == ".npz":
        paths = output, output.with_suffix(".toml"), output.with_suffix(".png")
    else:
        paths = output / "model.npz", output / "model.toml", output / f"{data}.png"
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
