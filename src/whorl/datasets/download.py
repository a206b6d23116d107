"""Downloading a file: whole and right, or not at all.

What has come lies beside the file under a name of its own, ending in ``.part``, until its checksum is found right; only
then it takes the file's name. A try that fails leaves it as ``NAME.part``, and the next one goes on from there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 16  # bytes written, and shown, at a time


class DownloadError(OSError):
    """No mirror gave the file as it should be; the message says for each what went wrong."""


def download(target: Path, mirrors: Sequence[str], checksum: str, *, timeout: float = 20.0) -> None:
    """Download the file that `target` names from the first mirror that has it right.

    Several processes may do so at once: each writes to a file of its own, and whichever is first puts its file in place.
    On a terminal, the standard error shows how much has come.

    Parameters
    ----------
    target : Path
        Where the file shall lie; directories that lack are made.
    mirrors : sequence of str
        Addresses of directories, each ending in ``/``; they are asked in turn for a file of the target's name.
    checksum : str
        SHA-256 of the whole file, in hexadecimal.
    timeout : float, optional
        Seconds that a mirror may stay silent.

    Raises
    ------
    DownloadError
        If no mirror gave the file; `target` does not exist then.
    OSError
        If the target's directory cannot be made or written.
    """
    from http.client import HTTPException

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _claim(target)
    except OSError as error:
        raise type(error)(f"cannot write into {target.parent}: {error.strerror or error}") from error
    failures = []
    try:
        for mirror in mirrors:
            url = mirror + target.name
            try:
                _complete(url, part, checksum, timeout)
            except (OSError, HTTPException) as error:
                failures.append(f"{url}: {_reason(error)}")
                continue
            if not target.exists():  # else another process was faster, with the same bytes
                os.replace(part, target)
            _show(f"downloaded {target}\n")
            return
        raise DownloadError(f"cannot download {target.name} from any mirror: {'; '.join(failures)}")
    finally:
        _hand_back(part, target)


def _claim(target: Path) -> Path:
    """Take over what an earlier try left, by renaming it: of two processes one gets it, and the other begins anew."""
    part = target.with_name(f"{target.name}.{os.urandom(4).hex()}.part")
    for left in target.parent.glob(f"{target.name}*.part"):
        with suppress(OSError):  # another process has just taken it
            # After an hour, nobody writes any more to what another try calls its own: its process was killed.
            if left.name == f"{target.name}.part" or time.time() - left.stat().st_mtime > 3600:
                left.replace(part)
    part.touch()
    return part


def _hand_back(part: Path, target: Path) -> None:
    """Leave to the next try what has come, if the file is not there yet."""
    if not part.exists():
        return
    if target.exists() or part.stat().st_size == 0:
        part.unlink()
    else:
        part.replace(target.with_name(f"{target.name}.part"))


def _complete(url: str, part: Path, checksum: str, timeout: float) -> None:
    """Add to the file what it lacks, and check it; what is wrong is not kept."""
    import hashlib

    begun = part.stat().st_size > 0
    _receive(url, part, timeout)
    with part.open("rb") as file:
        right = hashlib.file_digest(file, "sha256").hexdigest() == checksum
    if right:
        return
    os.truncate(part, 0)
    if not begun:
        raise OSError("what came has the wrong checksum")
    _complete(url, part, checksum, timeout)  # perhaps only what was there before was wrong


def _receive(url: str, part: Path, timeout: float) -> None:
    """Add the bytes to the file that come after those it has, or all, if the server cannot begin in the middle."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    name = url.rpartition("/")[2]
    have = part.stat().st_size
    request = Request(url, headers={"User-Agent": "whorl"} | ({"Range": f"bytes={have}-"} if have else {}))  # noqa: S310  # the addresses are ours
    try:
        response = urlopen(request, timeout=timeout)  # noqa: S310
    except HTTPError as error:
        with error:
            if have and error.code == 416:  # no byte comes after those: the checksum will tell whether they are right
                return
            raise
    with response, part.open("ab") as file:
        if response.status != 206:  # not the rest, but all of it
            have = 0
            file.truncate(0)
        expected = None if response.length is None else have + response.length
        while chunk := response.read(CHUNK):
            have += file.write(chunk)
            of_all = "" if expected is None else f" of {expected / 1e6:.1f}"
            _show(f"{name} {have / 1e6:.1f}{of_all} MB")
        _show("")
        file.flush()
        os.fsync(file.fileno())
    if expected is not None and have < expected:
        raise OSError(f"it ended after {have} of {expected} bytes")


def _reason(error: Exception) -> str:
    """Say in one line what went wrong, without the wrapping of urllib."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError

    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        return str(error.reason)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if isinstance(error, HTTPException) else text


def _show(text: str) -> None:
    """Write over the line before, if the standard error is a terminal."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
