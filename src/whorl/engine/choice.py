"""Choose between NumPy and the compiled engine, by what a training asks for. Nothing here is measured with a clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from whorl.layers import Dropout, Embedding, chain
from whorl.losses import CrossEntropy, FusedLoss
from whorl.passes import is_fused
from whorl.training import Engine, NumPySteps, Training

WORTHWHILE = 2.0
"""Seconds of NumPy's overhead that a training must save before the engine is used unasked: loading it takes half a second."""

OVERHEAD, PER_LAYER = 20e-6, 8e-6
"""About how many seconds a step takes longer in NumPy, and how many more for each layer."""

PER_NUMBER = 8e-9
"""And how many more for each output of a layer, which passes through memory."""

SHARE = 1.5e6
"""Floating-point operations of a step for each thread beyond the first: fewer take less time than threads need to wait for each other."""


NEEDED = "needs Numba, which the extra whorl[fast] installs"


def choose(training: Training, together: int = 1) -> tuple[Engine | None, str]:
    """Return the compiled steps for a training, or None to run it on NumPy; and in words which engine it is and why.

    Parameters
    ----------
    training : Training
    together : int, optional
        The number of such trainings, which load the engine once.

    Raises
    ------
    ImportError
        If ``fast=True`` and Numba is not installed.
    ValueError
        If ``fast=True`` and a part of the training has no compiled kernel; if ``WHORL_FAST`` is neither 0 nor 1.
    """
    wanted = training.options.fast
    wanted = from_environment() if wanted is None else wanted
    if wanted is False:
        return None, "NumPy: fast=False"
    rows = min(training.batch_size, len(training.train))
    steps = training.options.epochs * -(-len(training.train) // training.batch_size)
    outputs = [prod(place.outputs) for place in chain.walk(training.model.places)]
    if wanted is None and together * saved(steps, len(outputs), rows * sum(outputs)) < WORTHWHILE:
        return None, "NumPy: too short a training for compiled kernels to pay"
    try:
        from whorl.engine.chunks import CompiledChunks
        from whorl.engine.gradients import CompiledGradients
        from whorl.engine.run import CompiledSteps
    except ImportError as error:  # Numba is not installed, or does not work with this NumPy
        if wanted:
            raise ImportError(f"fast=True {NEEDED}: {error}") from error
        return None, f"NumPy: the extra whorl[fast] is not there: {error}"
    reason = unsupported(training)
    if reason:
        if wanted:
            raise ValueError(f"fast=True: {reason}; use fast=None or fast=False")
        return None, f"NumPy: {reason}"
    work = operations(training)
    if training.options.distributed:
        gradients = CompiledGradients(training, training.options.threads or 1)
        return NumPySteps(training, gradients.evaluate), gradients.name
    threads = workers(training, work)
    if training.reader:
        training.reader.busy = threads if threads >= cores() else 0
    compiled = (CompiledChunks if training.reader else CompiledSteps)(training, threads, work)
    return compiled, compiled.name


def saved(steps: int, layers: int, numbers: int = 0) -> float:
    """Return about how many seconds compiled steps save, of which each computes so many outputs of layers."""
    return steps * (OVERHEAD + PER_LAYER * layers + PER_NUMBER * numbers)


def from_environment() -> bool | None:
    """Return what the environment variable ``WHORL_FAST`` says: 1 or 0, or None without one."""
    value = os.environ.get("WHORL_FAST", "")
    if value not in {"", "0", "1"}:
        raise ValueError(f"the environment variable WHORL_FAST must be 0 or 1, got {value!r}")
    return bool(int(value)) if value else None


def unsupported(training: Training) -> str | None:
    """Return why a training cannot be compiled, or None if it can."""
    return next(_obstacles(training), None)


def _obstacles(training: Training) -> Iterator[str]:
    """Yield what has no compiled kernel."""
    from whorl.engine.assembly import LOSSES
    from whorl.engine.layers import supported
    from whorl.engine.rules import rule, unwrap

    model, options, state = training.model, training.options, training.state
    yield from (f"{layer!r} has no compiled kernel" for layer in model.layers if not supported(layer))
    loss, optimizer = options.loss, unwrap(options.optimizer, state.optimizer)[0]
    if type(loss) not in LOSSES:
        yield f"{loss!r} has no compiled kernel"
    elif isinstance(loss, FusedLoss) and not is_fused(model, loss):
        yield f"{type(loss).__name__} is compiled only after {'Softmax' if type(loss) is CrossEntropy else 'Sigmoid'}()"
    if rule(optimizer) is None:
        yield f"{type(optimizer).__name__} has no compiled kernel"
    if options.accumulate > 1:
        yield "accumulated gradients are not compiled"
    if model.parameters.size == 0:
        yield "there is nothing to train"
    if options.distributed:
        yield from _shared_obstacles(training)
    generator = state.rng.bit_generator
    if type(generator) is not np.random.PCG64 and any(
        isinstance(place.layer, Dropout) for place in chain.walk(model.places)
    ):
        yield f"dropout is compiled for the generator PCG64 only, not for {type(generator).__name__}"


def _shared_obstacles(training: Training) -> Iterator[str]:
    """Yield what has no compiled kernel if several processes share a batch."""
    if training.model.batchwise:
        yield "batch norm over several processes is not compiled"
    if training.reader:
        yield "samples in files are not compiled for several processes"
    drawn = [prod(place.outputs) for place in chain.walk(training.model.places) if isinstance(place.layer, Dropout)]
    if (training.options.threads or 1) > 1 and any(each % 4 for each in drawn):
        yield "dropout over several processes is compiled for several threads only if the layer has a multiple of four units"


def warm_up(dtype: np.dtype[Any]) -> tuple[int, str]:
    """Compile all kernels for a float type; return their number, and the directory that they are kept in.

    Raises
    ------
    ImportError
        If Numba is not installed.
    """
    try:
        from whorl.engine import reading
        from whorl.engine.compiling import cache_directory
        from whorl.engine.kernels import KERNELS
        from whorl.engine.stepping import compiled_steps
    except ImportError as error:
        raise ImportError(f"warming up {NEEDED}: {error}") from error
    compiled_steps()
    reading.prepare()
    for kernel in KERNELS:
        kernel.address(dtype)
    return len(KERNELS), cache_directory()


def operations(training: Training) -> float:
    """Return the number of floating-point operations of a step, about: those of the matrix products."""
    multiplied = (place for place in chain.walk(training.model.places) if not isinstance(place.layer, Embedding))
    weights = sum(each.size for place in multiplied for each in place.declared.values() if len(each.shape) == 2)
    rows = min(training.batch_size, len(training.train))
    return 6.0 * rows * weights + 20.0 * training.model.parameters.size


def workers(training: Training, work: float) -> int:
    """Return how many threads share a step: as many as its work keeps busy, and no more than there are cores."""
    rows = min(training.batch_size, len(training.train))
    return training.options.threads or max(1, min(cores(), int(work / SHARE), rows // 8))


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
