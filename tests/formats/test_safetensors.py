"""safetensors files: read back by the package of that name, by whorl to the same bits, and refused if they are not a model's."""

import json
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import whorl
from whorl import BatchNorm, Dense, Dropout, Layer, Model, ModelFileError, ReLU, Rescale, Softmax, Standardize
from whorl.calibration import Sets
from whorl.formats import save_safetensors
from whorl.formats.safetensors import load_safetensors
from whorl.recipes import RECIPES


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(model, path):
    save_safetensors(model, path)
    return path


def metadata(path):
    with safe_open(path, framework="numpy") as file:
        return file.metadata()


def changed(path, arrays=None, **header):
    """Write the file again with some arrays changed, or removed if they are None, and with changes of its header."""
    content = {name: array for name, array in (load_file(path) | (arrays or {})).items() if array is not None}
    save_file(content, path, {"whorl": json.dumps(json.loads(metadata(path)["whorl"]) | header)})
    return path


def test_the_package_reads_the_arrays(model, saved):
    arrays = load_file(saved)
    assert list(metadata(saved)) == ["whorl"]
    assert arrays.keys() == model.named_arrays().keys()
    for name, array in model.named_arrays().items():
        assert arrays[name].dtype == np.float32
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("load", [load_safetensors, whorl.load])
def test_a_loaded_model_is_the_same(dtype, load, path, rng):
    layers = [Standardize(), Dense(7, weight_l2=0.1), BatchNorm(), ReLU(), Dropout(0.2), Dense(3)]
    layers += [Rescale(0.7, (0.1234, -0.2, 0.0766)), Softmax()]  # as calibrated classes have it
    model = Model(layers, inputs=5, rng=0, dtype=dtype)
    X = rng.normal(3, 2, size=(100, 5))
    model.adapt(X)
    model.freeze(1)
    model.uncertainty = Sets.learn(rng.integers(3, size=100), model.predict(X))
    save_safetensors(model, path)
    loaded = load(path)
    assert (repr(loaded), loaded.dtype, loaded.frozen) == (repr(model), dtype, model.frozen)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.predict_sets(X), model.predict_sets(X))


def test_a_model_of_a_table_keeps_its_preparation(path, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("size,colour,price\n" + "".join(f"{i},{'rgb'[i % 3]},{i % 7}\n" for i in range(120)))
    recipe = RECIPES["table"]["default"].replace(file=str(table), target="price", members=2, folds=2, epochs=2)
    model, *_ = recipe.train(0)
    save_safetensors(model, path)
    loaded = whorl.load(path)
    assert loaded.preparation == model.preparation
    assert loaded.layers == model.layers
    np.testing.assert_array_equal(loaded.parameters, model.parameters)


def test_saving_twice_gives_the_same_bytes(model, saved, tmp_path):
    save_safetensors(model, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_layers_of_your_own(path):
    class Twice(Layer):
        def forward(self, x, p, rng=None):
            return 2 * x, lambda dy, g: 2 * dy

    save_safetensors(Model([Twice(), Dense(1)], inputs=2, rng=0), path)
    assert load_safetensors(path, custom=[Twice]).layers == (Twice(), Dense(1))
    with pytest.raises(ModelFileError, match=r"pass their classes as custom=\[…\]"):
        load_safetensors(path)
    with pytest.raises(TypeError, match="custom must be a list of classes"):
        load_safetensors(path, custom=Twice)


def test_what_cannot_be_written_leaves_the_old_file(model, saved):
    before = saved.read_bytes()
    model.parameters[3] = np.nan
    with pytest.raises(ValueError, match=r"w1 holds infinite numbers or NaN, so .* was not written"):
        save_safetensors(model, saved)
    with pytest.raises(TypeError, match="model must be a Model"):
        save_safetensors([Dense(3)], saved)
    with pytest.raises(OSError, match="No such file or directory"):
        save_safetensors(Model([Dense(3)], inputs=2, rng=0), saved.parent / "nowhere" / "a.safetensors")
    assert saved.read_bytes() == before
    assert [each.name for each in saved.parent.iterdir()] == [saved.name]


def test_files_that_are_not_of_a_model(saved):
    arrays = load_file(saved)
    save_file(arrays, saved)
    with pytest.raises(
        ModelFileError,
        match=r"does not describe a model of whorl, .* b1, b2, w1, w2 \(4 in all\); .*copy them into those of model.named_arrays",
    ):
        load_safetensors(saved)


@pytest.mark.parametrize(
    ("arrays", "header", "words"),
    [
        ({"b2": None}, {}, "the array b2 is missing; it has"),
        ({"b3": np.zeros(3, np.float32)}, {}, "it holds arrays that its model does not have: ['b3']"),
        ({"b2": np.zeros(4, np.float32)}, {}, "b2 must have shape (3,), got (4,)"),
        ({"b2": np.zeros(3, np.int64)}, {}, "b2 must hold floats that NumPy has, got I64"),
        ({"b2": np.full(3, np.inf, np.float32)}, {}, "b2 holds infinite numbers or NaN"),
        ({}, {"format": 99}, "it has format 99, but this version of whorl reads format 3; install a newer one"),
        ({}, {"layers": "[open('x')]"}, "open"),
        ({}, {"inputs": -1}, "inputs"),
        ({}, {"layers": "[Dense(1000000000)]"}, "w1 must have shape"),
    ],
    ids=repr,
)
def test_changed_files_are_refused(arrays, header, words, saved):
    with pytest.raises(ModelFileError) as caught:
        whorl.load(changed(saved, arrays, **header))
    assert str(caught.value).startswith(f"{str(saved)!r} is not a whorl model, or is damaged: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_truncated_files_are_refused(share, saved):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelFileError, match="is not a whorl model, or is damaged"):
        whorl.load(saved)


def test_a_missing_file_and_a_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        whorl.load(tmp_path / "none.safetensors")
    (tmp_path / "a.safetensors").mkdir()
    with pytest.raises(OSError, match="is not a regular file"):
        whorl.load(tmp_path / "a.safetensors")


def test_without_the_package_the_error_names_the_extra(model, saved, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "safetensors"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (lambda: save_safetensors(model, saved), lambda: whorl.load(saved)):
        with pytest.raises(ImportError, match=r"which the extra whorl\[safetensors\] installs"):
            call()


def test_a_small_file_cannot_take_much_memory(saved):
    import tracemalloc

    data = saved.read_bytes()
    text = json.dumps({"__metadata__": {"whorl": "[" + "[]," * 10_000_000 + "[]]"}}).encode()
    saved.write_bytes(len(text).to_bytes(8, "little") + text)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=r"its header has 300000.. bytes, more than 8000000"):
        whorl.load(saved)
    text = json.dumps({"__metadata__": {"whorl": "[" + "[]," * 2_000_000 + "[]]"}}).encode()
    saved.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ModelFileError, match=r"its header has 600000. characters, more than 4000000"):
        whorl.load(saved)
    assert tracemalloc.get_traced_memory()[1] < 64e6 + len(text)
    tracemalloc.stop()
    saved.write_bytes(data)
    whorl.load(saved)


def test_another_ending_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in .safetensors, got .*model.npz"):
        save_safetensors(model, tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_save_names_the_function(model, tmp_path):
    with pytest.raises(ValueError, match=r"whorl.formats.save_safetensors\(model, path\) writes such a file"):
        model.save(tmp_path / "a.safetensors")
