"""Kill a random process of a distributed training at a random instant.

``python tests/torture/mpi_kill.py 100 4`` does it a hundred times, of 4 processes, with the mpiexec beside this Python, and prints the figures. With Open MPI, the
others must finish with the loss of a training that nothing has happened to. With another MPI, such as MPICH, the job ends; then training that
continues from its last checkpoint must end with the same bits, on as many processes, as one that was never interrupted.
"""

import faulthandler
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

SLOWEST = 120
"""Seconds after which a job is said to hang."""


def work(directory):
    """Train, as one of several processes; print the loss and a checksum of all that is left."""
    from whorl import SGD, BatchNorm, Checkpoint, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax

    faulthandler.register(signal.SIGUSR1)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(256, 8)), rng.integers(0, 3, 256)
    layers = [Dense(24, weight_l2=1e-3), BatchNorm(), ReLU(), Dropout(0.2), Dense(3), Softmax()]
    model = Model(layers, inputs=8, rng=1, dtype=np.float64)
    path = directory / "checkpoint.npz"
    options = {"loss": CrossEntropy(), "optimizer": SGD(0.02, momentum=0.9), "epochs": 25, "batch_size": 32, "rng": 3}
    resume = path if path.exists() else None
    training = model.training(
        X,
        y,
        validation=0.25,
        metrics=["accuracy"],
        callbacks=[Checkpoint(path, steps=1)],
        resume=resume,
        distributed=True,
        fast=False,
        **options,
    )
    from mpi4py import MPI  # not before: then whorl ends it

    (directory / f"{MPI.COMM_WORLD.rank}.pid").write_text(str(os.getpid()))
    for _ in training:
        pass
    state = training.state
    left = [*(array.tobytes() for array in state.arrays()), repr(state.rng.bit_generator.state).encode()]
    left.append(repr([dict(epoch.values) for epoch in state.history.epochs]).encode())
    sys.stdout.write(f"end {state.history['val_loss'][-1]!r} {hashlib.sha256(b''.join(left)).hexdigest()}\n")
    sys.stdout.flush()


class Job:
    """A training in several processes.

    Parameters
    ----------
    directory : path
        For its checkpoint.
    ranks : int
        How many processes.
    """

    def __init__(self, directory, ranks):
        self.directory, self.ranks = directory, ranks
        words = [MPIEXEC, *OPTIONS, "-n", str(ranks), sys.executable, __file__, "work", str(directory)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        for number in range(ranks):
            (directory / f"{number}.pid").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
        )

    def processes(self):
        """Wait until training begins; return the numbers of the processes."""
        begun = time.monotonic()
        while time.monotonic() - begun < SLOWEST:
            texts = [path.read_text() for path in self.directory.glob("*.pid")]
            if len(texts) == self.ranks and all(texts):
                return [int(text) for text in texts]
            time.sleep(0.002)
        raise TimeoutError("training has not begun")

    def ends(self):
        """Wait for the end; return for each process that has finished its loss and its checksum, and the output."""
        try:
            output, _ = self.process.communicate(timeout=SLOWEST)
        except subprocess.TimeoutExpired:
            for path in self.directory.glob("*.pid"):
                with suppress(ProcessLookupError):
                    os.kill(int(path.read_text()), signal.SIGUSR1)  # say where it waits
            time.sleep(1)
            self.process.terminate()
            output, _ = self.process.communicate()
            raise TimeoutError(output) from None
        found = [line.split()[1:] for line in output.splitlines() if line.startswith("end ")]
        return [(float(loss), checksum) for loss, checksum in found], output


def mpi():
    """Return mpiexec, its options, and whether it is Open MPI's."""
    path = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    tolerant = "Open MPI" in version or "OpenRTE" in version
    return path, ["--oversubscribe", "--allow-run-as-root", "--with-ft", "ulfm"] * tolerant, tolerant


def once(directory, ranks, duration, expected, rng):
    """Kill one process, and check what the others, or those that continue, end with; return what happened."""
    job = Job(directory, ranks)
    victim = rng.choice(job.processes())
    time.sleep(rng.uniform(0, duration))
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    found, output = job.ends()
    if len(found) == ranks:
        return "too late"
    if TOLERANT:
        if len(found) != ranks - 1:
            raise AssertionError(output)
        for loss, checksum in found:
            assert abs(loss - expected[0]) < 1e-9, (loss, expected, output)
            assert checksum == found[0][1]
        return "finished by the others"
    again, output = Job(directory, ranks).ends()
    assert [checksum for _, checksum in again] == [expected[1]] * ranks, output
    return "continued"


def main(count, ranks, seed=0):
    """Kill so often; print what happened, how often."""
    rng, happened, begun = random.Random(seed), {}, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        job = Job(directory, ranks)
        job.processes()
        started = time.monotonic()
        ends, output = job.ends()
        duration = time.monotonic() - started
        assert len(set(ends)) == 1, output
        assert len(ends) == ranks, output
        while sum(happened.values()) < count:
            (directory / "checkpoint.npz").unlink(missing_ok=True)
            outcome = once(directory, ranks, duration, ends[0], rng)
            if outcome == "too late":
                duration *= 0.95  # the machine has become faster
                continue
            happened[outcome] = happened.get(outcome, 0) + 1
            sys.stderr.write(f"\r{happened}")
    kind = "Open MPI with fault tolerance" if TOLERANT else "an MPI without fault tolerance"
    words = ", ".join(f"{number} {outcome}" for outcome, number in happened.items())
    return f"{kind}: {count} kills of one of {ranks} processes, {words}; {time.monotonic() - begun:.0f} s"


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(Path(sys.argv[2]))
    else:
        MPIEXEC, OPTIONS, TOLERANT = mpi()
        sys.stdout.write(main(*map(int, sys.argv[1:])) + "\n")
