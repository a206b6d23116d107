"""The IDX file, in which MNIST and its relatives come: one array of numbers, and before it its type and shape."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from whorl._core.types import Array

if TYPE_CHECKING:
    from io import BufferedIOBase

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""NumPy's names for the types of numbers, by their code in the file."""


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Read the array in an IDX file, compressed by gzip or not, whatever its name.

    The file is, in bytes, with the lengths and the numbers in big-endian order::

        0  0  type  d  |  length of axis 1  …  length of axis d  |  the numbers
        1  1  1     1     4                    4

    Parameters
    ----------
    path : str or path

    Returns
    -------
    ndarray
        Of the type and shape that the file states, in the byte order of this machine: uint8, int8, int16, int32, float32 or
        float64. MNIST's images are uint8 of shape (n, 28, 28).

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is no IDX file, is cut short or has bytes to spare, or its compressed form is damaged.

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
        compressed = plain.read(2) == b"\x1f\x8b"  # with which gzip begins, and no IDX file does
        plain.seek(0)
        try:
            if compressed:
                with gzip.open(plain) as file:
                    return _read(file)
            return _read(plain)
        except (EOFError, MemoryError, ValueError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{os.fspath(path)!r} is not an IDX file, or damaged: {error}") from None


def _read(file: BufferedIOBase) -> Array:
    zeros, code, axes = file.read(2), file.read(1), file.read(1)
    if zeros != b"\0\0" or not code or code[0] not in TYPES or not axes:
        raise ValueError(
            f"it begins with {(zeros + code + axes).hex(' ') or 'nothing'}, not with 00 00, a type, an axis count"
        )
    lengths = file.read(4 * axes[0])
    if len(lengths) < 4 * axes[0]:
        raise ValueError(f"it ends within the lengths of its {axes[0]} axes")
    shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
    array = np.empty(shape, TYPES[code[0]])
    room = array.reshape(-1).view(np.uint8).data
    there = 0
    while there < len(room) and (got := file.readinto(room[there:])):
        there += got
    if there < len(room):
        raise ValueError(f"shape {shape} needs {len(room)} bytes of numbers, but it ends after {there}")
    if file.read(1):  # gzip compares its checksum here too
        raise ValueError(f"shape {shape} needs {len(room)} bytes of numbers, but more follow")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
