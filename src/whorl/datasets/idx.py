"""IDX, the file format of MNIST: the type and shape of one array, then its numbers."""

from __future__ import annotations

import os
from io import BufferedIOBase

import numpy as np

from whorl._core.types import Array

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The type of the numbers for each code in the file."""


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Read the array in an IDX file, whether or not it is compressed with gzip.

    The layout of the file in bytes, with the lengths and the numbers in big-endian order::

        0  0  type  d  |  length of axis 1  …  length of axis d  |  the numbers
        1  1  1     1     4                    4

    Parameters
    ----------
    path : str or path

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

    with open(path, "rb") as plain:
        compressed = plain.read(2) == b"\x1f\x8b"  # the start of a gzip file
        plain.seek(0)
        try:
            with gzip.open(plain) if compressed else plain as file:
                return _read(file)
        except (EOFError, MemoryError, ValueError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{os.fspath(path)!r} is not an IDX file, or damaged: {error}") from None


def _read(file: BufferedIOBase) -> Array:
    zeros, code, axes = file.read(2), file.read(1), file.read(1)
    if zeros != b"\0\0" or not code or code[0] not in TYPES or not axes:
        raise ValueError(
            f"it begins with {(zeros + code + axes).hex(' ') or 'nothing'}, not with 00 00, a type and a number of axes"
        )
    lengths = file.read(4 * axes[0])
    if len(lengths) < 4 * axes[0]:
        raise ValueError(f"it ends before the lengths of its {axes[0]} axes")
    shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
    array = np.empty(shape, TYPES[code[0]])
    memory = array.reshape(-1).view(np.uint8).data
    size = 0
    while size < len(memory) and (count := file.readinto(memory[size:])):
        size += count
    if size < len(memory):
        raise ValueError(f"shape {shape} needs {len(memory)} bytes of numbers, but it ends after {size}")
    if file.read(1):  # this makes gzip check its checksum, too
        raise ValueError(f"shape {shape} needs {len(memory)} bytes of numbers, but more follow")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
