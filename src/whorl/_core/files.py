"""Writing files so that a crash at any time leaves either the old or the new one, complete."""

from __future__ import annotations

import errno
import math
import os
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when the block ends without an error, and is removed otherwise.

    A program that reads `path` at any time finds either the old or the new file, complete. The new file is flushed to disk
    before it is renamed, and its directory after that. Symbolic links are followed, and a file that is replaced keeps its
    permissions. A temporary file that a killed process has left is removed by the next one that writes the same path.

    Parameters
    ----------
    path : str or path
        The file to write.

    Yields
    ------
    binary file
        The temporary file, in the same directory, for reading and writing.

    Raises
    ------
    OSError
        If `path` is a directory or a device, its directory does not exist, or it cannot be written; the message says which.
        The file that was there is as before.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "a.txt")
    >>> with replacing(path) as file:
    ...     _ = file.write(b"all of it")
    >>> path.read_bytes()
    b'all of it'
    """
    target = os.path.realpath(path)
    mode = os.stat(target).st_mode if os.path.exists(target) else None
    if mode is not None and not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise OSError(f"path must name a file, but {os.fspath(path)} is {what}")
    directory = os.path.dirname(target)
    prefix = _prefix(target)
    temporary = os.path.join(directory, f"{prefix}{os.getpid()}-{os.urandom(6).hex()}.tmp")
    try:
        _remove_left(directory, prefix)
        file = open(temporary, "x+b")  # noqa: SIM115  # closed by the with statement below
    except OSError as error:
        raise _named(error, path, directory) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
        _flush(directory)
    except BaseException as error:
        with suppress(FileNotFoundError):  # if it has its name already
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename is None:  # such as a full disk
            raise _named(error, path, directory) from error
        raise


def _named(error: OSError, path: str | os.PathLike[str], directory: str) -> OSError:
    """Return the error with the name of the file that cannot be written."""
    named = type(error)(f"cannot write {os.fspath(path)}: {error.strerror or error} ({directory})")
    named.errno = error.errno
    return named


def _prefix(target: str) -> str:
    """Return how the names of temporary files for a target begin, written by this machine."""
    name, machine = os.path.basename(target), os.uname().nodename if hasattr(os, "uname") else ""
    return f".{zlib.crc32(name.encode()):08x}-{zlib.crc32(machine.encode()):08x}-"


def _remove_left(directory: str, prefix: str) -> None:
    """Remove the temporary files of processes that no longer run. Once in a process is enough: it removes its own itself."""
    if (directory, prefix, os.getpid()) in _removed:
        return
    for entry in os.listdir(directory):
        process = entry.removeprefix(prefix).partition("-")[0]
        if entry.startswith(prefix) and process.isdigit() and not _runs(int(process)):
            with suppress(OSError):  # another process removes it too
                os.unlink(os.path.join(directory, entry))
    _removed.add((directory, prefix, os.getpid()))


_removed: set[tuple[str, str, int]] = set()


def _runs(process: int) -> bool:
    """Whether a process with this number runs on this machine; True if the system does not tell."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _flush(directory: str) -> None:
    """Write the names in a directory to disk, so that a renamed file survives a loss of power."""
    if sys.platform == "win32":
        return
    try:
        opened = os.open(directory, os.O_RDONLY)
    except PermissionError:  # names can be written to it, but not read
        return
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot flush directories
            raise
    finally:
        os.close(opened)


def write_rows(path: str | os.PathLike[str], names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of named values to a CSV or JSON Lines file.

    Parameters
    ----------
    path : str or path
        The file to write, with the extension ``.csv`` or ``.jsonl``.
    names : sequence of str
        The columns of a CSV file.
    rows : sequence of mapping
        Mappings from name to value; names may be missing. JSON has neither infinity nor NaN: they are written as null.

    Raises
    ------
    ValueError
        If `path` has another extension.
    OSError
        As in `replacing`.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "rows.jsonl")
    >>> write_rows(path, ["epoch", "loss"], [{"epoch": 1, "loss": 0.5}])
    >>> with open(path) as file:
    ...     print(file.read(), end="")
    {"epoch": 1, "loss": 0.5}
    """
    ending = os.path.splitext(os.fspath(path))[1]
    if ending == ".jsonl":
        text = json_lines(rows)
    elif ending == ".csv":
        text = csv_text(names, [dict(zip(names, names, strict=True)), *rows])
    else:
        raise ValueError(f"path must end in .csv or .jsonl, got {os.fspath(path)!r}")
    with replacing(path) as file:
        file.write(text.encode())


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    r"""Return a line of CSV for each row, with its values in the order of the names; missing ones are empty.

    Examples
    --------
    >>> csv_text(["epoch", "loss", "f1"], [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "f1": math.nan}])
    '1,0.5,\n2,0.25,nan\n'
    """
    import csv  # slow to import, and rarely needed
    import io

    table = io.StringIO()
    csv.DictWriter(table, names, lineterminator="\n").writerows(rows)
    return table.getvalue()


def json_lines(rows: Iterable[Mapping[str, object]]) -> str:
    r"""Return a line of JSON for each row; numbers that are infinite or NaN, which JSON does not have, are null.

    Examples
    --------
    >>> json_lines([{"epoch": 1, "loss": 0.5, "f1": math.nan}])
    '{"epoch": 1, "loss": 0.5, "f1": null}\n'
    """
    import json  # slow to import, and rarely needed

    def finite(value: object) -> object:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return "".join(json.dumps({name: finite(value) for name, value in row.items()}) + "\n" for row in rows)
