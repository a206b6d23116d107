"""Model files: NumPy ``.npz`` archives with a header.

The arrays are stored by name, so that ``numpy.load`` can read them. The header is JSON text, in the array ``whorl``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile

from whorl._core.files import replacing
from whorl._core.types import Array, Shape

FORMAT = 2
"""Version of the header. Format 1 was never released."""


class ModelFileError(ValueError):
    """The file is not a model, or it is damaged."""


def save(path: str | os.PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a header and arrays to a file. The same content gives the same bytes."""
    import json  # slow to import, and not needed for prediction

    text = np.array(json.dumps({"format": FORMAT, **header}))
    with replacing(path) as file:
        np.savez(file, whorl=text, **arrays)  # type: ignore[arg-type]


class Archive:
    """An open file: its header, and its arrays, read on request."""

    def __init__(self, file: Any) -> None:
        import json

        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, NpzFile):
            raise ModelFileError("it is not an .npz archive")
        if "whorl" not in archive.files:
            raise ModelFileError(f"it has no header, only the arrays {archive.files}")
        self._archive = archive
        self.header: dict[str, Any] = json.loads(str(archive["whorl"]))
        if not isinstance(self.header, dict) or "format" not in self.header:
            raise ModelFileError("its header does not state its format")
        if self.header["format"] != FORMAT:
            raise ModelFileError(
                f"it has format {self.header['format']}, but this version of whorl reads format {FORMAT}"
            )

    def array(self, name: str, shape: Shape) -> Array:
        """Return an array of floats; raise ModelFileError, before reading it, if it is missing or has another shape."""
        if name not in self._archive.files:
            raise ModelFileError(f"the array {name} is missing; it has {self._archive.files}")
        found, dtype = self._peek(name)
        if found != shape:
            raise ModelFileError(f"{name} must have shape {shape}, got {found}")
        if dtype.kind != "f":
            raise ModelFileError(f"{name} must hold floats, got {dtype}")
        array: Array = self._archive[name]
        return array

    def _peek(self, name: str) -> tuple[Shape, np.dtype[Any]]:
        """Return the shape and the type of an array without reading its values."""
        assert self._archive.zip is not None
        with self._archive.zip.open(f"{name}.npy") as file:
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            shape, _, dtype = read[npy.read_magic(file)](file)
        return shape, dtype


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Archive]:
    """Open a file that `save` wrote; errors in its content, also those in the block, are raised as `ModelFileError`."""
    import struct
    import zlib
    from zipfile import BadZipFile

    # The errors that NumPy and zipfile raise for damaged files, found by changing each byte of a file.
    damage = (ArithmeticError, BadZipFile, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
              ValueError, struct.error, zlib.error)  # fmt: skip
    with open(path, "rb") as file:
        try:
            yield Archive(file)
        except damage as error:
            raise ModelFileError(f"{os.fspath(path)!r} is not a whorl model, or is damaged: {error}") from None
