"""Where a training writes: a file or directory that is new, so that no training overwrites the records of another one."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import NoReturn

from whorl.training import Callback
from whorl.training.callbacks import Run

RUN = "{run}"
"""What is replaced in a path by the number of the training: 1, 2, …"""


def recall(training: Run, callback: Callback, path: str) -> SimpleNamespace:
    """Return what a callback remembers of its place: nothing, unless it has written to this path before.

    ``place.run`` is the number of the training, or None before `claim`; ``place.count`` is the number of epochs written.
    """
    memory = training.memory(callback)
    place = getattr(memory, "place", SimpleNamespace())
    if getattr(place, "path", None) != path:
        place = memory.place = SimpleNamespace(path=path, run=None, count=0)
    run, count = getattr(place, "run", ""), getattr(place, "count", -1)
    if not isinstance(run, int | None) or not 0 <= count <= len(training.state.history.epochs):
        raise ValueError(f"state has data of {type(callback).__name__} that it does not keep in this form")
    return place


def numbered(path: str, run: int) -> str:
    """Return the path of a training, by its number.

    Examples
    --------
    >>> numbered("log-{run}.csv", 3), numbered("log.csv", 1)
    ('log-3.csv', 'log.csv')
    """
    return path.replace(RUN, str(run))


def check_new(path: str) -> None:
    """Raise FileExistsError if a training could not claim the path, before it begins."""
    if RUN not in path and os.path.lexists(path):
        refuse(path)


def claim(path: str, make: Callable[[str], object]) -> int:
    """Make a new file or directory, and return the number of the training in its name: the first one that is free.

    Parameters
    ----------
    path : str
        Directories above it are made too.
    make : callable
        Makes it, given its path; raises FileExistsError if it is there already. So two trainings never get the same one.
    """
    run = 1
    while True:
        own = numbered(path, run)
        os.makedirs(os.path.dirname(own) or ".", exist_ok=True)
        try:
            make(own)
        except FileExistsError:
            if RUN not in path:
                refuse(path)
        else:
            return run
        run += 1


def refuse(path: str) -> NoReturn:
    """Raise FileExistsError, which says what to do."""
    root, ending = os.path.splitext(path)
    raise FileExistsError(
        f"{path} is there already, and may hold another training; give a new path, or one with {RUN}, which becomes the number of"
        f" the training: {f'{root}-{RUN}{ending}'!r}"
    )
