"""C files that whorl writes: compiled with all warnings as errors, and run, also under sanitizers."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from exported import DTYPES, ensemble, of_a_table, one_of_each_class, prepared

from whorl import Dense, Embedding, Model
from whorl.formats import save_c
from whorl.formats.c_writer import c_text

COMPILE = [shutil.which("cc") or "gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
SANITIZED = [*COMPILE, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.c"


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layer_predicts_the_same(dtype, tmp_path):
    models = [prepared(layer, dtype) for layer in one_of_each_class()]
    for i, (model, _) in enumerate(models):
        save_c(model, tmp_path / f"model_{i}.c")
    library = tmp_path / "models.so"
    subprocess.run([*COMPILE, "-shared", "-fPIC", *tmp_path.glob("*.c"), "-o", library, "-lm"], check=True)
    functions = ctypes.CDLL(str(library))
    for i, (model, X) in enumerate(models):
        expected, y = model.predict(X), np.empty(model.outputs, dtype)
        for x, row in zip(X, expected, strict=True):
            assert getattr(functions, f"model_{i}_predict")(np.ascontiguousarray(x).ctypes, y.ctypes) == 0
            tolerance = 2e-6 if dtype == "float32" else 1e-14
            np.testing.assert_allclose(
                y, row, rtol=tolerance, atol=tolerance * np.abs(expected).max(), err_msg=repr(model)
            )


def compiled(path, options=SANITIZED):
    """The program that a file is."""
    name = re.sub(r"\W", "_", path.stem).upper()
    program = path.with_suffix("")
    subprocess.run([*options, f"-D{name}_MAIN", path, "-o", program, "-lm"], check=True)
    return program


def run(program, X):
    """The exit code of a program, and its predictions."""
    text = "\n".join(",".join(map(repr, row)) for row in np.asarray(X, float).tolist())
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, np.array(
        [[float(number) for number in line.split(",")] for line in done.stdout.splitlines()]
    )


def test_a_table_under_sanitizers(path):
    model, _, X = of_a_table()
    save_c(model, path)
    code, y = run(compiled(path), X[:50])
    assert code == 0
    np.testing.assert_allclose(y, model.predict(X[:50]), rtol=1e-5, atol=1e-6)
    text = path.read_text()
    assert "    0  age\n" in text
    assert "    1  yes\n" in text


def test_an_ensemble_under_sanitizers(tmp_path):
    model, X = ensemble()
    path = tmp_path / "two-spirals 2.c"  # no name for a function
    save_c(model, path)
    assert "int two_spirals_2_predict(" in path.read_text()
    assert "int model_2_predict(" in c_text(model, "2")
    code, y = run(compiled(path), X)
    assert code == 0
    np.testing.assert_allclose(y, model.predict(X), rtol=1e-5, atol=1e-6)


def test_wrong_categories_and_rows_end_with_an_error(path):
    model = Model([Embedding([3], 2), Dense(1)], inputs=2, rng=0)
    save_c(model, path)
    program = compiled(path)
    code, y = run(program, [[2, 0.5]])
    np.testing.assert_allclose(y, model.predict([[2, 0.5]]), rtol=1e-6)
    for row in ([3, 0.5], [-1, 0.5], [0.5, 0.5], [np.nan, 0], [1e30, 0], [1]):
        code, y = run(program, [row])
        assert (code, y.size) == (1, 0)


def test_names_that_end_comments_do_no_harm(path):
    model, given, X = of_a_table()
    column = model.preparation.columns[0]
    strange = type(column)("age */ int x; /* \\\n ??/", column.fill, missing=column.missing)
    model.preparation = type(model.preparation)(
        [strange, *model.preparation.columns[1:]], target=model.preparation.target
    )
    save_c(model, path)
    code, y = run(compiled(path, COMPILE), X[:2])
    np.testing.assert_allclose(y, model.predict(X[:2]), rtol=1e-5, atol=1e-6)
    assert code == 0
    assert given


def test_other_endings_are_refused():
    with pytest.raises(ValueError, match=r"path must end in \.c, got 'model\.h'"):
        save_c(Model([Dense(1)], inputs=1), "model.h")
