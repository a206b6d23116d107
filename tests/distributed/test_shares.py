"""The shares of a batch, and what a process calls, without MPI."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import numpy as np
import pytest

from whorl import SGD, BatchNorm, Callback, CrossEntropy, Dense, Model, Softmax, fit_many
from whorl.distributed import launched
from whorl.distributed.shares import Share, SharedBatch
from whorl.training import Options, Training
from whorl.training.group import SingleProcess


class Threads:
    """Sums over threads, in place of those over processes."""

    def __init__(self, count):
        self.barrier, self.turn, self.total = Barrier(count), Lock(), 0

    def add(self, vector):
        if self.barrier.wait() == 0:
            self.total = np.zeros_like(vector)
        self.barrier.wait()
        with self.turn:
            self.total += vector
        self.barrier.wait()
        vector[...] = self.total
        self.barrier.wait()


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 10, 31])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_shares_are_the_whole_batch_and_count_once(rows, size):
    shares = [Share.of(rows, rank, size) for rank in range(size)]
    counted = [row for share in shares if share.counts for row in range(share.begin, share.stop)]
    assert counted == list(range(rows))
    assert sum(share.part for share in shares) == pytest.approx(1)
    assert all(share.stop > share.begin for share in shares)


@pytest.mark.parametrize("size", [2, 3])
def test_batch_norm_over_several_processes_is_that_of_one(size, rng):
    x, dy = rng.normal(size=(2, 11, 4))
    alone = Model([BatchNorm()], inputs=4, dtype=np.float64)
    alone.parameters = rng.normal(size=alone.parameters.size)
    y, back = alone.layers[0].forward(x, alone.p[0], rng)
    expected = y, back(dy / len(x), alone.g[0])  # of the mean over the batch
    threads = Threads(size)

    def part(rank):
        share = Share.of(len(x), rank, size)
        own = slice(share.begin, share.stop)
        model = Model([BatchNorm()], inputs=4, dtype=np.float64)
        model.parameters = alone.parameters
        model.set_batch(SharedBatch(share, threads))
        y, back = model.layers[0].forward(x[own], model.p[0], rng)
        dx = back(dy[own] / (share.stop - share.begin), model.g[0])  # of the mean over its rows
        return y, dx * share.part, model.gradients * share.part, model.statistics

    with ThreadPoolExecutor(size) as pool:
        parts = list(pool.map(part, range(size)))
    for number in (0, 1):
        np.testing.assert_allclose(np.concatenate([each[number] for each in parts]), expected[number], atol=1e-14)
    np.testing.assert_allclose(sum(each[2] for each in parts), alone.gradients, atol=1e-14)
    for each in parts:
        np.testing.assert_allclose(each[3], alone.statistics, atol=1e-14)


class Second(SingleProcess):
    """A process that is not the first."""

    rank = 1


class Calls(Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self, training):
        self.calls.append("begin")

    def on_step_end(self, training):
        self.calls.append(training.step)

    def on_epoch_end(self, training, epoch):
        self.calls.append(f"epoch {epoch.number}")

    def on_train_end(self, training, history):
        self.calls.append("end")


class MainCalls(Calls):
    main_process_only = True


@pytest.mark.parametrize(("group", "main"), [(SingleProcess(), True), (Second(), False)])
def test_a_process_that_is_not_the_first_leaves_out_what_only_that_calls(group, main, spiral_data):
    every, first = Calls(), MainCalls()
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    options = Options(loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, batch_size=60, callbacks=[every, first], rng=0)
    list(Training(model, *spiral_data, options, None, group))
    assert every.calls == ["begin", 1, 2, "epoch 1", "end"]
    assert first.calls == (every.calls if main else [])


def test_several_networks_are_not_shared_among_processes(spiral_data):
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    with pytest.raises(ValueError, match="distributed=True is for fit, training and partial_fit of one model"):
        fit_many([(model, spiral_data)], loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, distributed=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("OMPI_COMM_WORLD_SIZE", "1"), ("PMI_SIZE", "1"), ("PMIX_RANK", "0"), ("SLURM_STEP_NUM_TASKS", "4")],
)
def test_one_process_starts_no_mpi(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert not launched()
