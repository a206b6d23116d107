"""Models in files, and in PyTorch and Keras. Nothing here uses pickle, eval or imports that a file names.

`load` reads ``.npz``, safetensors and ONNX files; `Model.save` and the functions ``save_…`` write them. `to_torch`, `from_torch`,
`to_keras` and `from_keras` exchange them with these libraries.
"""

from whorl._core.archive import ModelFileError
from whorl._core.hints import hint_missing_names
from whorl.formats.c_writer import save_c
from whorl.formats.keras import from_keras, to_keras
from whorl.formats.loading import load
from whorl.formats.onnx_writer import save_onnx
from whorl.formats.python_writer import save_python
from whorl.formats.safetensors import save_safetensors
from whorl.formats.torch import from_torch, to_torch

__all__ = [
    "ModelFileError",
    "from_keras",
    "from_torch",
    "load",
    "save_c",
    "save_onnx",
    "save_python",
    "save_safetensors",
    "to_keras",
    "to_torch",
]

hint_missing_names(__name__)
