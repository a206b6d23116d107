"""The training state in a file, to continue a run that has ended in any way."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import numpy as np

from whorl._core import tree
from whorl._core.archive import Archive, ModelFileError, reading
from whorl._core.types import Array
from whorl._core.validation import show
from whorl.stack import Stack
from whorl.training.history import Epoch, History
from whorl.training.orders import BlockOrder
from whorl.training.state import EpochState, TrainingState

PREFIX = "training."
"""How the names of the state's arrays begin."""

GENERATORS = {
    kind.__name__: kind
    for kind in (np.random.MT19937, np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64)
}
"""The bit generators that can be saved."""

SNAPSHOT = {
    "parameters": np.ndarray,
    "statistics": np.ndarray,
    "optimizer": SimpleNamespace,
    "schedule": SimpleNamespace,
    "stepped": np.ndarray | None,
    "step": int,
}
EPOCH = {
    "order": np.ndarray | SimpleNamespace,
    "before": dict,
    "rng_before": dict,
    "samples": int,
    "skipped": int,
    "loss": float,
    "penalty": float,
    "seconds": float,
    "predictions": list,
    "sums": dict,
}
STATE = {
    "optimizer": SimpleNamespace,
    "schedule": SimpleNamespace,
    "rng": dict,
    "stepped": np.ndarray | None,
    "epoch": int,
    "step": int,
    "current": dict | None,
    "history": list,
    "stopped": str | None,
    "skipped_steps": list,
    "engine": str,
    "callbacks": list,
}
"""What a file holds of a snapshot from before the epoch, of the epoch under way, and of the training state."""


def write(state: TrainingState | None) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a training state, if there is one, as a header and arrays, without the parameters and statistics of the model.

    Raises
    ------
    TypeError
        If it holds anything but numbers, text, arrays, lists, dicts and namespaces; or a bit generator other than NumPy's.
    """
    if state is None:
        return {}, {}
    if type(state.rng.bit_generator).__name__ not in GENERATORS:
        raise TypeError(f"only the generators {', '.join(GENERATORS)} can be saved, got {state.rng.bit_generator!r}")
    arrays: dict[str, Array] = {}
    content = {
        "optimizer": state.optimizer,
        "schedule": state.schedule,
        "rng": state.rng.bit_generator.state,
        "stepped": state.stepped,
        "epoch": state.epoch,
        "step": state.step,
        "current": None if state.current is None else _epoch_content(state.current),
        "history": _history_content(state.history),
        "stopped": state.history.stopped,
        "skipped_steps": state.history.skipped,
        "engine": state.history.engine,
        "callbacks": state.callbacks,
    }
    try:
        return {"training": {name: tree.flatten(each, arrays, PREFIX) for name, each in content.items()}}, arrays
    except TypeError as error:  # in what an optimizer, a schedule or a callback of the user's keeps
        raise TypeError(f"the training state cannot be saved: {error}") from None


def _history_content(history: History) -> list[dict[str, Any]]:
    """Return the records as tables: one for all epochs in a row with the same values."""
    tables = []
    for names, epochs in groupby(history.epochs, key=lambda epoch: list(epoch.values)):
        some = list(epochs)
        table = {
            "names": names,
            "numbers": np.array([each.number for each in some]),
            "seconds": np.array([each.seconds for each in some]),
            "values": np.array([list(each.values.values()) for each in some], float),
        }
        tables.append(table)
    return tables


def _epoch_content(current: EpochState) -> dict[str, Any]:
    predictions = [np.concatenate(part) for part in zip(*current.predictions, strict=True)]
    return {
        **vars(current),
        "order": current.order if isinstance(current.order, np.ndarray) else current.order.content(),
        "before": {name: getattr(current.before, name) for name in SNAPSHOT},
        "predictions": [tuple(predictions)] if predictions else [],
    }


def resume(path: str | os.PathLike[str], model: Stack, restore: Callable[[TrainingState], None]) -> None:
    """Continue a training from the state in a file, with `Training.restore`. If that is not possible, nothing has changed.

    Raises
    ------
    OSError
        If the file cannot be read.
    ModelFileError
        If it is damaged, or holds no training state.
    ValueError
        If it is of another model, optimizer, or number of samples.
    """
    with reading(path) as file:
        found = [file.header.get(name) for name in ("layers", "inputs", "dtype")]
        expected = [repr(list(model.layers)), list(model.inputs), model.dtype.name]
        if found == expected:
            arrays = {name: file.array(name, view.shape) for name, view in model.named_arrays().items()}
            state = read(file, model.parameters, model.statistics)
            frozen = model.frozen
            model.freeze(*file.header["frozen"])
    if found != expected:
        raise ValueError(f"resume must be a checkpoint of this model, {expected}, but {os.fspath(path)} is of {found}")
    try:
        restore(state)
    except BaseException:
        model.freeze(*frozen)
        raise
    for name, view in model.named_arrays().items():
        view[...] = arrays[name]


def read(file: Archive, parameters: Array, statistics: Array) -> TrainingState:
    """Return the training state in a file, given the vectors of its model.

    Raises
    ------
    ModelFileError
        If there is none, or it is not as `write` writes it.
    """
    content = file.header.get("training")
    if not isinstance(content, dict):
        raise ModelFileError("it holds a model only, and no training state: Checkpoint writes files that do")

    def array(name: str) -> Array:
        return file.any_array(name).copy()

    data = _typed("training state", {name: tree.restore(each, array) for name, each in content.items()}, STATE)
    history = History()
    history.epochs = [
        Epoch(number, seconds, dict(zip(table["names"], values, strict=True)))
        for table in data["history"]
        for number, seconds, values in zip(
            *(table[name].tolist() for name in ("numbers", "seconds", "values")), strict=True
        )
    ]
    history.stopped, history.skipped, history.engine = (
        data.pop(name) for name in ("stopped", "skipped_steps", "engine")
    )
    if not all(isinstance(each, str) for each in history.skipped):
        raise ModelFileError("its skipped steps must be described by text")
    current = data.pop("current")
    state = TrainingState(parameters, statistics, **data | {"rng": _generator(data["rng"]), "history": history})
    if not all(isinstance(getattr(memory, "kind", None), str) for memory in state.callbacks):
        raise ModelFileError("the data of its callbacks must be namespaces, each with the name of its kind")
    if current is not None:
        _typed("epoch", {"sums": {}, **current}, EPOCH)  # which files of earlier versions do not have
        _generator(current["rng_before"])
        if isinstance(current["order"], SimpleNamespace):
            current["order"] = BlockOrder.restored(current["order"])
        before = replace(state, **_typed("snapshot", current.pop("before"), SNAPSHOT))
        state.current = EpochState(before=before, **current)
        if any(
            len(part) != state.current.samples - state.current.skipped
            for pair in state.current.predictions
            for part in pair
        ):
            raise ModelFileError("its epoch must have a prediction for each sample")
    return state


def _typed(name: str, data: dict[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return data with these names; raise ModelFileError unless they are all there, each of its type."""
    if data.keys() != kinds.keys():
        raise ModelFileError(f"its {name} must have {', '.join(kinds)}, got {', '.join(data)}")
    for key, kind in kinds.items():
        if not isinstance(data[key], kind) or isinstance(data[key], bool):
            raise ModelFileError(f"its {name} has {show(data[key])} as {key}")
    if any(not 0 <= data.get(key, 0) < 2**53 for key in ("epoch", "step", "samples", "skipped")):
        raise ModelFileError(f"its {name} has a number of epochs, steps or samples that is out of range")
    return data


def _generator(state: Mapping[str, Any]) -> np.random.Generator:
    """Return a generator in a state of its bit generator."""
    generator = GENERATORS[state["bit_generator"]]()
    generator.state = state  # type: ignore[assignment]  # NumPy checks it
    return np.random.Generator(generator)
