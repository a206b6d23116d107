"""Run by mpiexec: training in several processes has the results of one, in each of these cases.

The words are the cases, by default all. After ``compiled``, the processes use compiled kernels, and the one NumPy.
"""

import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from mpi4py import MPI
from pyarrow import parquet

from whorl import (
    LBFGS,
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    Checkpoint,
    Clipped,
    CrossEntropy,
    Dense,
    Dropout,
    Model,
    ReLU,
    Softmax,
    Stored,
    tables,
)
from whorl.layers import Residual, Standardize
from whorl.losses import MeanSquaredError
from whorl.schedules import Cosine
from whorl.training.mapped import Mapped

COMPILED = "compiled" in sys.argv
SGD_ = SGD(0.02, momentum=0.9)
FOLDER = tempfile.TemporaryDirectory()


def data(count=203):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 6)), rng.integers(0, 3, count)


def in_files(count, *, block=None):
    """The same samples, each process with files of its own."""
    arrays = []
    for number, values in enumerate(data(count)):
        path = Path(FOLDER.name, f"{number}.npy")
        np.save(path, values)
        arrays.append(Stored(np.load(path, mmap_mode="r"), block=block, buffer=None if block is None else 3))
    return arrays


def network(*between, first=None, frozen=(), inputs=6):
    first = first or Dense(16, weight_l2=1e-3, weight_l1=1e-4)
    model = Model([first, *between, ReLU(), Dropout(0.3), Dense(3), Softmax()], inputs=inputs, rng=1, dtype=np.float64)
    model.freeze(*frozen)
    return model


def train(model, *, distributed, samples=203, source=data, **changed):
    arguments = {
        "loss": CrossEntropy(),
        "optimizer": SGD_,
        "epochs": 4,
        "batch_size": 16,
        "metrics": ["accuracy"],
        "validation": 0.2,
        "rng": 3,
        "fast": distributed and COMPILED,
    }
    return model.fit(*source(samples), distributed=distributed, **(arguments | changed))


def say(text):
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def equal(make, **changed):
    """Train the same network in all processes, and in the first one alone, and compare all numbers."""
    shared = make()
    found = train(shared, distributed=True, **changed)
    numbers = {"parameters": shared.parameters, "statistics": shared.statistics, **found}
    for name, values in MPI.COMM_WORLD.bcast({name: np.array(each) for name, each in numbers.items()}).items():
        np.testing.assert_array_equal(numbers[name], values)
    if MPI.COMM_WORLD.rank == 0:
        alone = make()
        expected = train(alone, distributed=False, **changed)
        assert found.keys() == expected.keys()
        for name, values in {"parameters": alone.parameters, "statistics": alone.statistics, **expected}.items():
            np.testing.assert_allclose(numbers[name], values, rtol=1e-12, atol=1e-12)


def same_generator(bits):
    """The generator is afterwards as that of one process."""
    generators = [np.random.Generator(bits(5)) for _ in range(2)]
    for distributed, rng in zip((False, True), generators, strict=True):
        train(network(), distributed=distributed, rng=rng, epochs=2)
    assert generators[0].bit_generator.state["state"] is not None
    assert generators[0].random(5).tolist() == generators[1].random(5).tolist()
    assert generators[0].integers(0, 10, 5, np.uint32).tolist() == generators[1].integers(0, 10, 5, np.uint32).tolist()


def fresh_entropy():
    """Without a seed, all processes draw what the first one draws, also for the initial parameters."""
    model = Model([Dense(4), Dropout(0.5), Dense(3), Softmax()], inputs=6)
    history = train(model, distributed=True, rng=None)
    everyone = MPI.COMM_WORLD.allgather((model.parameters.tolist(), history["val_loss"]))
    assert all(each == everyone[0] for each in everyone)


def regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    y = X[:, :2] ** 2
    models = [Model([Standardize(), Dense(8), ReLU(), Dense(2)], inputs=4, rng=0, dtype=np.float64) for _ in range(2)]
    for model, distributed in zip(models, (False, True), strict=True):
        model.fit(X, y, loss=MeanSquaredError(), optimizer=SGD(0.05), epochs=20, rng=0, distributed=distributed)
    np.testing.assert_allclose(models[1].parameters, models[0].parameters, rtol=1e-12, atol=1e-12)


def reads_its_share():
    """Each sample is read by one process."""
    read, take = [], Mapped.take

    def counting(self, rows, out=None):
        if threading.current_thread().name == "whorl-read":  # the others compare the processes' data
            read.append(len(rows) * (len(self.shape) > 1))
        return take(self, rows, out)

    Mapped.take = counting
    train(network(), distributed=True, source=in_files, epochs=2, validation=None)
    Mapped.take = take
    assert MPI.COMM_WORLD.allreduce(sum(read)) == 2 * 203


def resumed():
    """Samples in blocks, from a checkpoint after 34 steps, one after the end of an epoch: to the bit as without it."""
    path = Path(MPI.COMM_WORLD.bcast(FOLDER.name), "checkpoint.npz")
    arguments = {"distributed": True, "source": partial(in_files, block=20)}
    whole, again = network(), network()
    train(whole, callbacks=[Checkpoint(path, steps=17)], **arguments)
    train(again, resume=path, **arguments)
    np.testing.assert_array_equal(again.parameters, whole.parameters)


def in_parquet_files(count, *, gaps=False):
    """The same samples in a folder of Parquet files, in row groups of 30, each process with files of its own."""
    folder, (x, y) = Path(FOLDER.name, f"parquet-{gaps}"), data(count)
    if not folder.exists():
        folder.mkdir()
        values = {f"x{j}": column for j, column in enumerate(x.T)} | {"y": np.array(["a", "b", "c"])[y]}
        unknown = {"x0": np.arange(count) % 7 == 2, "y": np.arange(count) % 11 == 3}
        table = pa.table({name: pa.array(values[name], mask=unknown.get(name) if gaps else None) for name in values})
        parquet.write_table(table, folder / "rows.parquet", row_group_size=30)
    found = tables.folder(folder, "y", buffer=3, dtype=np.float64)
    return Stored(found.X), Stored(found.y)


def files_are_not_compiled():
    with pytest.raises(ValueError, match="samples in files are not compiled for several processes"):
        train(network(), distributed=True, source=in_files, fast=True)


weights = np.random.default_rng(4).uniform(0, 2, 203)
CASES = {
    "momentum": partial(equal, network, epochs=10),  # 110 steps
    "adam": partial(equal, network, optimizer=Adam(0.01), epochs=10),
    "clipped": partial(equal, network, optimizer=Clipped(SGD_, norm=0.5)),
    "averaged": partial(equal, network, optimizer=Averaged(SGD_, decay=0.9)),
    "accumulate": partial(equal, network, accumulate=3),
    "sample_weight": partial(equal, network, sample_weight=weights),
    "class_weight": partial(equal, network, class_weight={0: 3.0, 2: 0.5}),
    "max_norm": partial(equal, partial(network, first=Dense(16, max_norm=1.0))),
    "frozen": partial(equal, partial(network, frozen=(0,))),
    "batch_norm": partial(equal, partial(network, BatchNorm()), epochs=10),
    "batch_norm_accumulate": partial(equal, partial(network, BatchNorm()), accumulate=2),
    "batch_norm_inside": partial(equal, partial(network, Residual([Dense(16), BatchNorm(), Dropout(0.1)]))),
    "timed_dropout": partial(equal, partial(network, Dropout(Cosine(0.5, epochs=4)))),
    "lbfgs": partial(
        equal,
        lambda: Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=6, rng=1, dtype=np.float64),
        optimizer=LBFGS(),
        batch_size=None,
    ),
    "short_batch": partial(equal, partial(network, BatchNorm()), samples=66, validation=None),
    "few_samples": partial(equal, network, samples=3, validation=None),
    "steps": partial(equal, network, batch_size=1, samples=30, epochs=3),
    "pcg64": partial(same_generator, np.random.PCG64),
    "philox": partial(same_generator, np.random.Philox),
    "mersenne": partial(same_generator, np.random.MT19937),
    "fresh_entropy": fresh_entropy,
    "regression": regression,
    "mapped": partial(equal, partial(network, BatchNorm()), source=in_files, class_weight={0: 3.0}),
    "blocks": partial(
        equal, partial(network, first=Residual([Standardize(), Dense(6)])), source=partial(in_files, block=20)
    ),
    "reads_its_share": reads_its_share,
    "resumed": resumed,
    "parquet": partial(equal, network, source=in_parquet_files),
    "parquet_gaps": partial(
        equal, partial(network, inputs=7), source=partial(in_parquet_files, gaps=True), class_weight="balanced"
    ),
    "mapped_accumulate": partial(equal, network, source=in_files, accumulate=3),
    "odd_units": partial(equal, partial(network, first=Dense(13))),  # whose dropout masks begin within a word
}

if COMPILED:
    CASES["files_are_not_compiled"] = files_are_not_compiled

if __name__ == "__main__":
    for name in [word for word in sys.argv[1:] if word != "compiled"] or CASES:
        CASES[name]()
        if MPI.COMM_WORLD.rank == 0:
            say(f"ok {name}")
    assert ("numba" in sys.modules) == COMPILED
