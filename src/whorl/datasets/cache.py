"""Where the files of a data set lie: in a directory of the user's, or in the cache, or on the network."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whorl._core import validation

if TYPE_CHECKING:
    from pathlib import Path


def cache_directory() -> Path:
    r"""Return the directory for files that could be downloaded again, as the operating system has it.

    That is ``$XDG_CACHE_HOME/whorl`` or ``~/.cache/whorl``; on macOS ``~/Library/Caches/whorl``; on Windows
    ``%LOCALAPPDATA%\whorl``.
    """
    from pathlib import Path

    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", ""))
        if not base.is_absolute():  # unset, empty, or to be ignored, as the XDG specification says
            base = Path.home() / ".cache"
    return Path(base) / "whorl"


def places(folder: str, cache: str | os.PathLike[str] | None = None) -> list[Path]:
    """Return the directories in which to look for a data set's files, in this order.

    ``$WHORL_DATA/folder``, if the variable is set, then ``cache/folder``.
    """
    from pathlib import Path

    if not (cache is None or isinstance(cache, str | os.PathLike)):
        raise TypeError(f"cache must be the path of a directory, or None, got {validation.show(cache)}")
    given = os.environ.get("WHORL_DATA")
    bases = ([Path(given)] if given else []) + [cache_directory() if cache is None else Path(cache)]
    return [base / folder for base in bases]


def obtain(
    folder: str,
    name: str,
    *,
    mirrors: Sequence[str],
    checksum: str,
    cache: str | os.PathLike[str] | None = None,
    timeout: float = 20.0,
) -> Path:
    """Return the path of a data set's file, and download it into the cache if it is in none of the `places`.

    A file that ends in ``.gz`` may also be there decompressed, without that ending. Only what is downloaded is compared
    with the checksum: a file that someone has put there is taken as it is.

    Raises
    ------
    DownloadError
        If it is nowhere, and cannot be downloaded; the message says what to do.
    """
    from whorl.datasets.download import DownloadError, download

    directories = places(folder, cache)
    for directory in directories:
        for path in (directory / name, directory / name.removesuffix(".gz")):
            if path.is_file():
                return path
    target = directories[-1] / name
    try:
        download(target, mirrors, checksum, timeout=timeout)
    except DownloadError as error:
        raise DownloadError(
            f"{folder}: {error}. If you have the file, put it into {target.parent},"
            f" or set WHORL_DATA to a directory in whose folder {folder} it is"
        ) from None
    return target
