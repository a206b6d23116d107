"""IDX, the file format of MNIST: the type and shape of one array, then its numbers."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

from whorl._core.types import Array

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The type of the numbers for each code in the file."""


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Read the array in an IDX file, whether or not it is compressed with gzip.

    The layout of the file in bytes, with the lengths and the numbers in big-endian order::

        0  0  type  d  |  length of axis 1  …  length of axis d  |  the numbers
        1  1  1     1     4                    4

    Returns
    -------
    ndarray
        Of the type and shape in the file, in native byte order: uint8, int8, int16, int32, float32 or float64.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If it is not an IDX file, is too short or too long, or is damaged.

    References
    ----------
    LeCun, Cortes, Burges (1998), The MNIST Database of Handwritten Digits, "File formats".

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "labels-idx1-ubyte")
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))  # bytes, one axis, of length 3
    >>> read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    import gzip
    import zlib

    content = Path(path).read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":  # the start of a gzip file
            content = gzip.decompress(content)
        return _parse(content)
    except (EOFError, ValueError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{os.fspath(path)!r} is not an IDX file, or damaged: {error}") from None


def _parse(content: bytes) -> Array:
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        begins = content[:4].hex(" ") or "nothing"
        raise ValueError(f"it begins with {begins}, not with 00 00, a type and a number of axes")
    dtype, axes = np.dtype(TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise ValueError(f"it ends before the lengths of its {axes} axes")
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    expected, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if found != expected:
        raise ValueError(f"shape {shape} needs {expected} bytes of numbers, but {found} follow")
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))
