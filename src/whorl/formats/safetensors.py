"""Models in safetensors files, which PyTorch, JAX and others read; with the package of that name, the extra ``whorl[safetensors]``.

The arrays have the names and shapes of `Model.named_arrays`. The metadata hold the header that a ``.npz`` file has, so that a model can be
loaded from such a file too. There is no checksum in this format.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from whorl._core import archive
from whorl._core.archive import ModelFileError
from whorl._core.description import Description
from whorl._core.files import replacing
from whorl._core.types import Array, Shape
from whorl.formats.build import build, custom_classes
from whorl.formats.writing import check_target
from whorl.header import header
from whorl.model import Model

ENDING = ".safetensors"
KEY = "whorl"
"""The name of the header in the metadata."""
LONGEST = 8_000_000
"""Maximum number of bytes of the metadata, and of the names and shapes of the arrays."""


def save_safetensors(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a safetensors file. As with `Model.save`, the file that was there stays if that fails.

    The weights of a `Dense` layer have the shape (inputs, units), so the ``weight`` of PyTorch's ``Linear`` is their transpose. A training
    state cannot be saved in this format.

    Parameters
    ----------
    model : Model
    path : str or path
        It must end in ``.safetensors``, by which `whorl.load` tells the formats apart.

    Raises
    ------
    ImportError
        If the package safetensors is not installed.
    ValueError
        If the path has another ending, or an array holds infinite numbers or NaN.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> from safetensors.numpy import load_file
    >>> from whorl import Dense, Model
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> model = Model([Dense(3)], inputs=2, rng=0)
    >>> save_safetensors(model, path)
    >>> {name: array.shape for name, array in sorted(load_file(path).items())}
    {'b1': (3,), 'w1': (2, 3)}
    """
    save = _package().numpy.save
    check_target(model, path, ENDING)
    arrays = {name: np.ascontiguousarray(array) for name, array in model.named_arrays().items()}
    archive.check_finite(arrays, path)
    data = save(arrays, {KEY: archive.header_text(header(model))})
    with replacing(path) as file:
        file.write(data)


def load_safetensors(path: str | os.PathLike[str], *, custom: Iterable[type[Description]] = ()) -> Model:
    """Load a model from a file that `save_safetensors` wrote, as `whorl.load` does."""
    package, own = _package(), custom_classes(custom)
    with archive.open_file(path) as opened:
        length = int.from_bytes(opened.read(8), "little")
        if length > LONGEST:
            raise ModelFileError(f"its header has {length} bytes, more than {LONGEST}")
        with package.safe_open(os.fsdecode(path), framework="numpy") as file:
            metadata, names = file.metadata() or {}, sorted(file.keys())
            some = f"{', '.join(names[:5])}{', …' if len(names) > 5 else ''} ({len(names)} in all)"
            if KEY not in metadata:
                raise ModelFileError(
                    f"it does not describe a model of whorl, and has only the arrays {some}; to use them, copy them into those of"
                    " model.named_arrays()"
                )

            def array(name: str, shape: Shape) -> Array:
                if name not in names:
                    raise ModelFileError(f"the array {name} is missing; it has {some}")
                part = file.get_slice(name)
                if part.get_dtype() not in ("F16", "F32", "F64"):
                    raise ModelFileError(f"{name} must hold floats that NumPy has, got {part.get_dtype()}")
                if tuple(part.get_shape()) != shape:
                    raise ModelFileError(f"{name} must have shape {shape}, got {tuple(part.get_shape())}")
                return archive.check_floats(name, file.get_tensor(name), shape)

            return build(archive.parse_header(metadata[KEY]), names, array, own)


def _package() -> Any:
    """Return the package safetensors."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "safetensors files need the package safetensors, which the extra whorl[safetensors] installs"
        ) from error
    return safetensors
