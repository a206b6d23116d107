"""Run by mpiexec: a training in a program that does not import mpi4py itself, and whether MPI was finalized at its end."""

import atexit
import sys

import numpy as np


def say():
    """Called after what whorl has registered."""
    from mpi4py import MPI

    sys.stdout.write(f"finalized: {MPI.Is_finalized()}\n")


atexit.register(say)

from whorl import SGD, Dense, MeanSquaredError, Model  # noqa: E402

X = np.arange(12.0).reshape(6, 2)
model = Model([Dense(1)], inputs=2, rng=0)
model.fit(X, X[:, :1], loss=MeanSquaredError(), optimizer=SGD(1e-3), epochs=2, distributed=True)
