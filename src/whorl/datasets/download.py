"""The files of a data set: found on this machine, or downloaded into the cache by pooch."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from whorl._core import validation

TIMEOUT = 20.0  # seconds without an answer from a server
RETRIES = 1  # for each mirror


class DownloadError(OSError):
    """No mirror delivered the file."""


def cache_directory() -> Path:
    """Return the user's directory for files that can be downloaded again, such as ``~/.cache/whorl`` on Linux."""
    try:
        from platformdirs import user_cache_dir
    except ImportError:  # the extra is missing
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "whorl")
    return Path(user_cache_dir("whorl", appauthor=False))


def find(
    folder: str, name: str, *, mirrors: Sequence[str], checksum: str, cache: str | os.PathLike[str] | None = None
) -> Path:
    """Return the path of a data set's file: in ``$WHORL_DATA/folder``, else in ``cache/folder``, else downloaded to there.

    A file whose name ends in ``.gz`` may also be there uncompressed, without that ending. Only downloads are compared
    with the checksum.

    The mirrors are the URLs of directories that have the file, each ending in ``/``; they are tried in turn. The checksum
    is the file's SHA-256, in hexadecimal. The default cache is `cache_directory`.

    Raises
    ------
    DownloadError
        If no mirror delivers the file.
    ImportError
        If the file has to be downloaded, and the extra is not installed.
    """
    if not (cache is None or isinstance(cache, str | os.PathLike)):
        raise TypeError(f"cache must be the path of a directory, or None, got {validation.show(cache)}")
    target = Path(cache_directory() if cache is None else cache, folder)
    own = os.environ.get("WHORL_DATA")
    for directory in [Path(own, folder), target] if own else [target]:
        for path in (directory / name, directory / name.removesuffix(".gz")):
            if path.is_file():
                return path
    by_hand = f"put the file into {target}, or set WHORL_DATA to the directory that has the folder {folder} with it"
    try:
        return _download(target, name, mirrors, checksum)
    except ImportError as error:
        raise ImportError(
            f"{folder}: {name} is not on this machine; to download it, install the extra whorl[download]; or {by_hand}"
        ) from error
    except DownloadError as error:
        raise DownloadError(f"{folder}: {error}. If you have it, {by_hand}") from None


def _download(directory: Path, name: str, mirrors: Sequence[str], checksum: str) -> Path:
    import pooch
    from requests import RequestException

    terminal = sys.stderr is not None and sys.stderr.isatty()
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=terminal)
    failures = []
    for mirror in mirrors:
        files = pooch.create(directory, mirror, registry={name: f"sha256:{checksum}"}, retry_if_failed=RETRIES)
        try:
            return Path(files.fetch(name, downloader=downloader))
        except (RequestException, ValueError) as error:  # ValueError: the checksum is wrong
            failures.append(f"{mirror}{name}: {' '.join(str(error).split())}")
    raise DownloadError(f"cannot download {name}: {'; '.join(failures)}")
