"""The ``.npz`` file: NumPy's own archive of arrays, and a header to rebuild the model from.

The arrays lie in it under their names in the model, ``w1, b1, w2, b2``, so that ``numpy.load`` alone serves. The
header is the array ``whorl``: one text, JSON, with the inputs' shape, the float type and the layers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile

from whorl import checks
from whorl.formats.descriptions import describe, rebuild
from whorl.formats.files import replacing
from whorl.layers import Layer, chain
from whorl.model import Model
from whorl.types import Array, Shape

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
    with replacing(path) as file:
        np.savez(file, whorl=np.array(json.dumps(header)), **model.named_parameters())  # type: ignore[arg-type]


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model from a file that `Model.save` wrote. It predicts the same, to the bit.

    Parameters
    ----------
    path : str or path

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
    with open(path, "rb") as file:
        try:
            return _read(np.load(file, allow_pickle=False))
        except damage as error:
            raise ModelFileError(f"{os.fspath(path)!r} is not a model of whorl, or damaged: {error}") from None


def _read(archive: Any) -> Model:
    import json

    if not isinstance(archive, NpzFile):
        raise ModelFileError("it is no archive of arrays")
    if "whorl" not in archive.files:
        raise ModelFileError(f"it has no header, only the arrays {archive.files}")
    header = json.loads(str(archive["whorl"]))
    if not isinstance(header, dict) or {"format", "inputs", "dtype", "layers"} - set(header):
        raise ModelFileError("its header lacks format, inputs, dtype or layers")
    if header["format"] != FORMAT:
        raise ModelFileError(f"its format is {header['format']}, of another version of whorl; this one reads {FORMAT}")
    inputs = checks.shape("inputs", header["inputs"])
    layers = chain.copied([rebuild(description) for description in header["layers"]])
    arrays = _arrays(archive, layers, inputs)
    model = Model(layers, inputs=inputs, dtype=header["dtype"])
    for name, view in model.named_parameters().items():
        view[:] = arrays[name]
    return model


def _arrays(archive: NpzFile, layers: Sequence[Layer], inputs: Shape) -> dict[str, Array]:
    """Return the arrays the layers declare; raise if one is missing or of another shape, before any is allocated."""
    declared, _ = chain.declare(layers, inputs)
    arrays = {}
    for name, parameter in (item for of_layer in declared for item in of_layer.items()):
        if name not in archive.files:
            raise ModelFileError(f"the array {name} is missing; it has {archive.files}")
        arrays[name] = archive[name]
        if arrays[name].shape != parameter.shape:
            raise ModelFileError(f"{name} must have shape {parameter.shape}, got {arrays[name].shape}")
        if arrays[name].dtype.kind != "f":
            raise ModelFileError(f"{name} must hold floats, got {arrays[name].dtype}")
    return arrays
