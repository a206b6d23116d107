"""Which processes use the file of a study, and which one writes to it: locks that the system releases when a process is killed."""

from __future__ import annotations

import os
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


HAS_LOCKS = fcntl is not None

ATTEMPTS, PAUSE = 3, 0.02
"""How often to ask for a lock, and how many seconds to wait in between."""


class Users:
    """The processes that use a file: each holds a lock on it, which the system releases when the process ends, however it ends.

    Where there are no such locks, as on Windows, each process takes itself for the only one.

    Parameters
    ----------
    path : str or path
        The file, which is made if there is none.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = open(path, "a+b")  # noqa: SIM115  # `close` closes it

    def alone(self) -> bool:
        """Return whether no other process uses the file. If so, those that come wait until this one calls `share` or `close`."""
        if not HAS_LOCKS:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)  # so that of two processes that end at the same time, one is alone
        for _ in range(ATTEMPTS):  # another one may be asking the same
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(PAUSE)
            else:
                return True
        return False

    def share(self) -> None:
        """Use the file beside other processes."""
        if HAS_LOCKS:
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def mend(self) -> None:
        """Remove a last line that a crash has left incomplete; only when alone."""
        self._file.seek(0)
        content = self._file.read()
        complete = content.rfind(b"\n") + 1
        if complete < len(content):
            self._file.truncate(complete)

    def close(self) -> None:
        """Use it no more."""
        self._file.close()


class Writing:
    """The lock for writing to a journal of Optuna, which calls these methods.

    Optuna's own locks are files that are removed after writing. A process that is killed leaves them, and all others wait.

    Parameters
    ----------
    path : str
        The file to lock, beside the journal.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def acquire(self) -> bool:
        """Wait until no other process writes."""
        self._file = open(self.path, "ab")  # noqa: SIM115  # `release` closes it
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Let others write."""
        self._file.close()
