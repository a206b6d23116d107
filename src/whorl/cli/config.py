"""``model.toml``: all that makes a training, beside the model that came of it. ``--config`` repeats it, to the bit."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import whorl
from whorl._core import validation
from whorl._core.files import replacing
from whorl.cli import settings
from whorl.cli.arguments import one_of
from whorl.cli.presets import PRESETS
from whorl.cli.recipes import Recipe
from whorl.formats import toml

HEADER = """\
# whorl train --config {name} repeats this training; options beside it change what they name.
"""

KEYS = ("data", "preset", "seed", "file_sha256", "settings", "made_with")


def versions() -> dict[str, str]:
    """Return what the last digits of a result may depend on, by name."""
    return {"whorl": whorl.__version__, "numpy": np.__version__}


@dataclass(frozen=True)
class Run:
    """All that makes a training.

    Parameters
    ----------
    data, preset : str
        Names, as in `PRESETS`: where the recipe started from.
    seed : int
    recipe : Recipe
    file_sha256 : str, optional
        Of the file that is learned, if it is one.
    made_with : mapping of str to object, optional
        For information.
    """

    data: str
    preset: str
    seed: int
    recipe: Recipe
    file_sha256: str | None = None
    made_with: Mapping[str, Any] = field(default_factory=versions)

    def differences(self) -> str:
        """Say which versions are other ones now; nothing if none is."""
        now = versions()
        return ", ".join(
            f"{name} {self.made_with[name]}, not {now[name]}"
            for name in now
            if self.made_with.get(name, now[name]) != now[name]
        )


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the checksum of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text(run: Run, name: str) -> str:
    """Return what a file of that name says of a training, so that `read` returns it."""
    document = {
        "data": run.data,
        "preset": run.preset,
        "seed": run.seed,
        **({"file_sha256": run.file_sha256} if run.file_sha256 else {}),
        "settings": settings.in_force(run.recipe),
        "made_with": run.made_with,
    }
    return HEADER.format(name=name) + toml.dumps(document)


def write(run: Run, path: Path) -> None:
    """Write what makes a training."""
    with replacing(path) as file:
        file.write(text(run, path.name).encode())


def read(path: str | os.PathLike[str]) -> Run:
    """Read what makes a training. Settings that the file leaves out are those of the preset.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is not TOML, or says something that no training is made of; the message says what.
    """
    title = os.fspath(path)
    with open(path, "rb") as file:
        try:
            document = tomllib.load(file)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{title} is not TOML: {error}") from None
    try:
        return _run(document)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{title}: {error}") from None


def _run(document: Mapping[str, Any]) -> Run:
    for name in document:
        if name not in KEYS:
            raise ValueError(f"there is no key {name!r} before the tables; there are {', '.join(KEYS)}")
    data = one_of(*PRESETS).check("data", document.get("data"))
    presets = PRESETS[data]
    preset = one_of(*presets).check("preset", document.get("preset", next(iter(presets))))
    values = settings.checked(_table(document, "settings"), presets[preset])
    file_sha256 = document.get("file_sha256")
    if file_sha256 is not None and not isinstance(file_sha256, str):
        raise TypeError(f"file_sha256 must be text, got {validation.show(file_sha256)}")
    return Run(
        data,
        preset,
        validation.integer("seed", document.get("seed", 0), minimum=0),
        settings.settled(presets[preset], values),
        file_sha256,
        _table(document, "made_with"),
    )


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise TypeError(f"{name} must be a table, got {validation.show(table)}")
    return table
