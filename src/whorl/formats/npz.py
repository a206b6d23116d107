"""The ``.npz`` file: NumPy's own archive of arrays, and a header to rebuild the model from.

The arrays lie in it under their names in the model, ``w1, b1, w2, b2``, so that ``numpy.load`` alone serves. The
header is the array ``whorl``: one text, JSON, with the inputs' shape, the float type and the layers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile

from whorl._core import validation
from whorl._core.description import Configured
from whorl._core.files import replacing
from whorl._core.types import Array, Shape
from whorl.formats.descriptions import KNOWN, describe, rebuild
from whorl.layers import Layer, chain
from whorl.model import Model

FORMAT = 1
"""Version of the header. A file with a higher one was written by a later whorl, and is refused."""


class ModelFileError(ValueError):
    """The file is not a model, or not a whole one."""


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write the model to a file: see `Model.save`. The same model gives the same bytes."""
    import json

    header = {
        "format": FORMAT,
        "inputs": model.inputs,
        "dtype": model.dtype.name,
        "layers": [describe(layer) for layer in model.layers],
    }
    if model.preparation is not None:
        header["preparation"] = model.preparation.describe()
    with replacing(path) as file:
        np.savez(file, whorl=np.array(json.dumps(header)), **model.named_arrays())  # type: ignore[arg-type]


def load(path: str | os.PathLike[str], *, custom: Iterable[type[Configured]] = ()) -> Model:
    """Read a model from a file that `Model.save` wrote. It predicts the same, to the bit.

    Parameters
    ----------
    path : str or path
    custom : iterable of type, optional
        Classes of your own, layers or initialisers, that the file may name: nothing is ever imported because a file says so.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ModelFileError
        If the file is not a model, is damaged, or was written by a later version of whorl. Nothing in a file is
        ever run, so a file from a stranger is safe to load.

    Examples
    --------
    >>> import os, tempfile
    >>> from whorl import Dense, Model
    >>> path = os.path.join(tempfile.mkdtemp(), "model.npz")
    >>> model = Model([Dense(3)], inputs=2, rng=0)
    >>> model.save(path)
    >>> bool((load(path).parameters == model.parameters).all())
    True
    """
    import struct
    import zlib
    from zipfile import BadZipFile  # loading it takes a tenth of the time of loading NumPy: only who needs it waits

    # What NumPy and zipfile raise over damaged files, as found by flipping each byte of one.
    damage = (ArithmeticError, BadZipFile, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
              ValueError, struct.error, zlib.error)  # fmt: skip
    known = KNOWN | {kind.__name__: kind for kind in custom}
    with open(path, "rb") as file:
        try:
            return _read(np.load(file, allow_pickle=False), known)
        except damage as error:
            raise ModelFileError(f"{os.fspath(path)!r} is not a model of whorl, or damaged: {error}") from None


def _read(archive: Any, known: Mapping[str, type[Configured]]) -> Model:
    import json

    if not isinstance(archive, NpzFile):
        raise ModelFileError("it is no archive of arrays")
    if "whorl" not in archive.files:
        raise ModelFileError(f"it has no header, only the arrays {archive.files}")
    header = json.loads(str(archive["whorl"]))
    if not isinstance(header, dict) or {"format", "inputs", "dtype", "layers"} - set(header):
        raise ModelFileError("its header lacks format, inputs, dtype or layers")
    if header["format"] not in range(1, FORMAT + 1):
        raise ModelFileError(f"its format is {header['format']}, of a later version of whorl; this one reads {FORMAT}")
    inputs = validation.shape("inputs", header["inputs"])
    layers = chain.copied([rebuild(description, known) for description in header["layers"]])
    arrays = _arrays(archive, layers, inputs)
    model = Model(layers, inputs=inputs, dtype=header["dtype"])
    for name, view in model.named_arrays().items():
        view[...] = arrays[name]
    if header.get("preparation") is not None:
        from whorl.datasets import Preparation

        model.preparation = Preparation.rebuild(header["preparation"])
    return model


def _arrays(archive: NpzFile, layers: Sequence[Layer], inputs: Shape) -> dict[str, Array]:
    """Return the arrays the layers declare; raise if one is missing or of another shape, before any is allocated."""
    places = chain.walk(chain.connect(layers, inputs))
    arrays = {}
    for name, parameter in (item for place in places for item in place.declared.items()):
        if name not in archive.files:
            raise ModelFileError(f"the array {name} is missing; it has {archive.files}")
        shape, dtype = _peek(archive, name)
        if shape != parameter.shape:
            raise ModelFileError(f"{name} must have shape {parameter.shape}, got {shape}")
        if dtype.kind != "f":
            raise ModelFileError(f"{name} must hold floats, got {dtype}")
        arrays[name] = archive[name]
    return arrays


def _peek(archive: NpzFile, name: str) -> tuple[Shape, np.dtype[Any]]:
    """Return the shape and the type of an array, without reading it."""
    assert archive.zip is not None
    with archive.zip.open(f"{name}.npy") as file:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, _, dtype = read[npy.read_magic(file)](file)
    return shape, dtype
