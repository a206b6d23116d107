"""Check that all processes have equal arguments, data and training states, and that none holds up the others."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from whorl._core.types import Array
from whorl.distributed.processes import Processes
from whorl.training import Samples, Training, TrainingState
from whorl.training.stored import StoredSamples

SOME = 1000
"""Rows of the inputs that are compared at the start."""

EVERY = 1000
"""Training states are compared after so many steps, and times too."""

SLOW = 2.0
"""A process is reported that takes so many times as long as the median."""

log: logging.Logger = logging.getLogger("whorl.distributed")


def contents(training: Training, *, with_state: bool) -> dict[str, int]:
    """Return what must be equal in all processes: a hash by name; of the training state too, if it is not to be that of the first."""
    options, model = training.options, training.model
    settings = {name: getattr(options, name) for name in ("loss", "optimizer", "epochs", "accumulate", "on_divergence")}
    callbacks = [type(each).__name__ for each in training.callbacks if not each.main_process_only]
    rng = _text(training.state.rng.bit_generator.state)
    return {
        "the layers": _text([*model.layers, model.inputs, model.dtype, sorted(model.frozen)]),
        **{name: _text(value) for name, value in settings.items()},
        "batch_size": _text(training.batch_size),
        "metrics": _text(list(training.metrics)),
        "callbacks": _text(callbacks),
        "the training samples": _samples(training.train),
        "the validation samples": _samples(training.validation),
        "rng": rng,
        "the training state": state_hash(training.state) if with_state else 0,
    }


def _text(value: object) -> int:
    """Return a hash of what something prints, without the addresses of functions."""
    return crc32(re.sub(r" at 0x[0-9a-fA-F]+", "", str(value)).encode())


def _samples(data: Samples | None) -> int:
    """Return a hash of the labels, the weights, and of some inputs; for samples in files, of the first ones."""
    if data is None:
        return 0
    if isinstance(data, StoredSamples):
        some, *others = data.batch(np.arange(min(SOME, len(data))))
    else:
        some, *others = np.asarray(data.x[:: -(-len(data) // SOME)]), data.target, data.weight
    value = crc32(f"{len(data)} {some.shape} {some.dtype}".encode(), crc32(_bytes(some)))
    for each in others:
        value = value if each is None else crc32(_bytes(each), value)
    return value


def _bytes(values: Array) -> Any:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def state_hash(state: TrainingState) -> int:
    """Return a number that depends on all those of a training state."""
    value = crc32(_text(state.rng.bit_generator.state).to_bytes(4, "little"))
    for each in state.arrays():
        value = crc32(_bytes(each), value)
    return value


def check_equal(processes: Processes, own: Mapping[str, int]) -> None:
    """Raise ValueError in all processes unless each has the same numbers under these names."""
    slots = processes.slots

    def fill(vector: Array) -> None:
        vector[:] = 0
        vector.reshape(slots, len(own))[processes.number] = list(own.values())

    table = processes.together(slots * len(own), np.float64, fill).reshape(slots, len(own))[processes.numbers]
    for name, column in zip(own, table.T, strict=True):
        if others := _different(column, processes.numbers):
            raise ValueError(
                f"with distributed=True, {name} must be equal in all processes, but differ in {_named(others)}: run the same script with"
                " the same arguments and data in each, and seed what is random"
            )


def _different(values: Array, numbers: Sequence[int]) -> list[int]:
    """Return the numbers of the processes whose value is not that of most, the first of those that are as frequent."""
    found, first, times = np.unique(values, return_index=True, return_counts=True)
    usual = found[np.lexsort((first, -times))[0]]
    return [number for number, value in zip(numbers, values, strict=True) if value != usual]


def _named(numbers: Sequence[int]) -> str:
    return f"process{'es' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


class Watch:
    """Looks at the times and the training states of all processes in the course of training."""

    def __init__(self) -> None:
        self.times: Array | float = 0.0
        self.slow: set[int] = set()

    def hashes(self, step: int) -> bool:
        """Return whether training states are compared in this step."""
        return step % EVERY == 0

    def step(self, step: int, times: Array, hashes: Array, numbers: Sequence[int], *, report: bool) -> None:
        """Take note of a step; raise RuntimeError if training states differ, warn if a process is slow.

        Parameters
        ----------
        step : int
        times, hashes : ndarray
            The seconds that each process computed in this step, and the hashes of their states before it.
        numbers : sequence of int
            Those of the processes that are left.
        report : bool
            Whether this process writes the warning.
        """
        self.times = self.times + times
        if not self.hashes(step):
            return
        if others := _different(hashes[numbers], numbers):
            raise RuntimeError(
                f"the training states of {_named(others)} differ from those of the others before step {step + 1}: their processors or libraries"
                " round in different ways, or a callback changes the model in some processes only"
            )
        seconds = np.asarray(self.times)[numbers]
        self.times, median = 0.0, float(np.median(seconds))
        slow = {numbers[k]: float(each) for k, each in enumerate(seconds) if each > SLOW * median and step}
        if report:
            for number in slow.keys() - self.slow:
                log.warning(
                    "process %d is slow: it computed for %.3g s in the last %d steps, where the median is %.3g s",
                    number,
                    slow[number],
                    EVERY,
                    median,
                )
        self.slow |= slow.keys()
