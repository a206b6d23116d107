"""``model.toml``: everything that determines a training, saved beside its model. ``--config`` repeats it exactly."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import whorl
from whorl._core import validation
from whorl._core.files import replacing
from whorl._core.hints import did_you_mean
from whorl.formats.toml import dumps
from whorl.recipes import RECIPES, Recipe, find

KEYS = {"data": str, "preset": str, "seed": object, "file_sha256": str, "settings": dict, "made_with": dict}


def versions() -> dict[str, str]:
    """Return the versions that the last digits of a result may depend on, by name."""
    return {"whorl": whorl.__version__, "numpy": np.__version__}


@dataclass(frozen=True)
class Run:
    """Everything that determines a training.

    Parameters
    ----------
    data, preset : str
        Names, as in `RECIPES`, of the recipe that this one started from.
    seed : int
    recipe : Recipe
    file_sha256 : str, optional
        Checksum of the file to learn from, if there is one.
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
        """Return the versions that have changed since, as text."""
        now = versions()
        return ", ".join(
            f"{name} {self.made_with[name]}, not {now[name]}"
            for name in now
            if self.made_with.get(name, now[name]) != now[name]
        )


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the checksum of a file, in hexadecimal digits; of a folder, that of its files' names, sizes and last 64 KiB.

    Those hold what Parquet files say of their columns, among it the least and the largest values.
    """
    if os.path.isdir(path):
        found = hashlib.sha256()
        for each in sorted(each for each in Path(path).rglob("*") if each.is_file()):
            found.update(f"{each.relative_to(path).as_posix()} {each.stat().st_size}\n".encode())
            with each.open("rb") as file:
                file.seek(max(0, each.stat().st_size - 2**16))
                found.update(file.read())
        return found.hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text(run: Run, name: str) -> str:
    """Return the content of a file of that name, from which `read` returns the run."""
    document = {
        "data": run.data,
        "preset": run.preset,
        "seed": run.seed,
        **({"file_sha256": run.file_sha256} if run.file_sha256 else {}),
        "settings": {name: value for name, value in run.recipe.settings().items() if value is not None},
        "made_with": run.made_with,
    }
    return f"# whorl train --config {name} repeats this training; further options change it.\n" + dumps(document)


def write(run: Run, path: Path) -> None:
    """Write a run to a file."""
    with replacing(path) as file:
        file.write(text(run, path.name).encode())


def read(path: str | os.PathLike[str]) -> Run:
    """Read a run. Settings that the file leaves out are those of the preset; but with `layers`, `scales` and `dropouts` are empty.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is not TOML, or does not describe a run; the message says what is wrong.
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


def start(data: str, preset: str | None = None) -> Run:
    """Return the run of a preset, by default the first of the data set."""
    recipe = find(data, preset)
    return Run(data, preset or next(iter(RECIPES[data])), 0, recipe)


def _run(document: dict[str, Any]) -> Run:
    for name, value in ({"data": None} | document).items():
        if name not in KEYS:
            raise ValueError(f"there is no key {name!r}{did_you_mean(name, KEYS)}; there are {', '.join(KEYS)}")
        if not isinstance(value, KEYS[name]):
            expected = "text" if KEYS[name] is str else "a table"
            raise TypeError(f"{name} must be {expected}, got {validation.show(value)}")
    run = start(document["data"], document.get("preset"))
    return replace(
        run,
        seed=validation.integer("seed", document.get("seed", 0), minimum=0),
        recipe=run.recipe.replace(**document.get("settings", {})),
        file_sha256=document.get("file_sha256"),
        made_with=document.get("made_with", {}),
    )
