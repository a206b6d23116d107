"""The files of the page, which come with the package. Nothing else on this machine can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""The endings of the files that are served, and their media types."""


def assets() -> dict[str, tuple[bytes, str]]:
    """Return the content and the media type of each file by its name, such as ``"index.html"`` or ``"controls/data.js"``."""
    found = {}
    for name, file in _below(files("whorl.playground") / "static", ""):
        ending = name[name.rfind(".") :]
        if ending in TYPES:
            found[name] = file.read_bytes(), TYPES[ending]
    return found


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, f"{prefix}{each.name}/")
        else:
            yield prefix + each.name, each
