"""What runs in a worker: one training, with the data that this process has received."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from whorl._core.blas import single_threaded_blas
from whorl._core.types import Array
from whorl.engine import choose
from whorl.model import Model
from whorl.remote.parcels import Cache, Contents, dumps, loads, unpack
from whorl.training import History, Training, TrainingState, options

RECEIVED = Cache()
"""The data that this process has received."""


@dataclass(frozen=True, eq=False)
class Missing:
    """The answer of a worker that does not have all data of a training: the checksums of those that it lacks."""

    worker: str
    checksums: list[str]


@dataclass(frozen=True, eq=False)
class Failed:
    """The answer of a worker whose training has raised an exception."""

    worker: str
    error: BaseException


@dataclass(frozen=True, eq=False)
class Trained:
    """The answer of a worker that has trained a model: all that training changes.

    Parameters
    ----------
    worker : str
    parameters, statistics : ndarray
    frozen : frozenset of int
    history : History
    state : TrainingState or None
        If the training has continued one, it may be that of the model itself, which goes on in place.
    rng : dict or None
        The state of the generator that was passed as `rng`.
    """

    worker: str
    parameters: Array
    statistics: Array
    frozen: frozenset[int]
    history: History
    state: TrainingState | None
    rng: Any


Answer = Missing | Failed | Trained


def work(task: bytes, contents: Contents, received: Mapping[str, Any], together: int, _: str) -> bytes:
    """Train a model in this process, if it has the data; return the `Answer` as bytes.

    Parameters
    ----------
    task : bytes
        The model, and the arguments that are not data.
    contents : mapping
        The checksums of the data, by name.
    received : mapping
        The data that come with this call, by their checksums.
    together : int
        The number of such trainings, for the choice of the engine.
    _ : str
        Different in each call, so that no executor takes two of them for the same.
    """
    worker = f"{platform.node()}:{os.getpid()}"
    found, missing = RECEIVED.find([each for some in contents.values() for each in some], received)
    if missing:
        return dumps(Missing(worker, missing))
    try:
        data = {name: unpack([found[each] for each in some]) for name, some in contents.items()}
        return dumps(_trained(worker, task, data, together))
    except Exception as error:  # noqa: BLE001  # which the other process raises
        return dumps(Failed(worker, _sendable(error, worker)))


def _trained(worker: str, task: bytes, data: dict[str, Any], together: int) -> Trained:
    model: Model
    model, arguments = loads(task)
    X, y, rng = data.pop("X"), data.pop("y"), arguments.get("rng")
    asked = options("fit_many", arguments | data)
    with single_threaded_blas():
        training = Training(model, X, y, asked, partial(choose, together=together))
        for _ in training.blocks():
            pass
    state = training.state
    given = None if asked.state is None else state
    return Trained(worker, model.parameters, model.statistics, model.frozen, state.history, given, generator_state(rng))


def generator_state(rng: object) -> Any:
    """Return the state of what draws random numbers; None for a seed."""
    bits = rng.bit_generator if isinstance(rng, np.random.Generator) else rng
    return bits.state if isinstance(bits, np.random.BitGenerator) else None


def _sendable(error: Exception, worker: str) -> Exception:
    """Return an exception that can be sent, with its traceback as a note."""
    text = "".join(traceback.format_exception(error)).strip()
    try:
        error = loads(dumps(error))  # without its cause, and only if that works
    except Exception:  # noqa: BLE001  # as some exceptions need arguments to be made
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"in the worker {worker}:\n{text}")
    return error
