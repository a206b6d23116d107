"""Train 200 networks on a cluster of Dask with four worker processes, and kill workers at random instants.

``python tests/torture/dask_cluster.py 20`` kills twenty, and prints the figures. The nannies live on, and start new workers. At the end all
networks must be there, with the parameters and histories of trainings in one process, to the bit.

On two busy cores: "20 workers killed, 1.1 to 42.4 s old: all 200 networks are those of one process, to the bit; 145 s (204 s in one process), 519
calls, the samples sent 18 times".
"""

import os
import random
import signal
import sys
import threading
import time

import numpy as np
from dask.distributed import Client, LocalCluster

from whorl import Adam, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax, fit_many

NETWORKS, WORKERS = 200, 4
X = np.random.default_rng(0).standard_normal((4000, 20))
Y = np.random.default_rng(1).integers(0, 5, 4000)
OPTIONS = {
    "loss": CrossEntropy(),
    "optimizer": Adam(0.01),
    "epochs": 12,
    "batch_size": 20,
    "validation": 0.2,
    "fast": False,
}


class Counting:
    """An executor that counts how often the samples were sent."""

    def __init__(self, executor):
        self.executor, self.calls, self.sent = executor, 0, 0

    def submit(self, function, task, contents, data, *others):
        self.calls += 1
        self.sent += any(part.nbytes == X.nbytes for part in data.values())
        return self.executor.submit(function, task, contents, data, *others)


def trainings():
    layers = [Dense(32), ReLU(), Dropout(0.1), Dense(5), Softmax()]
    return [(Model(layers, inputs=20, rng=seed), (X, Y), {"rng": seed}) for seed in range(NETWORKS)]


def kill(cluster, count, over, seed=0):
    """Kill so many workers, at random instants within about so many seconds; return the ages of the killed processes."""
    chance, ages = random.Random(seed), []
    while len(ages) < count:
        time.sleep(chance.expovariate(count / over))
        alive = [nanny.pid for nanny in cluster.workers.values() if nanny.pid]
        if alive:
            victim = chance.choice(alive)
            with open(f"/proc/{victim}/stat") as file:
                begun = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
            with open("/proc/uptime") as file:
                ages.append(float(file.read().split()[0]) - begun)
            os.kill(victim, signal.SIGKILL)
        cluster.scale(WORKERS)  # a nanny whose worker dies before it is ready gives up
    return ages


def run(kills, over):
    here, there = trainings(), trainings()
    begun = time.perf_counter()
    expected = fit_many(here, workers=1, **OPTIONS)
    alone = time.perf_counter() - begun
    quiet = {"dashboard_address": None, "silence_logs": "CRITICAL"}
    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, **quiet) as cluster, Client(cluster) as client:
        counting, ages = Counting(client.get_executor(pure=False)), []
        killer = threading.Thread(target=lambda: ages.extend(kill(cluster, kills, over)))
        killer.start()
        begun = time.perf_counter()
        found = fit_many(there, executor=counting, **OPTIONS)
        seconds = time.perf_counter() - begun
        killer.join()
    assert len(found) == NETWORKS
    for (one, *_), (other, *_), history, wanted in zip(here, there, found, expected, strict=True):
        assert (one.parameters == other.parameters).all()
        assert dict(history) == dict(wanted)
    print(
        f"{kills} workers killed, {min(ages):.1f} to {max(ages):.1f} s old: all {NETWORKS} networks are those of one process, to the bit;"
        f" {seconds:.0f} s ({alone:.0f} s in one process), {counting.calls} calls, the samples sent {counting.sent} times"
    )


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 20, float(sys.argv[2]) if len(sys.argv) > 2 else 60)
