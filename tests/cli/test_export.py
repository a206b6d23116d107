"""``whorl export``: a saved network in other formats."""

import runpy

import numpy as np
import pytest
from commands import refused

import whorl
from whorl import Dense, Model, ReLU, Softmax
from whorl.cli import main


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Model([Dense(5), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    model.save("model.npz")
    return model


@pytest.mark.parametrize(
    ("to", "name"),
    [("onnx", "model.onnx"), ("safetensors", "model.safetensors"), ("python", "model.py"), ("c", "model.c")],
)
def test_every_format_is_written_beside_the_model(to, name, model, capsys):
    assert main(["export", "model.npz", "--to", to]) == 0
    assert capsys.readouterr().out == f"saved {name}\n"
    X = np.array([[0.1, 0.2], [0.3, -0.4]], np.float32)
    if to == "python":
        predicted = runpy.run_path(name)["predict"](X)
    elif to == "c":
        with open(name) as file:
            assert "int model_predict(const float *x, float *y)\n" in file.read()
        return
    else:
        predicted = whorl.load(name).predict(X)
    np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-6)


def test_from_onnx_to_npz(model):
    assert main(["export", "model.npz", "--to", "onnx", "--output", "other.onnx"]) == 0
    assert main(["export", "other.onnx", "--to", "npz"]) == 0
    assert whorl.load("other.npz").layers == model.layers


def test_what_is_refused(model, capsys):
    assert "is read from, so it cannot be written to" in refused(capsys, *["export", "model.npz", "--to", "npz"])
    assert "path must end in .onnx, got 'model.pb'" in refused(
        capsys, *["export", "model.npz", "--to", "onnx", "--output", "model.pb"]
    )
    assert "there is no file 'none.npz'" in refused(capsys, *["export", "none.npz", "--to", "c"])
    assert whorl.load("model.npz").layers == model.layers
