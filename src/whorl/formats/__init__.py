"""Models in files. Nothing here uses pickle, eval or imports that a file names."""

from whorl._core.archive import ModelFileError
from whorl._core.hints import hint_missing_names
from whorl.formats.loading import load
from whorl.formats.safetensors import save_safetensors

__all__ = ["ModelFileError", "load", "save_safetensors"]

hint_missing_names(__name__)
