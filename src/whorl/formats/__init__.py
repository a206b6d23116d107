"""Models as files. Nothing here uses pickle, eval or import."""

from whorl._core.archive import ModelFileError
from whorl.formats.npz import load

__all__ = ["ModelFileError", "load"]
