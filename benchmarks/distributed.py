"""One training on several processes: samples per second of two on two cores beside one on one core, and the cost of communication.

Each process has one thread for the matrix products. For comparison, two processes train networks of their own on batches of half the size at
the same time: what the machine can do without communication. The time of a step is set beside ``compute / ranks + 2 (ranks − 1) / ranks · bytes /
bandwidth + update``, with the bandwidth of the sum of a vector of this size. Needs mpi4py and mpiexec. Writes `benchmarks/distributed.md`.
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
        words = name, f"{arguments.seconds:g}"
        found = [
            {
                "one": started(1, "speed", *words),
                "two": started(2, "speed", *words),
                "apart": started(2, "apart", *words),
            }
            for _ in range(arguments.rounds)
        ]
        speeds.append(_row(name, found, sums))
        others = {ranks: started(ranks, "speed", name, "0.01") for ranks in CROWDED}
        losses = [each["loss"] / found[0]["one"]["loss"] - 1 for each in others.values()]
        equal.append([name, *(f"{abs(each):.1e}" for each in losses)])
    head = [
        "network",
        "samples/s, 1 process",
        "2 processes",
        "2 over 1",
        "2 apart over 1",
        "in communication",
        "model / measured",
    ]
    text = (
        f"NumPy's steps, batches of {BATCH} samples in all. Two apart: each process trains a network of its own on batches of half the size, and they communicate "
        "nothing. The last columns are of two processes: the share of the step that they wait or communicate, and the time of a step that the model predicts, over the measured one."
    )
    parts += ["## Speed", text, page.table(head, speeds)]
    text = "Relative difference of the loss of the eighth step from that of one process, in float32."
    parts += ["## Results", text, page.table(["network", *(f"{ranks} processes" for ranks in CROWDED)], equal)]
    page.write(PAGE, arguments, *parts)


def _row(title: str, found: list[dict[str, dict[str, Any]]], sums: dict[int, float]) -> list[str]:
    """Return the row of a network: measured in turns with one process, with two, and with two apart."""
    one, two, apart = ([each[kind]["step"] for each in found] for kind in ("one", "two", "apart"))
    share = Spread.of([each["two"]["communication"] / each["two"]["step"] for each in found])
    size = found[0]["two"]["parameters"]
    near = min(sums, key=lambda each: abs(each - size))
    updates = [each["one"]["update"] for each in found]
    predicted = [(a - u) / 2 + u + sums[near] * size / near for a, u in zip(one, updates, strict=True)]
    rates = [figures(BATCH / Spread.of(times).median) for times in (one, two)]
    return [
        title,
        *rates,
        str(ratio(one, two)),
        str(ratio(one, apart)),
        f"{share.median:.0%}",
        str(ratio(predicted, two)),
    ]
