"""What the extra ``whorl[fast]`` gains: ``python -m benchmarks.fast`` measures it and writes ``benchmarks/fast.md``.

For each of the six reference networks: the time of a training step with NumPy alone, and with the compiled twins, in turns on
the same machine; and for each twin, the least time of many calls, at sizes that occur there.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

import whorl
from benchmarks.cases import CASES, Case, samples
from benchmarks.peers.ours import Fast, Plain
from benchmarks.rounds import interleave, timed
from whorl._core.memory import aligned_zeros
from whorl._core.types import Array
from whorl.fast import kernels
from whorl.layers import activations, dense, dropout
from whorl.losses import classification
from whorl.optimizers import adam, sgd

ROUNDS, SECONDS = 7, 0.3


def gain(case: Case) -> tuple[float, float]:
    """Return the microseconds of processor time of a step, the median, with NumPy alone and with the twins, by turns."""
    X, y = samples(case)
    ways = {way.__name__: timed(way(case, X, y), SECONDS, time.process_time) for way in (Plain, Fast)}
    times = interleave(ROUNDS, ways)
    return statistics.median(times["Plain"]), statistics.median(times["Fast"])


def calls() -> list[tuple[str, Callable[..., object], Callable[..., object], tuple[Any, ...]]]:
    """Return what each twin is measured with: a description, the NumPy lines, the twin, the arguments."""
    rng = np.random.default_rng(0)

    def some(*shape: int) -> Array:
        return rng.random(shape, np.float32)

    def vectors(count: int) -> list[Array]:
        made = [aligned_zeros(count, np.float32, place) for place in range(4)]  # as models and optimizers have them
        for vector in made:
            vector[:] = some(count)
        return made

    adams = [(n, vectors(n)) for n in (387, 235_146, 5_824_522)]
    x, z = some(128, 512), some(128, 10)
    at_label = np.arange(0, 1280, 10) + rng.integers(0, 10, 128)
    bits = rng.integers(0, 65536, x.shape).astype(np.uint16)
    return [
        *((f"adam, {n} parameters", adam.adam, kernels.adam, (*a, 0.9, 0.999, 1e-3, 1e-8)) for n, a in adams),
        ("momentum, 387 parameters", sgd.momentum, kernels.momentum, (*adams[0][1][:3], 0.9, 0.01)),
        ("add_bias, 128 × 512", dense.add_bias, kernels.add_bias, (x.copy(), some(512))),
        ("relu, 128 × 512", activations.relu, kernels.relu, (x,)),
        ("relu_back, 128 × 512", activations.relu_back, kernels.relu_back, (x.copy(), x)),
        ("keep, 128 × 512", dropout.keep, kernels.keep, (bits, 13107, np.float32(1.25))),
        ("below_top, 128 × 10", classification.below_top, kernels.below_top, (z,)),
        (
            "cross_entropy_back, 128 × 10",
            classification.cross_entropy_back,
            kernels.cross_entropy_back,
            (z, at_label, 1 / 128, 0.0),
        ),
    ]


def least(function: Callable[..., object], arguments: tuple[Any, ...]) -> float:
    """Return the microseconds of the quickest of many calls."""
    quickest, end = np.inf, time.perf_counter() + 0.5
    while time.perf_counter() < end:
        start = time.perf_counter()
        function(*arguments)
        quickest = min(quickest, time.perf_counter() - start)
    return float(quickest) * 1e6


def main() -> None:
    """Measure, and write the page."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    page = [
        "# The extra `whorl[fast]`: what it gains",
        "",
        f"Written by `python -m benchmarks.fast`, whorl {whorl.__version__}, NumPy {np.__version__}, Numba {numba.__version__},",
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {threads} of them for matrix products.",
        "Times are in microseconds, of float32.",
        "",
        "A training step: the median of its processor time, which other work on the machine changes least.",
        "",
        "| network | NumPy alone | with the extra | gain |",
        "|---|---|---|---|",
    ]
    for name, case in CASES.items():
        slow, quick = gain(case)
        page.append(f"| {name} | {slow:.0f} | {quick:.0f} | {slow / quick:.2f} |")
    page += ["", "One call, the quickest of many.", "", "| function | NumPy | twin | gain |", "|---|---|---|---|"]
    for name, plain, twin, arguments in calls():
        slow, quick = least(plain, arguments), least(twin, arguments)
        page.append(f"| {name} | {slow:.1f} | {quick:.1f} | {slow / quick:.1f} |")
    text = "\n".join(page) + "\n"
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
