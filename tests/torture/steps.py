"""Take a million training steps: neither the memory of the process nor the number of its open files may grow.

``python tests/torture/steps.py 1000000`` does so on NumPy and compiled, with a checkpoint after each epoch.
"""

import gc
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from whorl import Adam, BatchNorm, Checkpoint, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax

STEPS = 10_000
"""Steps of an epoch. What an epoch leaves is its record in the history, some 0.5 KB, and that may grow."""
LAYERS = [Dense(16), ReLU(), BatchNorm(), Dropout(0.1), Dense(3), Softmax()]
ENGINES = [{"fast": False}, {"fast": True, "threads": 1}]


def memory():
    """Return the memory that the process has now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def files():
    """Return the number of open files."""
    return len(os.listdir("/proc/self/fd"))


def grow(steps, folder, **engine):
    """Train; return memory and open files after a tenth of the steps, and at the end."""
    X, y = np.random.default_rng(0).standard_normal((2 * STEPS, 2)), np.arange(2 * STEPS) % 3
    model, measured = Model(LAYERS, inputs=2, rng=0), []
    epochs = steps // STEPS
    training = model.training(
        X,
        y,
        loss=CrossEntropy(),
        optimizer=Adam(0.001),
        epochs=epochs,
        batch_size=2,
        metrics=["accuracy"],
        callbacks=[Checkpoint(Path(folder, "run.npz"))],
        rng=0,
        **engine,
    )
    for epoch in training:
        if epoch.number in (max(1, epochs // 10), epochs):
            gc.collect()
            measured.append((memory(), files()))
    assert training.step == steps
    return measured


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        for each in ENGINES:
            (early, opened), (late, opened_late) = grow(wanted, directory, **each)
            print(
                f"{each}: {wanted} steps; {early:.1f} MB after a tenth of them, {late:.1f} MB at the end"
                f" ({100 * (late / early - 1):.2f} %); open files: {opened}, {opened_late}"
            )
            assert late < 1.01 * early
            assert opened == opened_late
