"""Run by mpiexec for `benchmarks.distributed`: trains as one of several processes, or adds up vectors; the first prints JSON."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case, samples
from benchmarks.peers.ours import network, optimizer
from whorl import CrossEntropy
from whorl.distributed import started
from whorl.optimizers.optimizer import Objective
from whorl.training import Training

BATCH = 512
SIZES = [2**k for k in range(10, 25, 2)]
"""Numbers of float32 to add up: 4 KB to 64 MB."""


def case_of(name: str, processes: int = 1) -> Case:
    """Return a reference network, with the larger batch of several processes, or the part of one of them."""
    return replace(CASES[name], batch=BATCH // processes, steps=8)


def speed(name: str, seconds: float, *, apart: bool = False) -> dict[str, Any]:
    """Train for about so many seconds, or let each process train a network of its own on its part of the batches.

    Return the seconds of a step, and of its communication and its update, the loss of the eighth step, and the number of parameters.
    """
    group = started()
    case = case_of(name, group.size if apart else 1)
    X, y = samples(case)
    model, loss = network(case), CrossEntropy()
    options: dict[str, Any] = {
        "epochs": 10**6,
        "batch_size": case.batch,
        "rng": 0,
        "fast": False,
        "distributed": not apart,
    }
    training = model.training(X, y, loss=loss, optimizer=optimizer(case), **options)
    steps = training.steps()
    losses = [next(steps).loss for _ in range(case.steps)]  # warm up, too
    count = max(4, int(_mean(seconds / _seconds(lambda: next(steps), 2))))
    waited = group.waited
    step = _seconds(lambda: next(steps), count)
    communication = (group.waited - waited) / count
    return {
        "step": _mean(step),
        "communication": communication,
        "update": _seconds(lambda: _update(training), max(4, count // 10)),
        "loss": losses[-1],
        "parameters": model.parameters.size,
    }


def _mean(value: float) -> float:
    """Return the mean of a number over all processes."""
    group = started()
    return float(group.together(1, np.float64, lambda vector: vector.fill(value / group.size))[0])


def _update(training: Training) -> None:
    """Make the update of a step, with learning rate 0: the parameters stay as they are."""
    model, objective = training.model, Objective(0.0, lambda: 0.0, 0.0, training.model.decay)
    training.options.optimizer.step(model.parameters, model.gradients, training.state.optimizer, 0.0, objective)


def _seconds(call: Callable[[], object], count: int) -> float:
    """Return the mean time of a call in seconds."""
    begun = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begun) / count


def sums(rounds: int) -> dict[int, float]:
    """Return the seconds of a sum over all processes, by its number of float32."""
    found = {}
    for size in SIZES:
        vector = np.zeros(size, np.float32)
        times = []
        for _ in range(rounds):
            begun = time.perf_counter()
            started().add(vector)
            times.append(time.perf_counter() - begun)
        found[size] = float(np.median(times))
    return found


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    result: Any = sums(int(given[0])) if what == "sums" else speed(given[0], float(given[1]), apart=what == "apart")
    if started().rank == 0:
        sys.stdout.write(json.dumps(result) + "\n")
