"""ONNX files that whorl writes, run by onnxruntime."""

import numpy as np
import onnx
import onnxruntime
import pytest
from catalogue import LAYERS
from exported import DTYPES, ensemble, of_a_table, prepared

import whorl
from whorl import Dense, Layer, Model, Sigmoid, Softmax
from whorl.formats import save_onnx
from whorl.recipes import find


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_onnxruntime_predicts_the_same_for_any_number_of_samples(layer, dtype, path):
    model, X = prepared(layer, dtype)
    save_onnx(model, path)
    runtime = session(path)
    for n in (1, 20):
        [y] = runtime.run(None, {"x": X[:n]})
        assert y.dtype == dtype
        expected = model.predict(X[:n])
        np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_a_whole_ensemble(path):
    model, X = ensemble()
    save_onnx(model, path)
    [y] = session(path).run(None, {"x": X})
    np.testing.assert_allclose(y, model.predict(X), rtol=1e-5, atol=1e-6)


def test_only_operators_of_the_own_domain(path):
    model, _, _ = of_a_table()
    save_onnx(model, path)
    file = onnx.load(path)
    assert [(each.domain, each.version) for each in file.opset_import] == [("", 19)]
    assert {node.domain for node in file.graph.node} == {""}


def feed(preparation, columns):
    """The columns as ONNX takes them."""
    fed = {}
    for column in preparation.columns:
        values = columns[column.name]
        if column.kind == "category":
            fed[column.name] = np.array([["" if value is None else value] for value in values], object)
        elif column.kind == "date":
            moments = np.array([[np.datetime64("NaT" if value is None else value, "us")] for value in values])
            fed[column.name] = (moments - np.datetime64(0, "D")) / np.timedelta64(1, "D")
        else:
            fed[column.name] = np.array([[np.nan if value is None else value] for value in values])
    return fed


@pytest.mark.parametrize("last", [(Dense(2), Softmax()), (Dense(1), Sigmoid())], ids=repr)
def test_a_table_with_its_preparation_and_classes(last, path):
    model, columns, X = of_a_table(last)
    save_onnx(model, path)
    columns["member"] = [
        ["TRUE", "True"][i % 2] if value == "true" else "False" for i, value in enumerate(columns["member"])
    ]
    y, classes = session(path).run(None, feed(model.preparation, columns))
    np.testing.assert_allclose(y, model.predict(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(classes, model.predict_classes(X))


def test_the_default_network_for_tables(path):
    model, columns, X = of_a_table(ignore=["sold"])  # ranks of sines near 1 depend on their last bit
    recipe = find("table", "fast").replace(epochs=1)
    trained, _ = recipe.fit(X, np.array([value == "yes" for value in columns["old"]]).astype(int), rng=0)
    trained.preparation = model.preparation
    save_onnx(trained, path)
    y, _ = session(path).run(None, feed(model.preparation, columns))
    np.testing.assert_allclose(y, trained.predict(X), rtol=1e-5, atol=1e-6)


def test_new_categories_and_missing_values_are_encoded_as_by_whorl(path):
    model, columns, _ = of_a_table()
    rows = {name: values[:3] for name, values in columns.items()}
    rows |= {
        "town": ["z999", "a", None],
        "sex": [None, "x", "f"],
        "age": [None, 1e6, -3.0],
        "sold": [None, "1850-02-28", "2199-12-31"],
    }
    save_onnx(model, path)
    y, _ = session(path).run(None, feed(model.preparation, rows))
    np.testing.assert_allclose(y, model.predict(rows), rtol=1e-5, atol=1e-6)


class Wave(Layer):
    """A layer of one's own."""

    def forward(self, x, p, rng=None):
        return np.sin(x), lambda dy, g: dy * np.cos(x)


def test_what_cannot_be_written(path):
    with pytest.raises(TypeError, match=r"the layer Wave\(\) cannot be exported: its class is not one of whorl's"):
        save_onnx(Model([Wave()], inputs=2), path)
    with pytest.raises(ValueError, match=r"path must end in \.onnx, got 'model\.pb'"):
        save_onnx(Model([Dense(1)], inputs=2), "model.pb")
    with pytest.raises(TypeError, match=r"model must be .*Model"):
        save_onnx([Dense(1)], path)
    with pytest.raises(ValueError, match=r"whorl\.formats\.save_onnx\(model, path\) writes such a file"):
        Model([Dense(1)], inputs=2).save(path)
    assert not path.exists()


def test_a_file_stays_if_a_new_one_cannot_be_written(path):
    save_onnx(Model([Dense(1)], inputs=2, rng=0), path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_onnx(Model([Wave()], inputs=2), path)
    assert path.read_bytes() == before
    assert whorl.load(path).layers == (Dense(1),)
