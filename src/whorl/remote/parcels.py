"""What a training needs, as bytes: its data in parts that are known by their checksums, so that a worker gets each of them once."""

from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.training.sources import Stored, is_stored

DATA = ("validation", "sample_weight")
"""Arguments of training that are data, beside X and y."""

CACHE = 2**30
"""Bytes of data that a worker keeps for the next trainings."""

Buffer = bytes | memoryview

Contents = Mapping[str, Sequence[str]]
"""For each of X, y and the other data: the checksums of its parts."""


def dumps(value: object, buffers: list[pickle.PickleBuffer] | None = None) -> bytes:
    """Return a value as bytes; large arrays in it go to `buffers`, if there is such a list, without a copy.

    cloudpickle, which Dask and loky bring along, sends classes and functions of a notebook or script too.
    """
    keep = None if buffers is None else buffers.append
    try:
        import cloudpickle
    except ImportError:
        return pickle.dumps(value, protocol=5, buffer_callback=keep)
    content: bytes = cloudpickle.dumps(value, protocol=5, buffer_callback=keep)
    return content


def loads(content: Buffer, buffers: Sequence[Array] = ()) -> Any:
    """Return what `dumps` has turned into bytes, in a process that whorl itself has handed work to, or has it from."""
    return pickle.loads(content, buffers=buffers)  # noqa: S301


class Sender:
    """The data of several trainings: equal parts are kept once, as views of the arrays where that is possible."""

    def __init__(self) -> None:
        self._parts: dict[str, memoryview] = {}
        self._known: dict[int, tuple[object, list[str]]] = {}

    def add(self, value: object) -> list[str]:
        """Return the checksums of the parts of a value."""
        if id(value) not in self._known:
            self._known[id(value)] = value, [self._add(part) for part in _parts(value)]
        return self._known[id(value)][1]

    def _add(self, part: memoryview) -> str:
        checksum = hashlib.sha256(part).hexdigest()
        self._parts.setdefault(checksum, part)
        return checksum

    def parts(self, checksums: Sequence[str]) -> dict[str, Any]:
        """Return parts to send, by their checksums: as arrays, which every way of sending knows."""
        return {each: np.frombuffer(self._parts[each], np.uint8) for each in checksums}


def _parts(value: object) -> list[memoryview]:
    """Return a value as bytes: first what it is, then the memory of its arrays. Of a large array in a file it is where the file is."""
    if isinstance(value, np.ndarray) and is_stored(value):
        value = Stored(value)
    elif isinstance(value, np.memmap):
        value = value.view(np.ndarray)
    buffers: list[pickle.PickleBuffer] = []
    content = dumps(value, buffers)
    return [memoryview(content), *(each.raw() for each in buffers)]


def unpack(parts: Sequence[Array]) -> Any:
    """Return the value that has these parts; its arrays share their memory, and are read-only."""
    content, *buffers = parts
    return loads(content.data, buffers)


class Cache:
    """The parts that a worker has received: those used last, up to a number of bytes.

    Parameters
    ----------
    size : int, optional
        Bytes to keep; what a training needs is there even if it is more.
    """

    def __init__(self, size: int = CACHE) -> None:
        self._size, self._lock = size, Lock()
        self._parts: OrderedDict[str, Array] = OrderedDict()

    def find(self, checksums: Sequence[str], received: Mapping[str, Any]) -> tuple[dict[str, Array], list[str]]:
        """Return parts by their checksums, those just received included, and the checksums of those that are missing."""
        with self._lock:
            for each, part in received.items():
                self._parts[each] = _owned(part)
            found = {each: self._parts[each] for each in checksums if each in self._parts}
            for each in found:
                self._parts.move_to_end(each)
            while len(self._parts) > len(found) and sum(part.nbytes for part in self._parts.values()) > self._size:
                self._parts.popitem(last=False)
        return found, [each for each in checksums if each not in found]


def _owned(part: Any) -> Array:
    """Return a copy in aligned memory, which nothing else uses; read-only."""
    copied: Array = np.array(part, np.uint8)
    copied.flags.writeable = False
    return copied
