"""Writing files so that nothing is ever lost."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file beside `path`; if all goes well it takes that name at the end, else it goes.

    So whoever reads `path`, at whatever moment, finds the old file whole or the new one whole. The new file is on the
    disk before it takes the name.

    Raises
    ------
    OSError
        If there is no such directory or it cannot be written; the message says which.

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
    from pathlib import Path

    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"path must name a file, but {target} is a directory")
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        file = beside.open("xb")
    except OSError as error:
        raise type(error)(f"cannot write {target}: {error.strerror or error} ({target.absolute().parent})") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
