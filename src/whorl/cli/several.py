"""Commands in several processes, started by mpiexec: only the first of them prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any, TextIO, cast

from whorl.distributed import launched, started


class OfFirst:
    """A stream that only the first process writes to; if that is lost, the next one.

    Parameters
    ----------
    stream : file
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write the text, in the first process."""
        return self.stream.write(text) if started().rank == 0 else len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def first_only() -> Iterator[None]:
    """Let only the first of several processes print."""
    with redirect_stdout(cast("TextIO", OfFirst(sys.stdout))) if launched() else nullcontext():
        yield
