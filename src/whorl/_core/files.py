"""Writing files so that nothing is ever lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file beside `path`; if all goes well it takes that name at the end, else it goes.

    So whoever reads `path`, at whatever moment, finds the old file whole or the new one whole. The new file is on the disk
    before it takes the name. A link is followed, and a file that is replaced keeps its permissions.

    Raises
    ------
    OSError
        If `path` is a directory or a device, there is no such directory, or it cannot be written; the message says which.

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
        what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
        raise OSError(f"path must name a file, but {os.fspath(path)} is {what}")
    directory = os.path.dirname(target)
    beside = os.path.join(directory, f".{os.urandom(8).hex()}.tmp")
    try:
        file = open(beside, "xb")  # noqa: SIM115  # closed below, whatever happens
    except OSError as error:
        raise type(error)(f"cannot write {os.fspath(path)}: {error.strerror} ({directory})") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(beside, stat.S_IMODE(mode))
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise


def write_rows(path: str | os.PathLike[str], names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of named values to a file that ends in ``.csv`` or ``.jsonl``.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "rows.jsonl")
    >>> write_rows(path, ["epoch", "loss"], [{"epoch": 1, "loss": 0.5}])
    >>> with open(path) as file:
    ...     print(file.read(), end="")
    {"epoch": 1, "loss": 0.5}
    """
    import csv  # these take time to load, and few need them
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
