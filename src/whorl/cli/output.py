"""Where a command writes its files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from whorl.model import FOREIGN


def outputs(output: Path, title: str) -> tuple[Path, Path, Path]:
    """Return where model, settings and picture go; raise OSError before the training if they cannot be written."""
    if output.suffix.lower() in FOREIGN | {".svg", ".pdf"}:
        raise ValueError(
            f"argument --output: must be a directory, or the name of the model, ending in .npz, got {str(output)!r}"
        )
    if output.suffix == ".npz":
        paths = output, output.with_suffix(".toml"), output.with_suffix(".png")
    else:
        paths = output / "model.npz", output / "model.toml", output / f"{title}.png"
    for path in paths:
        if path.is_dir():
            raise OSError(f"argument --output: cannot write to {str(path)!r}: it is a directory")
    return paths


@contextmanager
def directory(path: Path) -> Iterator[None]:
    """Make a directory that can be written to; if what follows fails, remove it again, unless there is something in it."""
    new = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OSError(f"argument --output: cannot write to {str(path)!r}: {error.strerror}") from None
    try:
        yield
    except BaseException:
        with suppress(OSError):  # not empty
            for each in new:
                each.rmdir()
        raise
