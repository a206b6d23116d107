"""Models in files. Nothing here uses pickle, eval or imports that a file names.

`load` reads ``.npz``, safetensors and ONNX files; `Model.save` and the functions ``save_…`` write them.
"""

from whorl._core.archive import ModelFileError
from whorl._core.hints import hint_missing_names
from whorl.formats.c_writer import save_c
from whorl.formats.loading import load
from whorl.formats.onnx_writer import save_onnx
from whorl.formats.python_writer import save_python
from whorl.formats.safetensors import save_safetensors

__all__ = ["ModelFileError", "load", "save_c", "save_onnx", "save_python", "save_safetensors"]

hint_missing_names(__name__)
