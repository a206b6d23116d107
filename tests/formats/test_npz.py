import io
import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from model_files import altered, listed

import whorl
from whorl import (
    BatchNorm,
    Cosine,
    Dense,
    Dropout,
    Layer,
    Model,
    ModelFileError,
    ReLU,
    Softmax,
    Standardize,
    load,
)
from whorl._core.archive import seal
from whorl._core.description import Description
from whorl._core.files import replacing
from whorl._core.notation import parse
from whorl.header import KNOWN, check
from whorl.initializers import Normal, Zeros
from whorl.parameters import Parameter


def test_numpy_can_read_the_arrays(model, saved):
    with np.load(saved, allow_pickle=False) as archive:
        assert set(archive.files) == {"w1", "b1", "w2", "b2", "whorl"}
        for name, view in model.named_parameters().items():
            np.testing.assert_array_equal(archive[name], view)
            assert archive[name].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_of_a_loaded_model_are_bit_identical(dtype, path, rng):
    layers = [Dense(7, weight_l2=0.1, bias_l2=0.2, initializer=Normal(0.3)), ReLU(), Dropout(0.2), Dense(3), Softmax()]
    model = Model(layers, inputs=5, rng=0, dtype=dtype)
    model.save(path)
    loaded = load(path)
    X = rng.normal(size=(100, 5))
    assert repr(loaded) == repr(model)
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_every_layer_and_initializer_can_be_saved():
    public = {
        kind.__name__
        for module in (whorl.layers, whorl.initializers, whorl.schedules)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Description)
    }
    assert public - {"Layer", "Initializer", "Scaled", "Schedule", "ResultSchedule", "Description"} == set(KNOWN)
    for layer in (Dense(3, initializer=Zeros()), Dropout(0.5), Dropout(Cosine(0.5, epochs=9)), ReLU(), Softmax()):
        assert parse(repr(layer), KNOWN) == layer


def test_saving_twice_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a.npz")
    model.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_path_is_used_as_given(model, tmp_path):
    model.save(str(tmp_path / "my model"))
    assert listed(tmp_path) == ["my model"]
    load(str(tmp_path / "my model"))


def test_an_error_while_saving_keeps_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()
    other = Model([Dense(9)], inputs=2, rng=1)
    monkeypatch.setattr(
        "whorl._core.archive.write_array", lambda *_, **__: (_ for _ in ()).throw(OSError("the disk is full"))
    )
    with pytest.raises(OSError, match="the disk is full"):
        other.save(saved)
    assert saved.read_bytes() == before
    assert listed(saved.parent) == ["model.npz"]


def test_an_interrupt_while_writing_keeps_the_old_file(tmp_path):
    target = tmp_path / "a"
    target.write_text("old")

    def interrupted():
        with replacing(target) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert listed(tmp_path) == ["a"]


def test_a_new_file_has_the_default_permissions(saved, tmp_path):
    (tmp_path / "usual").touch()
    assert saved.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_errors_when_a_file_cannot_be_written(model, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot write .*nowhere.*model\.npz: No such file or directory"):
        model.save(tmp_path / "nowhere" / "model.npz")
    with pytest.raises(OSError, match=r"path must name a file, but .* is a directory"):
        model.save(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="cannot write"):
        model.save(tmp_path / "file" / "model.npz")


class Mine(Layer):
    factor: float

    def forward(self, x, p, rng=None):
        return self.factor * x, lambda dy, g: self.factor * dy


def test_custom_layers_are_loaded_with_their_class(path):
    Model([Mine(3.0)], inputs=2).save(path)
    with pytest.raises(ModelFileError, match="'Mine' is not known; known are Average, BatchNorm, Clip, Dense"):
        load(path)
    np.testing.assert_array_equal(load(path, custom=[Mine]).predict([[1, 2]]), [[3, 6]])


def test_a_custom_layer_must_not_have_the_name_of_a_whorl_class(path):
    same_name = type("Dense", (Mine,), {})
    with pytest.raises(TypeError, match="whorl has a class of the same name; rename yours"):
        Model([same_name(3.0)], inputs=2).save(path)
    assert not path.exists()


def test_statistics_are_saved(path, rng):
    model = Model([Standardize(), Dense(3), BatchNorm()], inputs=2, rng=0)
    model.adapt(rng.normal(size=(10, 2)))
    model.statistics += 0.5
    model.save(path)
    with np.load(path) as archive:
        assert set(archive.files) - {"whorl"} == {
            *["mean1", "scale1", "count1", "w2", "b2", "gamma3", "beta3", "mean3", "variance3"]
        }
    np.testing.assert_array_equal(load(path).statistics, model.statistics)


def test_a_file_takes_no_more_memory_than_its_size(saved):
    altered(saved, w1=np.zeros((1000, 4000)))
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=r"w1 must have shape \(2, 16\), got \(1000, 4000\)"):
        load(saved)
    assert tracemalloc.get_traced_memory()[1] < saved.stat().st_size + 10e6
    tracemalloc.stop()


@pytest.mark.posix
def test_links_are_followed_and_permissions_kept(saved, model, tmp_path):
    saved.chmod(0o600)
    link = tmp_path / "link.npz"
    link.symlink_to(saved)
    model.parameters += 1
    model.save(link)
    assert link.is_symlink()
    assert saved.stat().st_mode & 0o777 == 0o600
    np.testing.assert_array_equal(load(saved).parameters, model.parameters)


@pytest.mark.posix
def test_only_regular_files_are_replaced(model, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"path must name a file, but .*pipe is not a regular file"):
        model.save(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_saving_from_several_threads_to_the_longest_name(model, tmp_path):
    long = tmp_path / ("m" * 251 + ".npz")
    threads = [threading.Thread(target=model.save, args=(long,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load(long)
    assert listed(tmp_path) == [long.name]


def test_layers_with_other_arguments_cannot_be_saved():
    for value in (lambda: 1, np.zeros(3), {1: 2}):
        with pytest.raises(TypeError, match=r"cannot save .*: only numbers, text, lists and descriptions can be saved"):
            check([Mine(value)])


class Stretched(Layer):
    def parameters(self, inputs):
        return {"größe": Parameter(inputs, Normal(1.0))}

    def forward(self, x, p, rng=None):
        return x * p.größe, lambda dy, g: dy * p.größe


def test_names_of_parameters_need_not_be_ascii(path):
    model = Model([Stretched()], inputs=2, rng=0)
    model.save(path)
    assert (load(path, custom=[Stretched]).parameters == model.parameters).all()


def test_a_file_in_memory_can_be_sealed(saved):
    with np.load(saved) as archive:
        arrays = dict(archive)
    file = io.BytesIO()
    np.savez(file, **arrays)
    seal(file)
    before = load(saved).parameters
    saved.write_bytes(file.getvalue())
    assert (load(saved).parameters == before).all()


@pytest.mark.parametrize("name", ["a.onnx", "a.h5", "a.PT", "a.pkl", "a.safetensors"])
def test_a_model_is_not_saved_under_the_extension_of_another_format(name, tmp_path):
    with pytest.raises(ValueError, match=rf"path must not end in {Path(name).suffix.lower()}, which is another format"):
        Model([Dense(3)], inputs=2, rng=0).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
