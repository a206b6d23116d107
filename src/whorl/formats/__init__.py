"""Models as files. Nothing here uses pickle, eval or import."""

from whorl.formats.npz import ModelFileError, load

__all__ = ["ModelFileError", "load"]
