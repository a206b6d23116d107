"""``whorl train DATA``: train, print the lines, save the model and a picture."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from whorl import datasets
from whorl.cli.arguments import Commands, real, whole
from whorl.cli.interrupt import interruptible
from whorl.cli.presets import PRESETS, Recipe, Tabular
from whorl.formats.files import replacing
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.training import EarlyStopping, History, Progress
from whorl.types import Array

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "samples": ({"type": whole(1)}, "points of each class"),
    "classes": ({"type": whole(2)}, "arms of the spiral"),
    "noise": ({"type": real(minimum=0)}, "blur: standard deviation of the noise"),
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
    "patience": ({"type": whole(0)}, "epochs without a better validation loss that are endured"),
}
"""What a preset settles and an option overrides."""


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
        allow_abbrev=False,
    )
    data = parser.add_subparsers(metavar="DATA", required=True, dest="data", help="what to train on:")
    for name, presets in PRESETS.items():
        _options(data.add_parser(name, **_words(presets)), presets, run)
    tables = {"classic": Tabular()}
    table = data.add_parser("table", **_words(tables))
    table.add_argument(
        "file", help="CSV, TSV or Parquet file, its columns named in the first line; `table` may be left out"
    )
    table.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    table.add_argument("--ignore", nargs="+", default=[], metavar="COLUMN", help="columns to leave out")
    table.add_argument("--task", choices=["classification", "regression"], help="what the target is [as it looks]")
    _options(table, tables, run_table)


def _words(presets: Mapping[str, Recipe | Tabular]) -> dict[str, Any]:
    """Return what the help says of a data set."""
    first = next(iter(presets.values()))
    doc = (type(first).__doc__ or "").splitlines()[0]
    return {
        "help": doc,
        "description": f"{doc} {1 - first.validation:.0%} of the samples train the network, the others validate it.",
        "epilog": f"In brackets: what holds if nothing is said, by preset ({', '.join(presets)}).",
        "allow_abbrev": False,
    }


def _options(
    parser: argparse.ArgumentParser, presets: Mapping[str, Recipe | Tabular], run: Callable[[argparse.Namespace], int]
) -> None:
    """Add an option for each field of the presets, and those that all have."""
    first = next(iter(presets.values()))
    parser.add_argument("--preset", choices=list(presets), default=next(iter(presets)), help="settings to start from")
    for field in fields(first):  # type: ignore[arg-type]  # every recipe is a dataclass
        kind, text = OPTIONS[field.name]
        values = ", ".join(_plain(getattr(preset, field.name)) for preset in presets.values())
        metavar: dict[str, Any] = {} if "choices" in kind else {"metavar": "N"}
        parser.add_argument(f"--{field.name.replace('_', '-')}", help=f"{text} [{values}]", **kind, **metavar)
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


def _settings(arguments: argparse.Namespace, preset: Any) -> Any:
    """Return the preset with the options that were given."""
    given = {field.name: getattr(arguments, field.name) for field in fields(preset)}
    given = {name: tuple(value) if name == "hidden" else value for name, value in given.items() if value is not None}
    return replace(preset, **given)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand, for a data set by name."""
    settings = _settings(arguments, PRESETS[arguments.data][arguments.preset])
    model_path, picture_path = _outputs(arguments.output, arguments.data)
    with interruptible() as stop:
        model, problem, history = settings.train(arguments.seed, [stop, Progress(arguments.log_every)])
        model.save(model_path)
        print(f"saved {model_path}", flush=True)
    _picture(model, problem.X, problem.y, history, picture_path)
    if problem.test:
        measured = model.evaluate(*problem.test, loss=CrossEntropy(), metrics=["accuracy"])
        count = len(problem.test[0])
        print(f"{count} test images: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}")
    closing = settings.closing()
    if closing:
        print(closing)
    return 130 if stop.pressed else 0


def run_table(arguments: argparse.Namespace) -> int:
    """Run the subcommand, for a file."""
    settings = _settings(arguments, Tabular())
    model_path, picture_path = _outputs(arguments.output, Path(arguments.file).stem)
    table = datasets.table(arguments.file, arguments.target, ignore=arguments.ignore, task=arguments.task)
    print(f"{len(table.y)} rows, {table.task} of {arguments.target}")
    for note in table.notes:
        print(note)
    best = EarlyStopping(patience=settings.patience)
    with interruptible() as stop:
        model, history = settings.fit(table, arguments.seed, [stop, Progress(arguments.log_every), best])
        model.save(model_path)
        print(
            f"saved {model_path}, with its parameters of epoch {best.best_epoch}: val loss {best.best:.3f}", flush=True
        )
    _picture(model, None, None, history, picture_path)
    return 130 if stop.pressed else 0


def _plain(value: object) -> str:
    """Write a preset's value as one would type it."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


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
