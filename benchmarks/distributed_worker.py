"""Run by mpiexec for `benchmarks.distributed`: trains as one of several processes, or adds up vectors; the first prints JSON."""

import json
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case, samples
from benchmarks.peers.ours import network, optimizer
from whorl import CrossEntropy
from whorl.distributed import started

BATCH = 512
SIZES = [2**k for k in range(10, 25, 2)]
"""Numbers of float32 to add up: 4 KB to 64 MB."""


def case_of(name: str) -> Case:
    """Return a reference network, with the larger batch of several processes."""
    return replace(CASES[name], batch=BATCH, steps=8)


def speed(name: str, seconds: float, *, fast: bool) -> dict[str, Any]:
    """Train for about so many seconds; return steps per second, what a step spent in communication, and the loss of the eighth step."""
    case, group = case_of(name), started()
    X, y = samples(case)
    model, loss = network(case), CrossEntropy()
    options: dict[str, Any] = {"epochs": 10**6, "batch_size": BATCH, "rng": 0, "fast": fast, "distributed": True}
    training = model.training(X, y, loss=loss, optimizer=optimizer(case), **options)
    steps = training.steps()
    losses = [next(steps).loss for _ in range(case.steps)]  # warm up, too
    step = _seconds(steps, 2)
    wanted = group.together(1, np.float64, lambda vector: vector.fill(seconds / step / group.size))
    count = max(4, int(wanted[0]))
    waited = group.waited
    step = _seconds(steps, count)
    return {
        "step": step,
        "communication": (group.waited - waited) / count,
        "loss": losses[-1],
        "parameters": model.parameters.size,
    }


def _seconds(steps: Any, count: int) -> float:
    """Return the seconds of a step."""
    begun = time.perf_counter()
    for _ in range(count):
        next(steps)
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
    result: Any = speed(given[0], float(given[1]), fast=given[2] == "True") if what == "speed" else sums(int(given[0]))
    if started().rank == 0:
        sys.stdout.write(json.dumps(result) + "\n")
