"""One training on several processes: samples per second of two on two cores beside one on one core, and the cost of communication.

Each process has one thread for the matrix products. The time of a step is set beside ``compute / ranks + 2 (ranks − 1) / ranks · bytes /
bandwidth``, with the bandwidth of the sum of a vector of this size. Needs mpi4py and mpiexec. Writes `benchmarks/distributed.md`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.rounds import Spread, figures, ratio

PAGE = ROOT / "benchmarks" / "distributed.md"
OPTIONS = {"networks": ["mnist-dropout", "wide"], "rounds": 5, "seconds": 4.0}
BATCH = 512
CROWDED = [2, 4, 8]
"""Numbers of processes whose results are compared with those of one."""
ENGINES = {"NumPy": False}


def started(processes: int, *words: str) -> Any:
    """Run the worker in so many processes; return what the first prints."""
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
    if mpiexec is None:
        raise SystemExit("there is no mpiexec: the extra whorl[mpi] installs one")
    version = subprocess.run([mpiexec, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    crowded = ["--oversubscribe"] if processes > (os.cpu_count() or 1) else ["--bind-to", "core"]
    options = ["--allow-run-as-root", *crowded] if "Open MPI" in version or "OpenRTE" in version else []
    line = [mpiexec, *options, "-n", str(processes), sys.executable, "-m", "benchmarks.distributed_worker", *words]
    environment = {**os.environ, **dict.fromkeys(page.THREADS[:3], "1")}
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)} failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    sums = {int(size): seconds for size, seconds in started(2, "sums", "30").items()}
    rows = [
        [f"{4 * size / 1024:,.0f} KB", f"{seconds * 1e6:,.0f} µs", f"{4 * size / seconds / 1e9:.2f} GB/s"]
        for size, seconds in sums.items()
    ]
    parts = ["## Communication", "A sum of float32 over two processes.", page.table(["vector", "time", "rate"], rows)]
    speeds, equal = [], []
    for name in arguments.networks:
        for engine, fast in ENGINES.items():
            words = "speed", name, f"{arguments.seconds:g}", str(fast)
            found = [{ranks: started(ranks, *words) for ranks in (1, 2)} for _ in range(arguments.rounds)]
            speeds.append(_row(f"{name}, {engine}", found, sums))
            others = {ranks: started(ranks, "speed", name, "0.01", str(fast)) for ranks in CROWDED}
            losses = [each["loss"] / found[0][1]["loss"] - 1 for each in others.values()]
            equal.append([f"{name}, {engine}", *(f"{abs(each):.1e}" for each in losses)])
    head = ["network", "samples/s, 1 process", "2 processes", "2 over 1", "in communication", "model / measured"]
    text = f"Batches of {BATCH} samples in all. The last columns are of two processes: the share of the step that they wait or communicate, and the time of a step that the model predicts, over the measured one."
    parts += ["## Speed", text, page.table(head, speeds)]
    text = "Relative difference of the loss of the eighth step from that of one process, in float32."
    parts += ["## Results", text, page.table(["network", *(f"{ranks} processes" for ranks in CROWDED)], equal)]
    page.write(PAGE, arguments, *parts)


def _row(title: str, found: list[dict[int, dict[str, Any]]], sums: dict[int, float]) -> list[str]:
    """Return the row of a network: measured in turns with one and with two processes."""
    one, two = ([each[ranks]["step"] for each in found] for ranks in (1, 2))
    faster = ratio(one, two)
    share = Spread.of([each[2]["communication"] / each[2]["step"] for each in found])
    size = found[0][2]["parameters"]
    near = min(sums, key=lambda each: abs(each - size))
    predicted = Spread.of([a / 2 + sums[near] * size / near for a in one])
    off = predicted.median / Spread.of(two).median
    rates = [figures(BATCH / Spread.of(times).median) for times in (one, two)]
    return [title, *rates, str(faster), f"{share.median:.0%}", f"{off:.2f}"]
