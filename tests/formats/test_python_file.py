"""Python files that whorl writes, run without it."""

import runpy
import subprocess
import sys

import numpy as np
import pytest
from catalogue import LAYERS
from exported import DTYPES, columns, ensemble, of_a_table, prepared

from whorl import Dense, Embedding, Model, Sigmoid, Softmax
from whorl.formats import save_python
from whorl.formats.standalone import FUNCTIONS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.py"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_file_predicts_the_same(layer, dtype, path):
    model, X = prepared(layer, dtype)
    save_python(model, path)
    y, expected = runpy.run_path(path)["predict"](X), model.predict(X)
    assert y.dtype == dtype
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())


def test_a_file_of_a_whole_ensemble(path):
    model, X = ensemble()
    save_python(model, path)
    np.testing.assert_allclose(runpy.run_path(path)["predict"](X), model.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("last", [(Dense(2), Softmax()), (Dense(1), Sigmoid())], ids=repr)
def test_a_table(last, path):
    model, given, X = of_a_table(last)
    save_python(model, path)
    file = runpy.run_path(path)
    np.testing.assert_array_equal(file["features"](given), X)
    np.testing.assert_allclose(file["predict"](given), model.predict(X), rtol=1e-5, atol=1e-6)
    assert file["predict_classes"](given) == model.predict_classes(X).tolist()


def test_new_rows_are_encoded_as_by_whorl(path):
    model, given, _ = of_a_table()
    rows = {name: values[:4] for name, values in given.items()}
    rows |= {
        "town": ["z999", " a ", None, "n/a"],
        "sex": [None, "x", "f", "-"],
        "age": [None, "1e3", " ", float("nan")],
        "sold": [None, "1850-02-28", "2199-12-31", np.datetime64("NaT")],
        "member": ["TRUE", True, False, None],
        "rooms": [3, "4", np.float32(3), 5],
    }
    save_python(model, path)
    file = runpy.run_path(path)
    np.testing.assert_array_equal(file["features"](rows), model.preparation.transform(rows))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("age", ["inf"], "numbers must be finite"),
        ("age", ["old"], "could not convert string to float"),
        ("member", ["yes"], "true and false"),
        ("sold", ["soon"], "parsing datetime"),
    ],
)
def test_wrong_values_are_errors(name, values, message, path):
    save_python(of_a_table()[0], path)
    with pytest.raises(ValueError, match=message):
        runpy.run_path(path)["features"]({**{other: column[:1] for other, column in columns().items()}, name: values})


def test_wrong_samples_are_errors(path):
    save_python(Model([Embedding([3], 2), Dense(1)], inputs=2, rng=0), path)
    predict = runpy.run_path(path)["predict"]
    for x in ([[1, 2, 3]], [1, 2], [[np.nan, 1]]):
        with pytest.raises(ValueError, match=r"x must be finite, of shape \(n, 2\)"):
            predict(x)
    for code in (-1, 3, 0.5):
        with pytest.raises(ValueError, match="whole numbers from 0"):
            predict([[code, 0]])


def run(path, text):
    """The output of a file as a program, without whorl and its site packages but NumPy's."""
    code = f"import runpy, sys; sys.modules['whorl'] = None; runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True)
    return np.array([[float(number) for number in line.split(",")] for line in done.stdout.splitlines()])


def test_as_a_program_it_reads_rows_without_whorl(path):
    model, X = ensemble()
    save_python(model, path)
    text = "\n".join(",".join(map(repr, row)) for row in X[:5].tolist())
    np.testing.assert_allclose(run(path, text), model.predict(X[:5]), rtol=1e-6)


def test_as_a_program_it_reads_the_csv_of_a_table(path):
    model, given, X = of_a_table()
    save_python(model, path)
    rows = zip(
        *(["" if value is None else str(value) for value in column[:5]] for column in given.values()), strict=True
    )
    text = "\n".join([",".join(given), *map(",".join, rows)])
    np.testing.assert_allclose(run(path, text), model.predict(X[:5]), rtol=1e-5)


def test_a_file_holds_the_functions_that_it_needs_and_no_others(path):
    model, _ = prepared(LAYERS[0], "float32")
    save_python(model, path)
    assert not [name for name in runpy.run_path(path) if name in FUNCTIONS]
    assert "import math" not in path.read_text()


def test_other_endings_are_refused():
    with pytest.raises(ValueError, match=r"path must end in \.py, got 'model\.txt'"):
        save_python(Model([Dense(1)], inputs=1), "model.txt")
