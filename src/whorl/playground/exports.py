"""What a page takes along: the script, the model, the curves, and the run as a moving picture."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from whorl._core.files import csv_text
from whorl.formats import save_onnx
from whorl.playground.animation import gif
from whorl.playground.run import Run
from whorl.playground.script import script


def export(run: Run, what: str) -> tuple[str, str, bytes]:
    """Return the name of a file, its media type, and its content.

    Parameters
    ----------
    run : Run
    what : {"script", "npz", "onnx", "csv", "gif"}

    Raises
    ------
    ImportError
        If a package is missing; the message names the extra that installs it.
    ValueError
        If the weights are not finite, or there is no such kind of file.
    """
    if what not in WRITERS:
        raise ValueError(f"what must be one of {', '.join(WRITERS)}, got {what!r}")
    ending, media, write = WRITERS[what]
    name = _name(run) if what in ("script", "gif") else {"csv": "curves"}.get(what, "model")
    return f"{name}{ending}", media, write(run)


def _name(run: Run) -> str:
    """Return a name for the files of this run: that of its data."""
    if run.upload is not None:
        return Path(run.upload.name).stem or "table"
    return type(run.configuration.data).__name__.lower()


def _script(run: Run) -> bytes:
    return script(run.problem, run.training.step, run.edits).encode()


def _csv(run: Run) -> bytes:
    curves = run.curves.values
    rows = [curves.keys(), *zip(*curves.values(), strict=True)]
    return csv_text([*curves], [dict(zip(curves, row, strict=True)) for row in rows]).encode()


def _npz(run: Run) -> bytes:
    return _content(run.model.save, "model.npz")


def _onnx(run: Run) -> bytes:
    return _content(partial(save_onnx, run.model), "model.onnx")


def _content(save: Callable[[Path], None], name: str) -> bytes:
    """Return what a function saves to a file, which is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        save(path)
        return path.read_bytes()


WRITERS: Mapping[str, tuple[str, str, Callable[[Run], bytes]]] = {
    "script": (".py", "text/x-python", _script),
    "npz": (".npz", "application/octet-stream", _npz),
    "onnx": (".onnx", "application/octet-stream", _onnx),
    "csv": (".csv", "text/csv", _csv),
    "gif": (".gif", "image/gif", gif),
}
"""For each kind of file: the ending of its name, its media type, and what writes it."""
