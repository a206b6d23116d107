"""Kill a training that saves often, at random instants, and continue from what it has left.

``python tests/torture/kill.py 1000`` does it a thousand times with each engine, and prints the figures. After each kill, the file must be readable,
and training that continues from it must end with the same bits as one that was never interrupted.
"""

import hashlib
import mmap
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from whorl import Adam, Checkpoint, CrossEntropy, Dense, Dropout, EarlyStopping, Model, ReLU, Softmax

X = np.random.default_rng(0).standard_normal((160, 10))
Y = np.random.default_rng(1).integers(0, 3, 160)
SAVING, SAVES = 0, 8
"""Places in the memory that the processes share: whether a save is under way, and how many were made."""


ENGINES = [{"fast": False}, {"fast": True, "threads": 1}]


def train(path, *, resume=False, watch=None, engine=ENGINES[0]):
    """Train, saving after each step; return a checksum of all that is left."""
    model = Model([Dense(64), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=10, rng=0)
    callbacks = [EarlyStopping("loss", patience=3), Checkpoint(path, steps=1)]
    if watch is not None:
        usual = model.save

        def save(*arguments, **options):
            watch[SAVING] = 1
            usual(*arguments, **options)
            watch[SAVING] = 0
            watch[SAVES] = 1

        model.save = save
    options = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 4, "batch_size": 16, "callbacks": callbacks}
    training = model.training(X, Y, rng=3, resume=path if resume else None, **options, **engine)
    for _ in training:
        pass
    state = training.state
    left = [*(array.tobytes() for array in state.arrays()), repr(state.rng.bit_generator.state).encode()]
    left.append(repr([dict(epoch.values) for epoch in state.history.epochs]).encode())
    return hashlib.sha256(b"".join(left)).digest()


def in_process(function):
    """Run a function in a forked process, which ends with it; return the number of the process."""
    number = os.fork()
    if number == 0:
        status = 1
        try:
            status = 0 if function() else 2
        finally:
            os._exit(status)
    return number


def kill(count, directory, seed=0, engine=ENGINES[0]):
    """Kill so many trainings, and continue each; return how many were killed within a save, and how many temporary files are left."""
    chance = random.Random(seed)
    path = Path(directory, "run.npz")
    expected = train(path, engine=engine)
    watch = mmap.mmap(-1, 16)
    inside = done = 0
    while done < count:
        path.unlink()
        watch[SAVING] = watch[SAVES] = 0
        process = in_process(lambda: train(path, watch=watch, engine=engine) == expected)
        time.sleep(chance.uniform(0, 0.2))
        os.kill(process, signal.SIGKILL)
        killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
        if not path.exists():  # before the first save
            assert not watch[SAVES]
            train(path, engine=engine)
            continue
        if killed:
            done += 1
            inside += watch[SAVING]
        status = os.waitpid(in_process(lambda: train(path, resume=True, engine=engine) == expected), 0)[1]
        assert os.waitstatus_to_exitcode(status) == 0, f"kill number {done}: {path} is broken, or continues differently"
    return inside, len(os.listdir(directory)) - 1


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for each in ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            within, left = kill(wanted, folder, engine=each)
        print(
            f"{each}: {wanted} trainings were killed, {within} of them within a save: every file was readable, and every"
            f" training ended with the same bits as one that was not interrupted; {left} temporary files were left at the end"
        )
