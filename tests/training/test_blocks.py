"""Data in files that are read in blocks: the order, the parts, and the same results as from memory in that order."""

import threading

import h5py
import numpy as np
import pytest
import zarr

from whorl import Adam, BatchNorm, Checkpoint, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax, Standardize, Stored
from whorl.recipes import RECIPES
from whorl.training import Training, read_ahead, sources
from whorl.training.orders import BlockOrder, BlockPart

N = 1003
X = np.random.default_rng(0).standard_normal((N, 5)).astype(np.float32) * 3 + 1
Y = np.random.default_rng(1).integers(0, 3, N)
LAYERS = [Standardize(), Dense(12), ReLU(), Dropout(0.2), BatchNorm(), Dense(3), Softmax()]
ENGINES = [{"fast": False}, {"fast": True, "threads": 1}, {"fast": True, "threads": 2}]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(read_ahead, "AHEAD", 2500)


@pytest.fixture
def stored(tmp_path):
    """The samples and labels in HDF5 and Zarr files, and mapped into memory."""
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    group = zarr.open_group(tmp_path / "data.zarr", mode="w")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        for name, array in (("x", X), ("y", Y)):
            file.create_dataset(name, data=array, chunks=(50, *array.shape[1:]), compression="gzip")
            group.create_array(name, data=array, chunks=(40, *array.shape[1:]))
        mapped = [np.load(tmp_path / name, mmap_mode="r") for name in ("x.npy", "y.npy")]
        yield {"hdf5": (file["x"], file["y"]), "zarr": (group["x"], group["y"]), "mapped": tuple(mapped)}


def options(**changes):
    return {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 2, "batch_size": 32, "rng": 0} | changes


def fit(X, y, **changes):
    model = Model(LAYERS, inputs=5, rng=0)
    return model, model.fit(X, y, **options(**changes))


@pytest.fixture
def recorded(monkeypatch):
    """The orders of the epochs that begin, as arrays; afterwards, trainings in memory get the same ones."""
    orders, begin = [], Training.begin_epoch

    def record(training):
        new = training.state.current is None
        current = begin(training)
        if new:
            orders.append((training.state.rng.bit_generator.state, np.array(current.order[:])))
        return current

    def repeat(training):
        new = training.state.current is None
        current = begin(training)
        if new:
            training.state.rng.bit_generator.state, current.order = orders.pop(0)
        return current

    monkeypatch.setattr(Training, "begin_epoch", record)
    return orders, lambda: monkeypatch.setattr(Training, "begin_epoch", repeat)


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["NumPy", "compiled"])
@pytest.mark.parametrize("kind", ["hdf5", "zarr", "mapped"])
def test_the_same_order_gives_the_same_bits_as_data_in_memory(stored, recorded, kind, engine):
    x, y = stored[kind]
    orders, repeat = recorded
    model, history = fit(
        Stored(x, block=100, buffer=3), Stored(y), class_weight="balanced", metrics=["accuracy"], **engine
    )
    assert [sorted(order.tolist()) for _, order in orders] == [list(range(N))] * 2
    assert not np.array_equal(orders[0][1], orders[1][1])
    repeat()
    expected, other = fit(X, Y, class_weight="balanced", metrics=["accuracy"], **{**engine, "fast": engine["fast"]})
    np.testing.assert_allclose(
        model.parameters, expected.parameters, rtol=1e-4, atol=1e-6
    )  # the one-pass deviation differs
    assert history["accuracy"] == pytest.approx(other["accuracy"], abs=2 / N)


@pytest.mark.parametrize("engine", ENGINES, ids=["NumPy", "compiled", "threads"])
def test_the_bits_are_those_of_data_in_memory_without_scaling(stored, recorded, engine):
    _, repeat = recorded
    x, y = stored["hdf5"]

    def trained(X, y):
        model = Model(LAYERS[1:], inputs=5, rng=0)
        model.fit(X, y, **options(**engine))
        return model.parameters.tobytes()

    found = trained(Stored(x, buffer=4), Stored(y))
    repeat()
    assert trained(X, Y) == found


@pytest.mark.parametrize("labels", ["file", "memory"])
@pytest.mark.parametrize("engine", ENGINES[:2], ids=["NumPy", "compiled"])
def test_checkpoints_continue_within_an_epoch(stored, tmp_path, engine, labels):
    x, y = stored["zarr"]
    data = Stored(x, block=64, buffer=4), Stored(y) if labels == "file" else Y
    changes = {"validation": 0.2, "metrics": ["accuracy"], **engine}
    expected, history = fit(*data, **changes)
    path = tmp_path / "{epoch}.npz"
    model = Model(LAYERS, inputs=5, rng=0)
    training = model.training(*data, callbacks=[Checkpoint(path, steps=7)], **options(**changes))
    steps = training.steps()
    for _ in range(25 + 8):  # the last file is from step 28, in the second epoch
        next(steps)
    steps.close()
    again, other = fit(*data, resume=tmp_path / "1.npz", **changes)
    assert again.parameters.tobytes() == expected.parameters.tobytes()
    assert [other[name] for name in history] == [history[name] for name in history]


def test_an_order_is_a_permutation_that_mixes_and_is_the_same_again():
    starts = np.concatenate([[0], np.cumsum(np.random.default_rng(0).integers(0, 60, 100))])
    order = BlockOrder.drawn(starts, 8, np.random.default_rng(5))
    rows = order[:]
    assert sorted(rows.tolist()) == list(range(len(order)))
    assert len(order) == starts[-1]
    np.testing.assert_array_equal(np.concatenate([order[k : k + 37] for k in range(0, len(order), 37)]), rows)
    np.testing.assert_array_equal(BlockOrder.restored(order.content())[100:2000], rows[100:2000])
    blocks = np.searchsorted(starts, rows, side="right") - 1
    batches = [len(set(blocks[k : k + 32])) for k in range(0, len(rows) - 32, 32)]
    assert np.mean(batches) > 6  # of the 8 blocks of a buffer
    assert np.corrcoef(rows[:-1], rows[1:])[0, 1] < 0.6
    other = BlockOrder.drawn(starts, 8, np.random.default_rng(6))
    assert not np.array_equal(other[:], rows)


@pytest.mark.parametrize(
    "change",
    [{"seed": -1}, {"buffer": 0}, {"blocks": np.array([0, 0])}, {"starts": np.array([1, 2, 3])}, {"starts": None}],
    ids=repr,
)
def test_an_order_that_whorl_has_not_written_is_refused(change):
    content = BlockOrder(np.array([0, 2, 3]), np.array([1, 0]), 2, 5).content()
    vars(content).update(change)
    with pytest.raises(ValueError, match="the order of the blocks is none that whorl writes"):
        BlockOrder.restored(content)


@pytest.mark.parametrize("aside", [1, 100, 333, 1002])
def test_parts_are_of_the_size_that_is_asked_for_and_have_all_rows(aside):
    boundaries = np.array([0, 10, 10, 400, 1003])
    stay, chosen = (BlockPart(boundaries, aside, 7, chosen=each) for each in (False, True))
    assert (len(stay), len(chosen)) == (N - aside, aside)
    assert sorted([*stay[:], *chosen[:]]) == list(range(N))
    rows = np.random.default_rng(0).permutation(len(stay))
    np.testing.assert_array_equal(stay.take(rows), stay[:][rows])
    share = np.mean(chosen[:] >= 400)
    assert abs(share - 603 / N) < 2 / aside


def test_validation_samples_are_drawn_from_each_block(stored, monkeypatch):
    x, y = stored["hdf5"]
    model = Model(LAYERS, inputs=5, rng=0)
    training = model.training(Stored(x), Stored(y), **options(validation=0.25))
    train, validation = training.train, training.validation
    assert (len(train), len(validation)) == (752, 251)
    rows = [tuple(row) for part in (train, validation) for row in part.x[:].tolist()]
    assert sorted(rows) == sorted(tuple(row) for row in X.tolist())
    np.testing.assert_array_equal(
        Y[[np.flatnonzero((row == X).all(axis=1))[0] for row in validation.x[:]]], validation.target[:]
    )
    other = model.training(Stored(x), Y, **options(validation=0.25, stratify=True))
    shares = [np.bincount(part.target) / len(part) for part in (other.train, other.validation)]
    np.testing.assert_allclose(shares[0], shares[1], atol=0.005)
    with pytest.raises(ValueError, match="stratify=True needs labels in memory for data that are read in blocks"):
        model.training(Stored(x), Stored(y), **options(validation=0.25, stratify=True))


def test_an_order_takes_no_memory_for_each_row():
    order = BlockOrder.drawn(np.arange(0, 10**9 + 1, 10**6), 2, np.random.default_rng(0))
    assert sum(each.nbytes for each in vars(order.content()).values() if isinstance(each, np.ndarray)) < 20_000
    assert len(order[10**8 : 10**8 + 64]) == 64


def test_each_block_is_read_once_in_an_epoch(stored, monkeypatch):
    read, usual = [], sources.Sliced.read

    def count(rows, start, stop):
        read.append((start, stop))
        return usual(rows, start, stop)

    x, _ = stored["hdf5"]
    training = Model(LAYERS[1:], inputs=5, rng=0).training(Stored(x, block=50, buffer=4), Y, **options())
    monkeypatch.setattr(sources.Sliced, "read", count)
    for _ in training:
        break
    assert sorted(read) == [(start, min(start + 50, N)) for start in range(0, N, 50)]


def test_threads_share_the_blocks_of_a_chunk(stored, monkeypatch):
    """Also if the samples of one of them are in memory: here those of the first half are in the first buffer."""
    usual, both, read = sources.Sliced.read, threading.Barrier(2), []

    def together(rows, start, stop):
        both.wait(10)  # fails unless the other thread reads, too
        read.append((threading.get_ident(), start))
        return usual(rows, start, stop)

    x, _ = stored["mapped"]
    training = Model(LAYERS[1:], inputs=5, rng=0).training(Stored(x, block=50, buffer=4), Y, **options())
    data, order = training.train, training.begin_epoch().order
    data.batch(order[0:200])
    data.x.source.readers = threading.Semaphore(2)
    monkeypatch.setattr(sources.Sliced, "read", together)
    arrays = np.zeros((200, 5), np.float32), np.zeros(200, Y.dtype), None
    read_ahead.Reading(data, read_ahead.Chunk(order, 100, 300, 0, arrays), 2).result()
    np.testing.assert_array_equal(arrays[0], X[order[100:300]])
    assert sorted(start // 50 for _, start in read) == sorted(order.blocks[4:8].tolist())
    assert [[each for each, _ in read].count(each) for each in {each for each, _ in read}] == [2, 2]


@pytest.mark.parametrize("sizes", [[50] * 20 + [3], [50, 50, 7] * 9, [1] * 30 + [900, 0, 73], [1003]])
def test_rows_are_taken_from_their_blocks(sizes):
    boundaries = np.cumsum([0, *sizes])
    rows = np.random.default_rng(0).permutation(np.repeat(np.arange(boundaries[-1]), 2))
    for part in (rows[:5], rows):
        taken = sources.Sliced(X[: boundaries[-1]], boundaries, 4).take(part)
        np.testing.assert_array_equal(taken, X[part])


def test_blocks_that_are_needed_or_coming():
    order = BlockOrder(np.arange(0, 101, 10), np.array([3, 9, 0, 5, 1, 7, 2, 8, 4, 6]), buffer=3, seed=0)
    assert order.needed(0, 30) == [3, 9, 0]
    assert order.needed(29, 31) == [3, 9, 0, 5, 1, 7]
    assert order.needed(90, 100) == [6]
    assert order.coming(11) == [5, 1]
    assert order.coming(95) == []


def test_errors_name_the_row_of_the_file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        wrong = X.copy()
        wrong[654, 2] = np.inf
        file["x"], file["text"] = wrong, np.array([b"a"] * N)
        model = Model(LAYERS[1:], inputs=5, rng=0)
        with pytest.raises(ValueError, match=r"X must hold finite numbers, but X\[654, 2\] is inf"):
            model.fit(Stored(file["x"], block=100), Y, **options())
        with pytest.raises(TypeError, match="y must hold whole numbers from 0 to 2"):
            model.fit(Stored(file["x"]), Stored(file["text"]), **options())


def test_recipes_read_mapped_arrays_into_memory(stored, monkeypatch):
    monkeypatch.setattr(sources, "IN_MEMORY", 100)
    recipe = RECIPES["table"]["default"].replace(members=2, folds=2, epochs=1, layers="Dense(4)", calibrate=False)
    expected, _ = recipe.fit(X, Y, rng=0)
    model, _ = recipe.fit(*stored["mapped"], rng=0)
    np.testing.assert_allclose(model.parameters, expected.parameters, rtol=1e-5)


class InMemory:
    """Like a series of pandas, a tensor of PyTorch and others."""

    shape, dtype, __array_priority__ = (3,), np.dtype(float), 1

    def __getitem__(self, place):
        return np.zeros(3)[place]


def test_arrays_in_memory_are_none_in_a_file():
    for array in (X, InMemory(), [1.0], X.tolist()):
        assert not sources.is_stored(array)
        with pytest.raises(TypeError, match="array must be in a file"):
            Stored(array)


def test_an_order_that_was_changed_is_refused(stored):
    training = Model(LAYERS[1:], inputs=5, rng=0).training(*map(Stored, stored["mapped"]), **options())
    training.begin_epoch().order[500] = N
    with pytest.raises(IndexError, match="the order of the samples was changed during training"):
        list(training)
