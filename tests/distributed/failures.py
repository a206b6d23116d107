"""Run by mpiexec: processes that are killed, that fail, or that disagree.

The first word says what happens, the second where: to the processes with these numbers, separated by commas. With ``arguments``, they
have a row less. After ``files``, the samples are in files and gradients are accumulated; after ``compiled``, the gradients are.
"""

import logging
import os
import signal
import sys
import time

import numpy as np
from equal_results import data, in_files, network, say, train
from mpi4py import MPI

from whorl import BatchNorm, Callback, Progress
from whorl.distributed import checks

RANK = MPI.COMM_WORLD.rank
what, victims = sys.argv[1], [int(each) for each in sys.argv[2].split(",")]
logging.basicConfig(stream=sys.stdout, format="%(message)s")


class Fail(Callback):
    """After some steps in a victim, do what the first word says."""

    def on_step_end(self, training):
        if RANK in victims and training.step == 7 + 5 * victims.index(RANK):
            if what == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if what == "raise":
                raise OSError("no space left on device")
            if what == "drift":
                training.model.parameters[3] += 1e-9
        if RANK in victims and what == "slow":
            training.model.p[0].late = True


class Late(BatchNorm):
    """A layer that takes its time in the victims."""

    def forward(self, x, p, rng=None):
        if rng is not None and RANK in victims and what == "slow":
            time.sleep(0.01)
        return super().forward(x, p, rng)


checks.EVERY = 20
model, alone = network(Late()), network(BatchNorm())
options = {"source": in_files, "accumulate": 2} if "files" in sys.argv else {}
if "compiled" in sys.argv:  # which batch norm over several processes is not
    model, alone = network(), network()
if what == "arguments" and RANK in victims:
    options["source"] = lambda count: [values[:-1] if values.ndim > 1 else values for values in data(count)]
shown = [Progress(every=2)] if what == "kill" else []
history = train(model, distributed=True, callbacks=[Fail(), *shown], **options)
if what == "kill":
    train(alone, distributed=False, **options)
    np.testing.assert_allclose(model.parameters, alone.parameters, rtol=1e-12, atol=1e-12)
    say(f"process {RANK} is done")
