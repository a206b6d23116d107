import hashlib
from pathlib import Path

import numpy as np

import whorl
from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax
from whorl.datasets import digits


def test_shapes_types_and_range():
    X, y = digits()
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((1797, 64), np.float64, (1797,), np.int64)
    assert (X.min(), X.max()) == (0, 16)


def test_the_published_number_of_each_digit():
    # The repository's description, "Number of examples in testing set".
    assert np.bincount(digits()[1]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_published_bytes():
    # Of the numbers in scikit-learn 1.9.1's digits.csv.gz, as bytes: the pixels, then the labels.
    X, y = digits()
    checksum = hashlib.sha256(X.astype(np.uint8).tobytes() + y.astype(np.uint8).tobytes()).hexdigest()
    assert checksum == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_each_call_returns_new_arrays():
    X, y = digits()
    X[:], y[:] = -1, -1
    assert digits()[0].min() == 0
    assert digits()[1].min() == 0


def test_source_licence_and_size():
    folder = Path(whorl.__file__).parent / "datasets"
    note = (folder / "digits.LICENSE.txt").read_text()
    assert "Alpaydin" in note
    assert "https://creativecommons.org/licenses/by/4.0/" in note
    assert (folder / "digits.npz").stat().st_size < 60_000


def test_a_small_network_learns_them():
    X, y = digits()
    rows = np.random.default_rng(0).permutation(len(X))
    train, test = rows[:1400], rows[1400:]
    model = Model([Dense(64), ReLU(), Dense(10), Softmax()], inputs=64, rng=0)
    model.fit(X[train] / 16, y[train], loss=CrossEntropy(), optimizer=Adam(0.005), epochs=20, batch_size=32, rng=0)
    assert (model.predict(X[test] / 16).argmax(axis=1) == y[test]).mean() > 0.95
