"""Train many small networks: networks per second, with one process or thread and with one for each core.

Each network is the reference network "spiral", 2-64-3, trained for 200 epochs of 75 steps from its own seed: whorl's `fit_many`,
scikit-learn in the processes of joblib, PyTorch in processes, and JAX with all networks in one `vmap`. Writes
`benchmarks/many.md`.
"""

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

from benchmarks import page
from benchmarks.cases import CASES, Array, samples
from benchmarks.processes import ROOT, start
from benchmarks.rounds import Spread

PAGE = ROOT / "benchmarks" / "many.md"
OPTIONS = {"rounds": 3, "seconds": 1.0}
CASE, EPOCHS = CASES["spiral"], 200
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Trainer = Callable[[int], None]
"""Trains so many networks."""


def whorl(workers: int, *, fast: bool) -> Trainer:
    """`fit_many`, in threads."""
    from benchmarks.peers.ours import network, optimizer
    from whorl import CrossEntropy, fit_many

    X, y = samples(CASE)

    def train(count: int) -> None:
        trainings = [(network(CASE), (X, y), {"rng": seed}) for seed in range(count)]
        given: dict[str, Any] = {"loss": CrossEntropy(), "optimizer": optimizer(CASE), "batch_size": CASE.batch}
        histories = fit_many(trainings, workers=workers, epochs=EPOCHS, fast=fast, **given)
        check(histories[-1]["loss"])

    return train


def in_processes(name: str, workers: int) -> Trainer:
    """Return a trainer that uses a library in processes with one thread each."""
    variables = dict.fromkeys(page.THREADS[:3], "1")
    pool = ProcessPoolExecutor(workers, get_context("spawn"), start, (variables,))

    def train(count: int) -> None:
        for losses in pool.map(train_one, [name] * count, range(count)):
            check(losses)

    return train


def train_one(name: str, seed: int) -> list[float]:
    """Train one network with scikit-learn or PyTorch, in a process of its own, and return its losses."""
    X, y = samples(CASE)
    if name == "sklearn":
        from benchmarks.peers.scikit_learn import Classifier

        return Classifier(CASE, X, y).train(EPOCHS)
    import torch

    from benchmarks.peers.pytorch import Eager

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    return Eager(CASE, X, y).train(EPOCHS)


def jax_vmap(width: int) -> Trainer:
    """JAX: the epoch of `width` networks at once, in one compiled program."""
    import jax
    import jax.numpy as jnp

    from benchmarks.peers.jax_jit import Scan

    scan = Scan(replace(CASE, name="many"), *samples(CASE))
    epoch = jax.jit(jax.vmap(scan.epoch, in_axes=(0, None, None)))

    def train(count: int) -> None:
        keys = jax.random.split(jax.random.key(0, impl="rbg"), width)
        for _ in range(-(-count // width)):
            *rest, _ = scan.state()
            state: Any = *(jax.tree.map(lambda a: jnp.stack([a] * width), each) for each in rest), keys
            losses = []
            for _ in range(EPOCHS):
                state, loss = epoch(state, scan.inputs, scan.labels)
                losses.append(loss)
            check([float(loss[-1]) for loss in jax.block_until_ready(losses)])

    return train


def check(losses: list[float] | Array) -> None:
    """Raise ValueError unless a network has learned."""
    if not losses[-1] < losses[0]:
        raise ValueError(f"the loss must fall, but went from {losses[0]:.4f} to {losses[-1]:.4f}")


CONTENDERS: dict[str, tuple[tuple[str, ...], Callable[[int], Trainer]]] = {
    "whorl[fast], fit_many": (("numba",), lambda workers: whorl(workers, fast=True)),
    "whorl, NumPy alone, fit_many": ((), lambda workers: whorl(workers, fast=False)),
    "scikit-learn in processes": (("sklearn",), lambda workers: in_processes("sklearn", workers)),
    "PyTorch in processes": (("torch",), lambda workers: in_processes("torch", workers)),
    "JAX, vmap of 8 networks a core": (("jax",), lambda workers: jax_vmap(8 * workers)),
}
"""By name, what it needs, and a function from the number of cores to what trains on them. JAX uses all cores in any case."""


def speed(train: Trainer, seconds: float) -> Callable[[], float]:
    """Warm up, and return a measurement of networks per second."""
    train(CORES)
    begun = time.perf_counter()
    train(CORES)
    count = max(1, round(seconds / (time.perf_counter() - begun))) * CORES

    def measure() -> float:
        begun = time.perf_counter()
        train(count)
        return count / (time.perf_counter() - begun)

    return measure


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    notes, measures = [], {}
    for name, (needs, make) in CONTENDERS.items():
        missing = [module for module in needs if find_spec(module) is None]
        if missing:
            notes.append(f"- {name}: {missing[0]} is not installed")
            continue
        measures[name] = [speed(make(workers), arguments.seconds) for workers in (1, CORES)]
    times: dict[str, list[list[float]]] = {name: [[], []] for name in measures}
    for _ in range(arguments.rounds):
        for name, pair in measures.items():
            for values, measure in zip(times[name], pair, strict=True):
                values.append(measure())
    rows = []
    for name, (one, every) in times.items():
        gain = Spread.of([b / a for a, b in zip(one, every, strict=True)])
        rows.append([name, str(Spread.of(one)), str(Spread.of(every)), str(gain)])
    head = ["networks per second", "one core", f"{CORES} cores", "gain"]
    missing_notes = ["Not measured:", "\n".join(notes)] * bool(notes)
    page.write(PAGE, arguments, page.table(head, rows), *missing_notes)
