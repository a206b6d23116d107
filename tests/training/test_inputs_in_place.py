"""Compiled steps that take their inputs from files and blocks themselves, if they use all cores: the same bits and errors."""

import os
import signal
import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from whorl import (
    Adam,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Model,
    ReLU,
    Softmax,
    Standardize,
    Stored,
    Tanh,
    tables,
)
from whorl.engine import choice
from whorl.engine.threads import Crew
from whorl.training import read_ahead, sources

N = 1003
X = np.random.default_rng(0).standard_normal((N, 5), dtype=np.float32)
Y = np.random.default_rng(1).integers(0, 3, N)


@pytest.fixture(autouse=True)
def used(monkeypatch):
    """Return how often inputs were read, and how often they were not; there is one core, and some steps are read at once."""
    counts = {"read": 0, "in place": 0}
    monkeypatch.setattr(read_ahead, "AHEAD", 2500)
    monkeypatch.setattr(read_ahead, "MEASURED", 6)
    monkeypatch.setattr(choice, "cores", lambda: 1)
    monkeypatch.setattr(read_ahead, "waits", lambda *_: False)  # however busy the machine is
    usual = read_ahead.ReadAhead.upcoming

    def upcoming(self, current):
        before, chunk = self.chunk, usual(self, current)
        if chunk is not before:
            x = chunk.arrays[0]
            inside = (chunk.places >= x.ctypes.data) & (chunk.places < x.ctypes.data + x.nbytes)
            counts["read" if inside.all() else "in place"] += 1
            assert inside.all() or not inside.any()
        return chunk

    monkeypatch.setattr(read_ahead.ReadAhead, "upcoming", upcoming)
    return counts


def save(path, array, **settings):
    np.save(path, array)
    return Stored(np.load(path, mmap_mode="r"), **settings)


LAYERS = Standardize(), Dense(12), ReLU(), Dropout(0.2), Dense(3), Softmax()


def fit(x, y, dtype=np.float32, layers=LAYERS, frozen=(), call=Model.fit, **changes):
    model = Model(layers, inputs=x.shape[1:], rng=0, dtype=dtype)
    model.freeze(*frozen)
    settings = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 4, "batch_size": 32, "rng": 0}
    return model, call(model, x, y, **(settings | changes))


prepare = partial(fit, fast=True, call=Model.training)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"validation": 0.2, "metrics": ["accuracy", "f1"]},
        {"class_weight": "balanced", "batch_size": 21},
        {"dtype": np.float64},
    ],
    ids=lambda changes: "-".join(changes) or "plain",
)
def test_the_bits_of_data_in_memory(tmp_path, used, threads, changes):
    samples = X.astype(changes.get("dtype", np.float32))
    expected, history = fit(samples, Y, fast=True, threads=threads, **changes)
    model, other = fit(save(tmp_path / "x.npy", samples), Y, fast=True, threads=threads, **changes)
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    for name in history:
        assert other[name] == pytest.approx(history[name], rel=1e-6)
    assert used["in place"] > used["read"] > 4


@pytest.mark.parametrize("block", [40, 1])  # in the second case, the blocks of a chunk are more than are kept
def test_the_bits_of_blocks_that_are_read_in_advance(tmp_path, used, block, monkeypatch):
    data = save(tmp_path / "x.npy", X, block=block, buffer=3), save(tmp_path / "y.npy", Y, block=block, buffer=3)
    expected, _ = fit(*data, fast=False)
    used["read"] = 0
    beside, _ = fit(*data, fast=True, threads=1)
    assert (used["in place"] > used["read"]) == (block == 40)
    np.testing.assert_allclose(beside.parameters, expected.parameters, atol=1e-5)
    before = dict(used)
    monkeypatch.setattr(choice, "cores", lambda: 2)
    apart, _ = fit(*data, fast=True, threads=1)
    assert apart.parameters.tobytes() == beside.parameters.tobytes()
    assert used["in place"] == before["in place"]


@pytest.mark.parametrize("settings", [{"fast": False}, {"threads": 1}, {"threads": 2}], ids=str)
def test_labels_in_other_blocks(tmp_path, settings):
    """Larger ones, so that there are fewer, and smaller ones."""
    x = save(tmp_path / "x.npy", X, block=40, buffer=3)
    first, *others = (
        fit(x, save(tmp_path / "y.npy", Y, block=block), layers=LAYERS[1:], **{"fast": True} | settings)[0]
        for block in (40, 100, 7)
    )
    assert all(each.parameters.tobytes() == first.parameters.tobytes() for each in others)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_bits_of_parquet_files(tmp_path, used, threads, monkeypatch):
    """Row groups of other sizes than the steps, from which rows without a label are left out."""
    labels = pa.array([None if k % 7 == 3 else "abc"[y] for k, y in enumerate(Y)])
    table = pa.table({f"x{j}": column for j, column in enumerate(X.T.copy())} | {"y": labels})
    parquet.write_table(table.slice(0, 430), tmp_path / "1.parquet", row_group_size=45)
    parquet.write_table(table.slice(430), tmp_path / "2.parquet", row_group_size=61)
    monkeypatch.setattr(sys.modules["whorl.tables.folder"], "BUFFER", 3 * 61 * 5 * 4)
    changes = {"class_weight": "balanced", "validation": 0.2, "metrics": ["accuracy"]}

    def trained(**settings):
        rows = tables.folder(tmp_path, "y")
        assert rows.X.shape == ((np.arange(N) % 7 != 3).sum(), 5)
        return fit(Stored(rows.X), Stored(rows.y), layers=LAYERS[1:], **settings, **changes)

    expected, history = trained(fast=False)
    beside, _ = trained(fast=True, threads=threads)
    assert used["in place"] > 10
    before = used["in place"]
    np.testing.assert_allclose(beside.parameters, expected.parameters, atol=2e-5)
    monkeypatch.setattr(choice, "cores", lambda: 4)
    apart, again = trained(fast=True, threads=threads)
    assert used["in place"] == before
    assert apart.parameters.tobytes() == beside.parameters.tobytes()
    assert again["val_accuracy"] == history["val_accuracy"]


@pytest.mark.parametrize("fast", [True, False])
def test_no_block_is_read_twice_in_an_epoch(tmp_path, used, fast, monkeypatch):
    """Also if the last blocks of the epoch before are among the first ones of this epoch."""
    epochs, usual = [], sources.Sliced.read

    def read(rows, start, stop):
        epochs[-1].append(start)
        return usual(rows, start, stop)

    data = save(tmp_path / "x.npy", X, block=20, buffer=8), Y
    _, training = fit(*data, fast=fast, threads=2, layers=LAYERS[1:], epochs=20, call=Model.training)
    monkeypatch.setattr(sources.Sliced, "read", read)
    for _ in range(20):
        epochs.append([])
        next(iter(training))
    assert (used["in place"] > used["read"]) == fast
    assert all(len(each) == len(set(each)) for each in epochs)
    assert all(35 <= len(each) <= 51 for each in epochs)


class Stop(Callback):
    """Ends training with an error after some steps."""

    every_steps = 1

    def on_step_end(self, training):
        if training.step == 50:
            raise InterruptedError


@pytest.mark.parametrize("block", [None, 40])
def test_training_continues_from_a_checkpoint_within_an_epoch(tmp_path, used, block):
    data = save(tmp_path / "x.npy", X, block=block, buffer=3), Y
    changes = {"fast": True, "threads": 2, "metrics": ["accuracy"], "sample_weight": np.linspace(0, 2, N)}
    expected, history = fit(*data, **changes)
    path = tmp_path / "run.npz"
    with pytest.raises(InterruptedError):
        fit(*data, callbacks=[Checkpoint(path, steps=1), Stop()], **changes)
    before = used["in place"]
    model, again = fit(*data, resume=path, **changes)
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert [again[name] for name in history] == [history[name] for name in history]
    assert used["in place"] > before


@pytest.mark.parametrize("block", [None, 40])
@pytest.mark.parametrize("threads", [1, 2])
def test_training_goes_on_after_ctrl_c(tmp_path, used, threads, block, monkeypatch):
    data = save(tmp_path / "x.npy", X, block=block, buffer=3), Y
    (model, training), (other, expected) = (prepare(*data, threads=threads) for _ in range(2))
    list(expected)
    usual, caught = Crew.run, 0

    def interrupted(crew):
        signal.raise_signal(signal.SIGINT)
        usual(crew)

    monkeypatch.setattr(Crew, "run", interrupted)
    while training.state.epoch < 4:
        before = training.state.step
        try:
            list(training)
        except KeyboardInterrupt:
            caught += 1
            assert training.state.step > before
    assert caught > 30
    assert model.parameters.tobytes() == other.parameters.tobytes()
    assert used["in place"] > used["read"]


@pytest.mark.parametrize("what", ["other type", "NumPy", "slow disk"])
def test_inputs_are_read_where_they_cannot_be_used_in_place(tmp_path, used, what, monkeypatch):
    if what == "slow disk":
        monkeypatch.setattr(read_ahead.Reading, "idle", True)
    samples = X.astype(np.float64) if what == "other type" else X
    expected, _ = fit(X, Y, fast=what != "NumPy", threads=1)
    model, _ = fit(save(tmp_path / "x.npy", samples), Y, fast=what != "NumPy", threads=1)
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert used["in place"] == 0


@pytest.mark.parametrize("block", [None, 40])
@pytest.mark.parametrize(("value", "hidden"), [(np.nan, []), (-np.inf, []), (np.inf, [Dense(4), Tanh()])])
def test_errors_name_the_row_of_the_file(tmp_path, used, block, value, hidden):
    x = X.copy()  # with the hidden layers, the loss and the gradients are finite all the same
    for row in range(77, N, 100):  # most are met in place
        x[row, 3] = value
        data = save(tmp_path / f"{row}.npy", x, block=block, buffer=3), Y
        layers = [*hidden, Dense(3), Softmax()]
        model, training = prepare(*data, layers=layers, frozen=range(len(hidden)), threads=2)
        with pytest.raises(ValueError, match=rf"X must hold finite numbers, but X\[{row}, 3\] is {value}"):
            list(training.steps())
        assert training.state.step == list(training.begin_epoch().order[:N]).index(row) // 32
        assert np.isfinite(model.parameters).all()
        x[row, 3] = X[row, 3]
    assert used["in place"] > 4


@pytest.mark.posix
@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_that_is_cut_short(tmp_path, used, threads):
    path = tmp_path / "x.npy"
    model, training = prepare(save(path, X), Y, layers=[Dense(3), Softmax()], threads=threads)
    steps = training.steps()
    while not used["in place"]:
        next(steps)
    done = training.state.step
    os.truncate(path, 5000)
    with pytest.raises(OSError, match=r"x\.npy was cut short"):
        list(steps)
    assert done <= training.state.step < 2 * 32
    assert np.isfinite(model.parameters).all()


def test_categories_that_are_out_of_range(tmp_path, used):
    x = np.random.default_rng(0).integers(0, 4, (N, 2)).astype(np.float32)
    x[700, 1] = 4
    with pytest.raises(ValueError, match=r"column 1 must hold whole numbers from 0 to 3, but sample \d+ has 4"):
        fit(save(tmp_path / "x.npy", x), Y, fast=True, threads=2, layers=[Embedding([4, 4], 3), Dense(3), Softmax()])
