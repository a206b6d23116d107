"""Model files: NumPy ``.npz`` archives with a header and a checksum.

The arrays are stored by name, uncompressed, so that ``numpy.load`` can read them. The header is JSON text, in the array
``whorl``. The comment at the end of the archive holds the SHA-256 of all bytes before it, so that any change is noticed.

Nothing in a file is trusted: first the checksum is compared, then the places and sizes of all members, and only then is their
content read. A member is never larger than its bytes in the file, so a small file cannot take much memory.
"""

from __future__ import annotations

import math
import os
import re
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib.format import write_array

from whorl._core.files import replacing
from whorl._core.types import Array, Shape
from whorl._core.validation import all_finite

if TYPE_CHECKING:
    from zipfile import ZipFile

FORMAT = 3
"""Version of the format. Formats 1 and 2 were never released."""

MARK = b"whorl sha256 "
FOOTER = len(MARK) + 64
"""Bytes of the comment at the end of the archive: the mark, and the checksum in hexadecimal digits."""

END = struct.Struct("<4s4H2LH")
"""The end of an archive: signature, two numbers of disks, two numbers of members, size and place of the directory, length of
the comment (PKWARE, APPNOTE.TXT, 4.3.16)."""

LOCAL = struct.Struct("<26x2H")
"""The head of a member, which ends in the lengths of its name and of its extra data (4.3.7)."""

MEMBERS, DIRECTORY, HEADER, LARGE = 10_000, 2**22, 16_000_000, 2**32
"""Limits: the number of members, the bytes of the directory and of the header, and from where on sizes have 64 bits."""

NAME = re.compile(r"[^\W\d][\w.]{0,199}\.npy")
UTF8 = 0x800
"""The flag of a member whose name is not ASCII."""

ARRAY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<|][bifuU]\d{1,8})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,18},?(?: \d{1,18})?(?:, \d{1,18})*)?)\), \} *\n",
    re.DOTALL,
)
"""The beginning of an array in NumPy's format, version 1.0: lines that Python could evaluate, and that are only compared here."""


class ModelFileError(ValueError):
    """The file is not a model, or it is damaged."""


def save(
    path: str | os.PathLike[str],
    header: Mapping[str, Any],
    arrays: Mapping[str, Array],
    others: Mapping[str, Array] | None = None,
) -> None:
    """Write a header and arrays to a file. The same content gives the same bytes. `others` may hold any numbers.

    Raises
    ------
    ValueError
        If an array holds infinite numbers or NaN, or the header is too large.
    OSError
        If the file cannot be written; the one that was there stays.
    """
    check_finite(arrays, path)
    from zipfile import ZipFile  # slow to import, as hashlib and json, and not needed for prediction

    text = np.array(header_text(header))
    members = {**arrays, **(others or {})}
    if wrong := [name for name in members if not NAME.fullmatch(f"{name}.npy")]:
        raise ValueError(
            f"an array in a file cannot have the name {wrong[0][:80]!r}, so {os.fspath(path)} was not written"
        )
    if text.nbytes > HEADER or len(members) >= MEMBERS:
        raise ValueError(
            f"a file holds at most {HEADER} bytes of header and {MEMBERS - 1} arrays, got {text.nbytes} and {len(members)},"
            f" so {os.fspath(path)} was not written"
        )
    with replacing(path) as file:
        with ZipFile(file, "w") as archive:
            for name, array in {"whorl": text, **members}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    write_array(member, np.ascontiguousarray(array).reshape(array.shape), (1, 0), allow_pickle=False)
        seal(file)


def check_finite(arrays: Mapping[str, Array], path: str | os.PathLike[str]) -> None:
    """Raise ValueError if an array to be written holds infinite numbers or NaN."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not all_finite(array):
            raise ValueError(f"{name} holds infinite numbers or NaN, so {os.fspath(path)} was not written")


def header_text(header: Mapping[str, Any]) -> str:
    """Return a header as text."""
    import json

    return json.dumps({"format": FORMAT, **header}, allow_nan=False)


def parse_header(text: str) -> dict[str, Any]:
    """Return the header in a text from `header_text`; raise ModelFileError unless it is one of this format."""
    import json

    if len(text) > HEADER // 4:  # as many characters as a .npz file may have
        raise ModelFileError(f"its header has {len(text)} characters, more than {HEADER // 4}")
    header = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    if not isinstance(header, dict) or "format" not in header:
        raise ModelFileError("its header does not state its format")
    if header["format"] != FORMAT:
        newer = "; install a newer one" if isinstance(header["format"], int) and header["format"] > FORMAT else ""
        raise ModelFileError(
            f"it has format {header['format']}, but this version of whorl reads format {FORMAT}{newer}"
        )
    return header


def seal(file: BinaryIO) -> None:
    """Add the checksum to an archive without a comment."""
    import hashlib

    end = file.seek(0, os.SEEK_END)
    file.seek(end - 2)
    file.write(FOOTER.to_bytes(2, "little"))  # the length of the comment
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any file that can be read
    file.seek(0, os.SEEK_END)  # not every kind of file is read by the line above
    file.write(MARK + digest.encode())


class Archive:
    """An open file: its header, and its arrays, read on request."""

    def __init__(self, file: BinaryIO) -> None:
        from zipfile import ZipFile

        _verify(file)
        self._zip = ZipFile(file)
        self.names: set[str] = _members(file, self._zip)
        if "whorl" not in self.names:
            raise ModelFileError(f"it has no header, only the arrays {sorted(self.names)}")
        self.header: dict[str, Any] = self._header()

    def _header(self) -> dict[str, Any]:
        if self._zip.getinfo("whorl.npy").file_size > HEADER:
            raise ModelFileError(f"its header is larger than {HEADER} bytes")
        text = self.any_array("whorl")
        if text.dtype.kind != "U" or text.shape != ():
            raise ModelFileError(f"its header must be text, got {text.dtype} with shape {text.shape}")
        return parse_header(str(text))

    def array(self, name: str, shape: Shape) -> Array:
        """Return an array of finite floats; raise ModelFileError if it is missing, or has another type or shape."""
        return check_floats(name, self.any_array(name), shape)

    def any_array(self, name: str) -> Array:
        """Return an array of any type and shape, which cannot be written to."""
        if name not in self.names:
            raise ModelFileError(f"the array {name} is missing; it has {sorted(self.names)}")
        data = self._zip.read(f"{name}.npy")  # whole, so its CRC is checked
        found = ARRAY.match(data)
        if found is None or found.end() != 10 + int.from_bytes(found[1], "little"):
            raise ModelFileError(f"{name} is not an array of numbers or text in NumPy's format")
        dtype = np.dtype(found[2].decode())
        shape = tuple(int(size) for size in re.findall(rb"\d+", found[3]))
        if len(data) - found.end() != math.prod(shape) * dtype.itemsize:
            raise ModelFileError(f"{name} has shape {shape} and type {dtype}, but {len(data) - found.end()} bytes")
        if dtype.itemsize == 0:
            raise ModelFileError(f"{name} has the type {dtype}, which holds nothing")
        return np.frombuffer(data, dtype, offset=found.end()).reshape(shape)


def _verify(file: BinaryIO) -> None:
    """Raise ModelFileError unless the file ends with the checksum of what is before it, and has a directory of its members there."""
    import hashlib

    size = file.seek(0, os.SEEK_END)
    if size < END.size + FOOTER:
        raise ModelFileError(f"it has only {size} bytes")
    file.seek(size - FOOTER)
    footer = file.read(FOOTER)
    if not footer.startswith(MARK):
        raise ModelFileError("it does not end with a checksum: whorl did not write it, or its end is missing")
    digest, left = hashlib.sha256(), size - FOOTER
    file.seek(0)
    while left > 0 and (part := file.read(min(left, 2**20))):
        digest.update(part)
        left -= len(part)
    if footer[len(MARK) :] != digest.hexdigest().encode():
        raise ModelFileError("its checksum is wrong: it was changed or damaged since it was written")
    end = size - FOOTER - END.size
    file.seek(end)
    signature, _, _, _, count, length, place, comment = END.unpack(file.read(END.size))
    usual = count <= MEMBERS and length <= DIRECTORY and place + length == end
    if signature != b"PK\x05\x06" or comment != FOOTER or not (usual or (place == LARGE - 1 and size > LARGE)):
        raise ModelFileError("its directory of members is damaged or too large")


def _members(file: BinaryIO, archive: ZipFile) -> set[str]:
    """Return the names of the arrays; raise ModelFileError unless they lie one after the other, each once, uncompressed."""
    from zipfile import ZIP_STORED

    names: set[str] = set()
    members = archive.infolist()
    if len(members) > MEMBERS:
        raise ModelFileError(f"it has {len(members)} members, more than {MEMBERS}")
    place = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if not NAME.fullmatch(member.filename):
            raise ModelFileError(f"it has a member with the unexpected name {member.filename[:80]!r}")
        name = member.filename.removesuffix(".npy")
        if name in names:
            raise ModelFileError(f"it holds {name} twice")
        if member.compress_type != ZIP_STORED or member.compress_size != member.file_size or member.flag_bits & ~UTF8:
            raise ModelFileError(f"{name} is compressed or encrypted, which whorl never does")
        if member.header_offset != place:
            raise ModelFileError(f"{name} begins at byte {member.header_offset}, but must begin at {place}")
        file.seek(place)
        place += LOCAL.size + sum(LOCAL.unpack(file.read(LOCAL.size))) + member.file_size
        names.add(name)
    if place != archive.start_dir:
        raise ModelFileError(f"its directory begins at byte {archive.start_dir}, but must begin at {place}")
    return names


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping; raise ModelFileError if a key is there twice."""
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ModelFileError(f"its header gives {twice!r} twice")
    return result


def _no_constant(name: str) -> None:
    raise ModelFileError(f"its header holds {name}, which is not a finite number")


def check_floats(name: str, array: Array, shape: Shape) -> Array:
    """Return an array of a file; raise ModelFileError unless it has this shape, and holds finite floats."""
    if array.shape != shape:
        raise ModelFileError(f"{name} must have shape {shape}, got {array.shape}")
    if array.dtype.kind != "f":
        raise ModelFileError(f"{name} must hold floats, got {array.dtype}")
    if not all_finite(array):
        raise ModelFileError(f"{name} holds infinite numbers or NaN")
    return array


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Archive]:
    """Open a file that `save` wrote; errors in its content, also those in the block, are raised as `ModelFileError`."""
    with open_file(path) as file:
        yield Archive(file)


@contextmanager
def open_file(path: str | os.PathLike[str], what: str = "a whorl model, or is damaged") -> Iterator[BinaryIO]:
    """Open a file to read; errors in the block are raised as `ModelFileError`, except OSError: the file is not `what` it must be."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(f"path must name a file, but {os.fspath(path)} is not a regular file")
    with open(path, "rb") as file:
        try:
            yield file
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a damaged file leads to
            raise ModelFileError(f"{os.fspath(path)!r} is not {what}: {error}") from None
