"""What all writers of model files check first."""

from __future__ import annotations

import os

from whorl._core.validation import instance
from whorl.model import Model


def check_target(model: Model, path: str | os.PathLike[str], ending: str) -> str:
    """Return the file's name without directory and ending; raise TypeError or ValueError unless a model is to be written to such a path."""
    instance("model", model, Model, "Model([Dense(3)], inputs=2)")
    stem, found = os.path.splitext(os.path.basename(os.fspath(path)))
    if found.lower() != ending:
        raise ValueError(f"path must end in {ending}, got {os.fspath(path)!r}")
    return stem
