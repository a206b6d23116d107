"""Loading a model from a file of any format."""

from __future__ import annotations

import os
from collections.abc import Iterable

from whorl._core.archive import ModelFileError
from whorl._core.description import Description
from whorl.formats import npz, onnx_reader, safetensors
from whorl.model import Model

KERAS = "whorl.formats.from_keras(keras.models.load_model(path))"
TORCH = "whorl.formats.from_torch(torch.load(path, weights_only=False)), if it holds a whole nn.Sequential and you trust it: it can run code"
READERS = {**dict.fromkeys((".h5", ".keras"), KERAS), **dict.fromkeys((".pt", ".pth"), TORCH)}
"""How to convert the models in files that another library has written, by their endings."""


def load(path: str | os.PathLike[str], *, custom: Iterable[type[Description]] = ()) -> Model:
    """Load a model from a file that `Model.save` or `whorl.formats.save_safetensors` wrote; its predictions are bit-identical. Or from ONNX.

    Files from untrusted sources are safe to load: no code in a file is ever run.

    Of ONNX, those networks are understood whose layers whorl has, in a row or as residual blocks, such as PyTorch and scikit-learn
    export them. Activations are recognized by their values, however they are written. What only applies in training is not in such a
    file: the model has no `Dropout`, and initializers and penalties have their defaults.

    Parameters
    ----------
    path : str or path
        If it ends in ``.safetensors`` or ``.onnx``, the file has that format, otherwise that of `Model.save`.
    custom : iterable of type, optional
        Your own layer and initializer classes that the file may name.

    Raises
    ------
    ImportError
        If a safetensors or ONNX file is given, and the package of that name is not installed.
    OSError
        If there is no such file, or it cannot be read.
    ModelFileError
        If the file is not a model, is damaged, or has the format of another version of whorl. A safetensors file has no checksum, so
        changed numbers are not noticed.

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
    ending = os.path.splitext(os.fsdecode(path))[1].lower()
    if ending == safetensors.ENDING:
        return safetensors.load_safetensors(path, custom=custom)
    if ending == ".onnx":
        return onnx_reader.load_onnx(path)
    try:
        return npz.load_npz(path, custom=custom)
    except ModelFileError as error:
        if ending not in READERS:
            raise
        raise ModelFileError(f"{error}; if it is a file of another library, write {READERS[ending]}") from None
