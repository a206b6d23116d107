"""Files for PyTorch: read by PyTorch where it is installed, else by what it shares with NumPy."""

import importlib.util

import numpy as np

from whorl import Dense, Model, ReLU
from whorl.formats import save_safetensors


def read(path):
    """The arrays of a safetensors file, as PyTorch's own function reads them."""
    if importlib.util.find_spec("torch") is None:
        from safetensors.numpy import load_file
    else:
        from safetensors.torch import load_file
    return {name: np.asarray(array) for name, array in load_file(path).items()}


def test_pytorch_reads_the_weights_from_a_safetensors_file(tmp_path, rng):
    model = Model([Dense(7), ReLU(), Dense(3)], inputs=5, rng=0)
    save_safetensors(model, tmp_path / "model.safetensors")
    p = read(tmp_path / "model.safetensors")
    assert {name: array.dtype for name, array in p.items()} == dict.fromkeys(["w1", "b1", "w2", "b2"], np.float32)
    X = rng.normal(size=(10, 5)).astype(np.float32)
    np.testing.assert_allclose(np.maximum(X @ p["w1"] + p["b1"], 0) @ p["w2"] + p["b2"], model.predict(X), rtol=1e-5)
