"""Reading models that `Model.save` wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable

from whorl._core import archive
from whorl._core.description import Description
from whorl.formats.build import build, custom_classes
from whorl.model import Model
from whorl.training.saving import PREFIX


def load_npz(path: str | os.PathLike[str], *, custom: Iterable[type[Description]] = ()) -> Model:
    """Load a model from a file that `Model.save` wrote, as `whorl.load` does."""
    own = custom_classes(custom)
    with archive.reading(path) as file:
        names = {name for name in file.names if not name.startswith(PREFIX)} - {"whorl"}
        return build(file.header, names, file.array, own)
