"""Writing files atomically."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when the block ends without an error, and is removed otherwise.

    A program that reads `path` at any time finds either the old or the new file, complete. The new file is flushed to disk
    before it is renamed. Symbolic links are followed, and a file that is replaced keeps its permissions.

    Parameters
    ----------
    path : str or path
        The file to write.

    Yields
    ------
    binary file
        The temporary file, in the same directory.

    Raises
    ------
    OSError
        If `path` is a directory or a device, its directory does not exist, or it cannot be written; the message says which.

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
    temporary = os.path.join(directory, f".{os.urandom(8).hex()}.tmp")
    try:
        file = open(temporary, "xb")  # noqa: SIM115  # closed by the with statement below
    except OSError as error:
        raise type(error)(f"cannot write {os.fspath(path)}: {error.strerror} ({directory})") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def write_rows(path: str | os.PathLike[str], names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of named values to a CSV or JSON Lines file.

    Parameters
    ----------
    path : str or path
        The file to write, with the extension ``.csv`` or ``.jsonl``.
    names : sequence of str
        The columns of a CSV file.
    rows : sequence of mapping
        Mappings from name to value; names may be missing.

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
    import csv  # slow to import, and rarely needed
    import io
    import json

    ending = os.path.splitext(os.fspath(path))[1]
    if ending == ".jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    elif ending == ".csv":
        table = io.StringIO()
        writer = csv.DictWriter(table, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = table.getvalue()
    else:
        raise ValueError(f"path must end in .csv or .jsonl, got {os.fspath(path)!r}")
    with replacing(path) as file:
        file.write(text.encode())
