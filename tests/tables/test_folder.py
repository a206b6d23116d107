"""Folders of Parquet files: the preparation that one pass learns, the rows, training, and errors that name the file."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from whorl import Adam, CrossEntropy, Dense, MeanSquaredError, Model, ReLU, Softmax, Standardize, Stored, tables
from whorl.tables import streaming
from whorl.training import is_stored, read_ahead

N = 1000


def columns(rng, n=N):
    """Columns of all kinds, with gaps."""
    gaps = rng.random(n) < 0.02
    found = {
        "size": pa.array(np.where(gaps, np.nan, rng.standard_normal(n) * 10 + 50)),
        "rooms": pa.array(rng.integers(1, 9, n).astype(np.int16)),
        "whole": pa.array(
            [None if gap else int(each) for gap, each in zip(gaps, rng.integers(0, 999, n), strict=True)]
        ),
        "since": pa.array(1.7e9 + rng.random(n)),  # which float32 cannot tell apart
        "heating": pa.array(rng.choice(["gas", "oil", None], n).tolist()),
        "rare": pa.array([f"word {each}" for each in rng.zipf(1.5, n)]),
        "sold": pa.array((np.datetime64("2020-01-01") + rng.integers(0, 900, n)).astype("M8[D]")),
        "flag": pa.array(rng.random(n) < 0.3),
        "single": pa.array(rng.standard_normal(n).astype(np.float32)),
        "always": pa.array(np.ones(n)),
        "grade": pa.array(rng.choice(["low", "high", None], n).tolist()).dictionary_encode(),
    }
    price = 2 * found["rooms"].to_numpy() + np.equal(found["heating"].to_pylist(), "gas") + rng.standard_normal(n) / 9
    return pa.table({**found, "price": pa.array([None if k == 17 else each for k, each in enumerate(price.tolist())])})


@pytest.fixture
def written(tmp_path):
    """A table as files of a folder, and as one file."""
    whole = columns(np.random.default_rng(0))
    folder = tmp_path / "houses"
    (folder / "more").mkdir(parents=True)
    parquet.write_table(whole.slice(0, 430), folder / "1.parquet", row_group_size=100)
    parquet.write_table(whole.slice(430), folder / "more" / "2.pq", row_group_size=120)
    (folder / "_metadata.parquet").write_bytes(b"not a table")
    parquet.write_table(whole, tmp_path / "houses.parquet", row_group_size=333)
    return folder, tmp_path / "houses.parquet"


@pytest.mark.parametrize("target", ["price", "heating", "flag", "rooms", "grade"])
def test_a_table_that_fits_the_sample_is_learned_as_in_memory(written, target):
    folder, file = written
    known = tables.table(file, target)
    for path in written:
        found = tables.folder(path, target)
        assert found.preparation == known.preparation
        assert (len(found), found.dropped, found.task, found.classes) == (
            len(known),
            known.dropped,
            known.task,
            known.classes,
        )
        np.testing.assert_array_equal(found.X[:], known.X.astype(np.float32))
        np.testing.assert_array_equal(found.y[:], known.y)
        np.testing.assert_array_equal(found.X[190:777:7], known.X.astype(np.float32)[190:777:7])
        assert found.X.shape == known.X.shape
        assert set(known.notes) <= set(found.notes)
    exact = tables.folder(folder, target, dtype=np.float64)
    np.testing.assert_array_equal(exact.X[:], known.X)


def test_arguments_are_those_of_table(written):
    folder, file = written
    given = {"ignore": ["rare", "size"], "use": ["whole"], "task": "classification"}
    found, known = tables.folder(folder, "rooms", **given), tables.table(file, "rooms", **given)
    assert found.preparation == known.preparation
    again = tables.folder(folder, preparation=known.preparation)
    np.testing.assert_array_equal(again.y[:], known.y)
    np.testing.assert_array_equal(again.X[:], known.X.astype(np.float32))
    assert repr(again) == f"<Folder of 2 files, 1,000 rows, {known.X.shape[1]} features: classification of 'rooms'>"


def test_a_sample_shows_gaps_ranges_and_counts_of_all_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "SAMPLE", 64)
    rng, n = np.random.default_rng(0), 5001
    size = rng.standard_normal(n)
    size[4321] = np.nan
    nearly = np.ones(n)
    nearly[3333] = 2
    words = np.array(["common", "usual", "seldom"])[rng.choice(3, n, p=[0.6, 0.397, 0.003])]
    label = np.array(["a", "b"])[(np.arange(n) == 2345).astype(int)]
    table = pa.table({"size": size, "nearly": nearly, "word": words, "label": label, "class": (label == "b") * 7.0})
    parquet.write_table(table, tmp_path / "x.parquet", row_group_size=500)
    found, known = tables.folder(tmp_path, "label"), tables.table(tmp_path / "x.parquet", "label")
    (own, *rest), (exact, *others) = found.preparation.columns, known.preparation.columns
    assert rest == others
    assert found.preparation.target == known.preparation.target
    assert own.missing
    assert own.fill == pytest.approx(exact.fill, abs=0.4)
    assert own.fill != exact.fill
    assert tables.folder(tmp_path, "class", ignore=["label"]).classes == ("0", "7")


def test_training_and_prediction(written, monkeypatch):
    monkeypatch.setattr(read_ahead, "AHEAD", 10_000)
    folder, file = written
    known, found = (
        tables.table(file, "price", ignore=["rare", "sold"]),
        tables.folder(folder, "price", ignore=["rare", "sold"], buffer=3),
    )
    assert not is_stored(found.X)  # it is small
    results = []
    for X, y in (
        (known.X, known.y),
        (found.X, found.y),
        (Stored(found.X), Stored(found.y)),
        (Stored(found.X), known.y),
    ):
        for fast in (False, True):
            model = Model([Standardize(), Dense(16), ReLU(), Dense(1)], inputs=known.X.shape[1], rng=0)
            options = {"loss": MeanSquaredError(), "optimizer": Adam(0.01), "epochs": 8, "validation": 0.1, "rng": 0}
            history = model.fit(X, y, metrics=["rmse", "r2"], fast=fast, **options)
            results.append((model.parameters.tobytes(), history["val_r2"][-1]))
    assert [each[0] for each in results[:2]] == [each[0] for each in results[2:4]]
    assert all(score > 0.9 for _, score in results)
    model.preparation = found.preparation
    y = model.predict(Stored(found.X))
    np.testing.assert_array_equal(y, model.predict(known.X.astype(np.float32)))
    measured = model.evaluate(Stored(found.X), Stored(found.y), loss=MeanSquaredError(), metrics=["mae", "r2"])
    assert measured == pytest.approx(
        model.evaluate(known.X, known.y, loss=MeanSquaredError(), metrics=["mae", "r2"]), rel=1e-5
    )


def test_features_and_labels_of_a_row_group_are_read_at_once(written, monkeypatch):
    folder, file = written
    known, found = tables.table(file, "price"), tables.folder(folder, "price", buffer=1)
    reads, read = [], found.files.read
    monkeypatch.setattr(
        tables.parquet_files.Files, "read", lambda _, part, columns: reads.append(part) or read(part, columns)
    )
    numbers = range(len(found.files.parts))
    for number in numbers:  # in turn, as training does
        found.X.block(number)
        start, stop = found.boundaries[number : number + 2]
        np.testing.assert_array_equal(found.y.block(number), known.y[start:stop])
    assert reads == found.files.parts
    for number in numbers:
        found.X.block(number)
    assert len(found.groups.kept) == 2  # of the last ones, and no more
    np.testing.assert_array_equal(np.concatenate([found.y.block(number) for number in numbers]), known.y)
    assert len(reads) == 3 * len(numbers) - 2
    found.X.block(0)
    assert not pickle.loads(pickle.dumps(found)).groups.kept  # another process reads for itself


def test_class_weights_of_labels_in_files(written):
    folder, file = written
    known, found = tables.table(file, "flag"), tables.folder(folder, "flag")
    model = Model([Dense(2), Softmax()], inputs=known.X.shape[1], rng=0)
    options = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 1, "class_weight": "balanced", "rng": 0}
    training = model.training(Stored(found.X), Stored(found.y), **options)
    expected = model.training(known.X, known.y, **options)
    rows = np.arange(100, 900)
    for own, other in zip(training.train.batch(rows), expected.train.batch(rows), strict=True):
        np.testing.assert_array_equal(own, other)


def test_rows_without_a_target_are_left_out_wherever_they_are(tmp_path):
    x = np.arange(300.0)
    y = [None if k % 7 == 0 or 100 <= k < 200 else k for k in range(300)]
    parquet.write_table(pa.table({"x": x, "y": y}), tmp_path / "a.parquet", row_group_size=100)
    found = tables.folder(tmp_path, "y")
    np.testing.assert_array_equal(found.X[:], found.y[:])
    assert (len(found), found.dropped) == (171, 129)
    order = (
        Model([Dense(1)], inputs=1)
        .training(Stored(found.X), Stored(found.y), loss=MeanSquaredError(), optimizer=Adam(), epochs=1, rng=0)
        .begin_epoch()
        .order
    )
    assert sorted(order[:].tolist()) == list(range(171))


def test_large_row_groups_are_remarked_on(tmp_path, monkeypatch):
    monkeypatch.setitem(tables.folder.__globals__, "LARGE", 1000)
    parquet.write_table(columns(np.random.default_rng(0)), tmp_path / "a.parquet")
    assert "a smaller row_group_size takes less" in tables.folder(tmp_path, "price").notes[0]


def test_errors_name_the_file(written, tmp_path):
    folder, file = written
    with pytest.raises(FileNotFoundError, match="nowhere"):
        tables.folder(tmp_path / "nowhere", "price")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no file whose name ends in \.parquet or \.pq"):
        tables.folder(tmp_path / "empty", "price")
    parquet.write_table(pa.table({"price": pa.array([], pa.float64())}), tmp_path / "empty" / "a.parquet")
    with pytest.raises(ValueError, match="empty has no rows"):
        tables.folder(tmp_path / "empty", "price")
    with pytest.raises(
        ValueError, match=r"target must be a column of .*, which has size, .* got 'prise'; did you mean 'price'"
    ):
        tables.folder(folder, "prise")
    with pytest.raises(TypeError, match="target must be the name of a column, got None"):
        tables.folder(folder)
    with pytest.raises(ValueError, match="preparation includes target"):
        tables.folder(folder, "price", preparation=tables.table(file, "price").preparation)
    whole = parquet.read_table(file)
    wrong = whole.set_column(1, "rooms", whole["rooms"].cast(pa.float32()))
    parquet.write_table(wrong, folder / "3.parquet")
    with pytest.raises(
        ValueError,
        match=r"3\.parquet must have the columns of 1\.parquet: column 'rooms' is int16 there, and here float",
    ):
        tables.folder(folder, "price")
    parquet.write_table(whole.drop_columns(["flag"]), folder / "3.parquet")
    with pytest.raises(ValueError, match="column 'flag' is bool there, and here no such column"):
        tables.folder(folder, "price")
    (folder / "3.parquet").write_bytes(b"no table at all")
    with pytest.raises(ValueError, match=r"3\.parquet is not a Parquet file"):
        tables.folder(folder, "price")


def test_a_file_that_has_changed_is_named(written):
    folder, _ = written
    found = tables.folder(folder, "price", ignore=["rare"])
    parquet.write_table(
        parquet.read_table(folder / "1.parquet").slice(0, 150), folder / "1.parquet", row_group_size=100
    )
    with pytest.raises(
        ValueError, match=r"1\.parquet has changed since it was opened: its row group 1 had 100 rows, and has 50"
    ):
        found.X[100:200]
    with pytest.raises(ValueError, match="its row group 4 had 30 rows, and has 0"):
        found.y[400:430]


def test_errors_in_rows_name_the_file_and_the_row(written):
    folder, _ = written
    found = tables.folder(folder, "price", ignore=["rare"])
    other = columns(np.random.default_rng(1), 570)
    single = other["single"].to_numpy().copy()
    single[333] = np.inf
    changed = other.set_column(8, "single", pa.array(single))
    parquet.write_table(changed, folder / "more" / "2.pq", row_group_size=120)
    again = tables.folder(folder, preparation=found.preparation)
    with pytest.raises(ValueError, match=r"2\.pq, row 333, column 'single': must be a finite number, got inf"):
        Model([Dense(1)], inputs=found.X.shape[1]).fit(
            Stored(again.X), Stored(again.y), loss=MeanSquaredError(), optimizer=Adam(), epochs=1, rng=0
        )
