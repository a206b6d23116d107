"""Loading models from files. Nothing here uses pickle, eval or imports that a file names."""

from whorl._core.archive import ModelFileError
from whorl.formats.npz import load

__all__ = ["ModelFileError", "load"]
