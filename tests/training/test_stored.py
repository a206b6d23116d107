"""Data in files: the same bits as from memory, on both engines, and errors that name the row."""

import copy
import pickle
import threading

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    BatchNorm,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    MeanSquaredError,
    Model,
    RankScale,
    ReLU,
    Softmax,
    Standardize,
    Stored,
)
from whorl.training import read_ahead, sources
from whorl.training.mapped import Mapped

N = 1003
X = np.random.default_rng(0).standard_normal((N, 5)).astype(np.float32) * [1, 2, 3, 4, 5] + 1
Y = np.random.default_rng(1).integers(0, 3, N)
LAYERS = [Standardize(), Dense(12), ReLU(), Dropout(0.2), BatchNorm(), Dense(3), Softmax()]
ENGINES = [{"fast": False}, {"fast": True, "threads": 1}, {"fast": True, "threads": 2}]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Some steps are read ahead at once, and not all of the data."""
    monkeypatch.setattr(read_ahead, "AHEAD", 2500)


@pytest.fixture
def mapped(tmp_path):
    """Return arrays as they are in files that are mapped into memory."""

    def save(*arrays, **settings):
        found = []
        for array in arrays:
            path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
            np.save(path, array)
            found.append(Stored(np.load(path, mmap_mode="r"), **settings))
        return found

    return save


def options(**changes):
    return {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 3, "batch_size": 32, "rng": 0} | changes


def fit(X, y, **changes):
    model = Model(LAYERS, inputs=5, rng=0)
    return model, model.fit(X, y, **options(**changes))


@pytest.mark.parametrize("engine", ENGINES, ids=["NumPy", "compiled", "threads"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"validation": 0.2, "metrics": ["accuracy", "f1"]},
        {"validation": 0.2, "stratify": True},
        {"validation": np.arange(0, N, 7), "class_weight": "balanced"},
        {"class_weight": {0: 2.0}, "validation": (X[:50], Y[:50])},
        {"sample_weight": np.random.default_rng(2).random(N)},
        {"batch_size": 2000},
        {"batch_size": 21, "epochs": 1},
    ],
    ids=lambda changes: "-".join(changes) or "plain",
)
def test_mapped_data_give_the_bits_of_data_in_memory(mapped, engine, changes):
    x, y = mapped(X, Y)
    changes = {"epochs": 2, **engine, **changes}
    expected, history = fit(X, Y, **changes)
    for data in ((x, y), (x, Y), (X, y)) if not engine["fast"] else ((x, y),):
        model, other = fit(*data, **changes)
        assert model.parameters.tobytes() == expected.parameters.tobytes()
        assert model.statistics == pytest.approx(expected.statistics, rel=1e-6)
        for name in history:
            assert other[name] == pytest.approx(history[name], rel=1e-6)
        assert other.engine == history.engine


def test_accumulated_batches(mapped):
    x, y = mapped(X, Y)
    expected, _ = fit(X, Y, accumulate=3, metrics=["accuracy"])
    model, _ = fit(x, y, accumulate=3, metrics=["accuracy"])
    assert model.parameters.tobytes() == expected.parameters.tobytes()


def test_partial_fit_evaluate_predict_and_adapt(mapped):
    x, y = mapped(X, Y)
    expected, model = (Model(LAYERS, inputs=5, rng=0) for _ in range(2))
    changes = options()
    del changes["epochs"]
    expected.partial_fit(X, Y, **changes)
    model.partial_fit(x, y, **changes)
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert model.predict(x).tobytes() == model.predict(X).tobytes()
    asked = {"loss": CrossEntropy(), "metrics": ["accuracy", "top_5_accuracy", "balanced_accuracy"]}
    assert model.evaluate(x, y, **asked) == pytest.approx(model.evaluate(X, Y, **asked), rel=1e-6)
    expected.adapt(X)
    model.adapt(x)
    assert model.statistics == pytest.approx(expected.statistics, rel=1e-6)


def test_standardize_learns_in_one_pass(mapped, monkeypatch):
    monkeypatch.setattr("whorl.training.stored_array.CHUNK", 400)
    x = X.astype(np.float64) * 1e3 + 1e7
    x[:, 4] = 3.3  # a constant
    expected, model = (Model([Standardize(), RankScale()], inputs=5, dtype=np.float64) for _ in range(2))
    expected.adapt(x)
    model.adapt(mapped(x)[0])
    np.testing.assert_allclose(model.statistics, expected.statistics, rtol=1e-11, atol=1e-9)


def test_views_of_mappings(tmp_path):
    np.save(tmp_path / "x.npy", np.repeat(X, 2, axis=0)[::-1].copy())
    whole = np.load(tmp_path / "x.npy", mmap_mode="r")
    big_endian = np.memmap(tmp_path / "big", ">f8", "w+", shape=X.shape)
    big_endian[:] = X
    big_endian.flush()
    column_order = np.memmap(tmp_path / "columns", np.float32, "w+", shape=X.shape, order="F")
    column_order[:] = X
    private = np.load(tmp_path / "x.npy", mmap_mode="c")[::-2]
    private[:] = X  # in memory only
    expected, _ = fit(X, Y)
    for view in (whole[::-2], np.asarray(whole)[::-1][::2], big_endian, column_order, private):
        model, _ = fit(Stored(view), Y)
        np.testing.assert_allclose(model.parameters, expected.parameters, rtol=1e-5)
    assert (private == X).all()


def test_a_file_that_was_removed_or_replaced_is_read_from_its_mapping(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    (tmp_path / "x.npy").unlink()
    expected, _ = fit(X, Y)
    assert fit(Stored(x), Y)[0].parameters.tobytes() == expected.parameters.tobytes()
    np.save(tmp_path / "x.npy", X + 1)
    assert fit(Stored(x), Y)[0].parameters.tobytes() == expected.parameters.tobytes()


def test_small_arrays_in_files_are_read_at_once_and_large_ones_in_parts(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    training = Model(LAYERS, inputs=5, rng=0).training(x, Y, **options())
    assert isinstance(training.train.x, np.ndarray)
    assert training.reader is None
    monkeypatch.setattr(sources, "IN_MEMORY", x.nbytes - 1)
    training = Model(LAYERS, inputs=5, rng=0).training(x, Y, **options())
    assert not isinstance(training.train.x, np.ndarray)
    assert training.reader is not None


class At(Callback):
    """Records the state after each fifth step, and fails after one."""

    def __init__(self, last=None):
        self.last, self.seen = last, []

    @property
    def every_steps(self):
        return 5

    def on_step_end(self, training):
        self.seen.append((training.step, training.state.current.samples))
        if training.step == self.last:
            raise InterruptedError


@pytest.mark.parametrize("engine", ENGINES, ids=["NumPy", "compiled", "threads"])
def test_checkpoints_continue_within_an_epoch(mapped, engine, tmp_path):
    x, y = mapped(X, Y)
    changes = {**engine, "metrics": ["accuracy", "f1"], "validation": 0.1}
    expected, history = fit(x, y, **changes)
    path = tmp_path / "model.npz"
    with pytest.raises(InterruptedError):
        fit(x, y, callbacks=[Checkpoint(path, steps=5), At(40)], **changes)
    assert whorl.load(path).parameters.tobytes() != expected.parameters.tobytes()
    model, again = fit(x, y, resume=path, **changes)
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert [again[name] for name in history] == [history[name] for name in history]


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["NumPy", "compiled"])
def test_callbacks_are_called_after_the_same_steps(mapped, engine):
    seen = []
    for data in ((X, Y), mapped(X, Y)):
        at = At()
        fit(*data, callbacks=[at], **engine)
        seen.append(at.seen)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 96 // 5


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["NumPy", "compiled"])
@pytest.mark.parametrize("action", ["raise", "stop", "skip"])
def test_divergence(mapped, engine, action):
    y = np.zeros((N, 1), np.float32)
    y[500] = 3e38
    results = []
    for data in ((X, y), mapped(X, y)):
        model = Model([Dense(4), ReLU(), Dense(1)], inputs=5, rng=0)
        wanted = options(
            loss=MeanSquaredError(), optimizer=SGD(1e-3), on_divergence=action, metrics=["mae", "r2"], **engine
        )
        try:
            history = model.fit(*data, **wanted)
            message = history.stopped, history.skipped, list(history)
        except DivergenceError as error:
            message = str(error)
        results.append((message, model.parameters.tobytes()))
    assert str(results[0][0])[:100] == str(results[1][0])[:100]
    assert results[0][1] == results[1][1]


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["NumPy", "compiled"])
def test_errors_name_the_row_of_the_file(mapped, engine):
    x, y = X.copy(), Y.copy()
    x[777, 3] = np.nan
    with pytest.raises(ValueError, match=r"X must hold finite numbers, but X\[777, 3\] is nan"):
        Model([Dense(3), Softmax()], inputs=5, rng=0).fit(mapped(x)[0], Y, **options(**engine))
    y[778] = 3
    with pytest.raises(ValueError, match=r"y must hold labels from 0 to 2, .* but y\[778\] is 3"):
        Model([Dense(3), Softmax()], inputs=5, rng=0).fit(*mapped(X, y), **options(**engine))
    with pytest.raises(ValueError, match=r"X\[777, 3\] is nan"):
        Model([Dense(3), Softmax()], inputs=5, rng=0).predict(mapped(x)[0])


def test_what_is_wrong_with_the_whole_is_said_before_training(mapped):
    model = Model(LAYERS, inputs=5, rng=0)
    for x, y, message in (
        (X[:, :4], Y, r"X must have shape \(n, 5\), got \(1003, 4\)"),
        (X[:0], Y, r"X must hold at least one sample, got shape \(0, 5\)"),
        (X, Y[:-1], "X and y must have the same number of samples, got 1003 and 1002"),
        (X, Y[:, None], r"y must have shape \(n,\), or \(n, 3\) if one-hot, got \(1003, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            model.training(*mapped(x, y), **options())
    with pytest.raises(TypeError, match="X must hold real numbers, got an array of shape"):
        model.training(*mapped(X.astype("S4"), Y), **options())
    with pytest.raises(TypeError, match="y must hold whole numbers from 0 to 2"):
        model.training(*mapped(X, Y.astype(float)), **options())
    with pytest.raises(TypeError, match="array must be in a file, such as"):
        Stored(X)


@pytest.mark.posix
def test_a_file_that_is_cut_short(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, X)
    training = Model(LAYERS, inputs=5, rng=0).training(Stored(np.load(path, mmap_mode="r")), Y, **options())
    steps = training.steps()
    next(steps)
    with path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(OSError, match=r"x\.npy was cut short"):
        list(steps)


def test_copies_of_a_training(mapped):
    training = Model(LAYERS, inputs=5, rng=0).training(*mapped(X, Y), **options())
    steps = training.steps()
    for _ in range(7):
        next(steps)
    others = [copy.deepcopy(training), copy.copy(training), pickle.loads(pickle.dumps(training))]
    finished = []
    for each in (training, *others):
        each.restore(copy.deepcopy(others[0]).state) if each is not others[0] else None
        list(each)
        finished.append(each.model.parameters.tobytes())
    assert len({*finished}) == 1


def test_no_thread_is_left(mapped):
    x, y = mapped(X, Y)
    for _ in Model(LAYERS, inputs=5, rng=0).training(x, y, **options()):
        break
    with pytest.raises(InterruptedError):
        fit(x, y, callbacks=[At(10)])
    assert not [each for each in threading.enumerate() if each.name == "whorl-read"]


def test_rows_are_the_same_however_they_are_read(tmp_path, monkeypatch):
    from whorl.engine.reading import read_rows

    np.save(tmp_path / "x.npy", X)
    rows = np.random.default_rng(3).integers(0, N, 5000)
    for view in (np.load(tmp_path / "x.npy", mmap_mode="r"), np.load(tmp_path / "x.npy", mmap_mode="r")[::-3]):
        places = rows % len(view)
        for read in (None, read_rows):
            monkeypatch.setattr(Mapped, "read_rows", read and staticmethod(read))
            np.testing.assert_array_equal(Mapped(view).take(places), view[places])
            assert Mapped(view).file >= 0  # they are read from the file
    mapped = Mapped(np.load(tmp_path / "x.npy", mmap_mode="r"))
    with (tmp_path / "x.npy").open("r+b") as file:
        file.truncate(10_000)
    with pytest.raises(OSError, match="was cut short"):
        mapped.take(rows)


def test_what_cannot_be_sent_to_another_process(tmp_path):
    np.save(tmp_path / "x.npy", X)
    changed = Stored(np.load(tmp_path / "x.npy", mmap_mode="c"))
    with pytest.raises(TypeError, match="cannot be sent to another process if it is mapped with changes of its own"):
        pickle.dumps(changed)
    replaced = Stored(np.load(tmp_path / "x.npy", mmap_mode="r"))
    np.save(tmp_path / "other.npy", X + 1)
    (tmp_path / "other.npy").replace(tmp_path / "x.npy")
    with pytest.raises(TypeError, match="its file has no name or was replaced"):
        pickle.dumps(replaced)


def test_where_an_array_is_is_sent_to_another_process(tmp_path):
    np.save(tmp_path / "x.npy", X)
    sent = pickle.loads(pickle.dumps(Stored(np.load(tmp_path / "x.npy", mmap_mode="r")[5:, 1:3], block=7)))
    assert np.array_equal(sent[:], X[5:, 1:3])
    assert len(pickle.dumps(sent)) < 1000
    assert sent.block == 7


@pytest.mark.parametrize("engine", ENGINES, ids=["NumPy", "compiled", "threads"])
@pytest.mark.parametrize("block", [None, 40])
@pytest.mark.parametrize("changes", [{}, {"validation": 0.2, "class_weight": "balanced", "metrics": ["accuracy"]}])
def test_reading_from_a_slow_disk_gives_the_same_bits(mapped, monkeypatch, engine, block, changes):
    data = mapped(X, Y, block=block, buffer=3)
    model, expected = fit(*data, **engine, **changes)
    monkeypatch.setattr(read_ahead.Reading, "idle", True)
    monkeypatch.setattr(read_ahead, "MEASURED", 3)
    threads = []
    usual = read_ahead.Reading.__init__

    def counting(self, samples, chunk, count, **options):
        threads.append(count)
        usual(self, samples, chunk, count, **options)

    monkeypatch.setattr(read_ahead.Reading, "__init__", counting)
    other, found = fit(*data, **engine, **changes)
    assert np.array_equal(model.parameters, other.parameters)
    assert expected["loss"] == found["loss"]
    assert threads.count(read_ahead.MANY) > len(threads) / 2
