"""Keep machine code on disk, each piece with its SHA-256, so that a damaged file is compiled again and replaced.

Numba has a cache of its own, but it loads what it finds: a file cut short raises an error in each process, and a flipped bit
runs as machine code.
"""

from __future__ import annotations

import hashlib
import os
import pickle  # nosec B403
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite
from numba.core.caching import CompileResultCacheImpl
from numba.core.ccallback import CFunc
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature

DIGEST = 32
"""Bytes of a SHA-256."""


class Store(CompileResultCacheImpl):
    """What Numba asks for machine code, and gives it to.

    Parameters
    ----------
    directory : str
        Where the files are; one for each function and the file that defines it, signature, processor, and version of Python and LLVM.
    function : callable
    """

    def __init__(self, directory: str, function: Any) -> None:
        self.directory, self.name = directory, f"{function.__module__}.{function.__qualname__}"
        self.source = hashlib.sha256(Path(function.__code__.co_filename).read_bytes()).hexdigest()
        self.error: OSError | None = None
        """Why the last machine code could not be kept."""

    def path(self, signature: Any, codegen: Any) -> str:
        """Return the path of the file of the machine code."""
        key = hashlib.sha256(
            repr((self.source, sys.version, llvmlite.__version__, str(signature), codegen.magic_tuple())).encode()
        ).hexdigest()
        return os.path.join(self.directory, f"{self.name}-{key[:16]}")

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the machine code, or None if there is no file of it, or a damaged one."""
        context.refresh()
        try:
            with open(self.path(signature, context.codegen()), "rb") as file:
                content = file.read()
        except OSError:
            return None
        digest, data = content[:DIGEST], content[DIGEST:]
        if hashlib.sha256(data).digest() != digest:
            return None
        return self.rebuild(context, pickle.loads(data))  # noqa: S301  # nosec B301  # what `save_overload` has written

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write the machine code to its file, which appears when it is complete."""
        path = self.path(signature, result.codegen)
        data = dumps(self.reduce(result))
        temporary = f"{path}.{uuid.uuid4().hex}"
        try:
            os.makedirs(self.directory, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(hashlib.sha256(data).digest() + data)
            os.replace(temporary, path)
        except OSError as error:
            self.error = error
            with suppress(OSError):
                os.unlink(temporary)


class StoredFunction(CFunc):
    """A C function whose machine code is kept in a `Store`, instead of in Numba's cache."""

    def __init__(self, directory: str, function: Callable[..., Any], signature: Any, **options: Any) -> None:
        super().__init__(function, normalize_signature(signature), {}, options)
        self.store = self._cache = Store(directory, function)
