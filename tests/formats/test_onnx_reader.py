"""ONNX files that PyTorch and scikit-learn exported, and those of whorl itself, as networks again.

`onnx_reference` wrote the files, with what these libraries predict.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from catalogue import LAYERS
from exported import DTYPES, prepared
from onnx import TensorProto, helper, numpy_helper

import whorl
from whorl import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Clip,
    CrossEntropy,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Mish,
    Model,
    ModelFileError,
    ReLU,
    Rescale,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)
from whorl.formats import save_onnx
from whorl.formats.elementwise import recognize

FILES = Path(__file__).parent / "files"
NAMES = sorted(path.name for path in FILES.glob("*.onnx"))
TORCH = (
    *(Dense(8), BatchNorm(), ReLU(), Dense(8), LayerNorm(epsilon=0.001), GELU()),
    *(Residual([Dense(6), Tanh(), Dense(8)]), SiLU(), Dense(8), Mish(), ELU(0.5), Dense(8), SELU(), LeakyReLU(0.2)),
    *(Dense(8), Softplus(), Dense(8), Clip(-0.5, 0.7), Dense(8), Sigmoid(), Dense(3), Softmax()),
)
LAYERS_OF = {
    "torch_2.13.onnx": tuple(
        each for each in TORCH if each != BatchNorm()
    ),  # PyTorch has merged it with the layer before
    "torch_2.13_torchscript.onnx": TORCH,
    "torch_2.13_image.onnx": (Flatten(), Dense(5), ReLU(), Dense(1), Sigmoid()),
    "sklearn_1.9_classes.onnx": (Standardize(), Dense(7), ReLU(), Dense(5), ReLU(), Dense(3), Softmax()),
    "sklearn_1.9_two_classes.onnx": (Standardize(), Dense(7), Tanh(), Dense(5), Tanh(), Dense(1), Sigmoid()),
    "sklearn_1.9_number.onnx": (Standardize(), Dense(7), Sigmoid(), Dense(5), Sigmoid(), Dense(1)),
}


@pytest.mark.parametrize("name", NAMES)
def test_exports_of_other_libraries(name):
    model = whorl.load(FILES / name)
    assert model.layers == LAYERS_OF[name]
    data = np.load(FILES / f"{name}.npz")
    assert model.dtype == data["x"].dtype
    y = data["y"]
    if name == "sklearn_1.9_two_classes.onnx":
        y = y[:, 1:]  # the probability of the second class is the output of one sigmoid
    np.testing.assert_allclose(model.predict(data["x"]), y, rtol=1e-6, atol=1e-6)


def test_a_loaded_network_can_be_trained_further():
    name = "sklearn_1.9_classes.onnx"
    model, X = whorl.load(FILES / name), np.load(FILES / f"{name}.npz")["x"]
    y = np.arange(len(X)) % 3
    errors = whorl.check_gradients(model, X, y, loss=CrossEntropy())
    assert max(errors.values()) < 1e-6


READABLE = (
    *(
        Dense,
        ReLU,
        Softmax,
        Dropout,
        LeakyReLU,
        ELU,
        SELU,
        GELU,
        SiLU,
        Mish,
        Tanh,
        Sigmoid,
        Softplus,
        BatchNorm,
        LayerNorm,
    ),
    *(Standardize, Rescale, Flatten, Clip),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layer", [layer for layer in LAYERS if isinstance(layer, READABLE)], ids=repr)
def test_files_of_whorl_are_read_again(layer, dtype, tmp_path):
    model, X = prepared(layer, dtype)
    model = Model([layer, Dense(2)], inputs=5, rng=0, dtype=dtype)
    model.adapt(X)
    save_onnx(model, tmp_path / "model.onnx")
    loaded = whorl.load(tmp_path / "model.onnx")
    assert loaded.dtype == dtype
    np.testing.assert_allclose(loaded.predict(X), model.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        ReLU(),
        Tanh(),
        Sigmoid(),
        Softplus(),
        SiLU(),
        Mish(),
        GELU(),
        SELU(),
        LeakyReLU(0.3),
        ELU(),
        ELU(0.25),
        Clip(-2.0, 0.5),
        Rescale(-3.0, 2.0),
    ],
    ids=repr,
)
def test_functions_are_recognized_by_their_values(layer):
    assert recognize(lambda x: layer.forward(x, None)[0]) == layer


def test_other_functions_are_not_recognized():
    assert recognize(np.sin) is None
    assert recognize(np.sqrt) is None
    assert recognize(lambda x: np.where(x > 0, x, 0.99999 * x + 1e-4)) is None


def file(path, nodes, inputs=("n", 3), **constants):
    """Write a file with nodes from x to y."""
    arrays = [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in constants.items()]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", inputs), ("y", ("n", "k")))
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, *rest[:2], **(rest[2] if rest[2:] else {})) for kind, *rest in nodes],
        "g",
        values[:1],
        values[1:],
        arrays,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("Sin", ["x"], ["y"])], "its node y, Sin, cannot be read: no layer of whorl computes it"),
        ([("Gelu", ["x"], ["y"])], r'cannot be read: no layer .* in PyTorch nn.GELU\(approximate="tanh"\)'),
        ([("Exp", ["x"], ["y"])], "its node y, Exp, cannot be read: no layer of whorl computes this function"),
        ([("Mul", ["x", "x"], ["y"])], "its node y, Mul, cannot be read"),
        ([("Sub", ["a", "x"], ["y"])], "its node y, Sub, cannot be read: .* with a number for each feature"),
        ([("Softmax", ["x"], ["y"], {"axis": 0})], "its axis must be the last one"),
        ([("Identity", ["x"], ["y"])], "it has no layer"),
        ([("Relu", ["a"], ["y"])], "its node y, Relu, cannot be read"),
        ([("Relu", ["a"], ["b"]), ("Add", ["b", "x"], ["y"])], "a function of each number with the constants a"),
        ([("MatMul", ["w", "x"], ["y"])], "its node y, MatMul, cannot be read: its input 1 must be a constant"),
        ([("MatMul", ["x", "nan"], ["y"])], "infinite or NaN"),
    ],
)
def test_what_cannot_be_read_is_named(nodes, message, tmp_path):
    file(tmp_path / "a.onnx", nodes, a=[1, 2, 3], w=np.ones((3, 3)), nan=np.full((3, 2), np.nan))
    with pytest.raises(ModelFileError, match=rf"'.*a\.onnx' is not a network that whorl can load: .*{message}"):
        whorl.load(tmp_path / "a.onnx")


def test_the_shape_of_the_input_may_follow_from_the_weights(tmp_path):
    file(tmp_path / "a.onnx", [("MatMul", ["x", "w"], ["y"])], inputs=("n", "d"), w=np.ones((3, 2)))
    assert whorl.load(tmp_path / "a.onnx").inputs == (3,)
    file(tmp_path / "b.onnx", [("Relu", ["x"], ["y"])], inputs=("n", "d"))
    with pytest.raises(ModelFileError, match="does not say the shape of its input"):
        whorl.load(tmp_path / "b.onnx")


def test_arithmetic_with_constants_becomes_standardize(tmp_path, rng):
    nodes = [
        ("Sub", ["x", "m"], ["a"]),
        ("Mul", ["a", "s"], ["b"]),
        ("Add", ["b", "m"], ["c"]),
        ("Div", ["c", "s"], ["y"]),
    ]
    m, s = np.array([1, 2, 3], np.float32), np.array([2, 0.5, -1], np.float32)
    file(tmp_path / "a.onnx", nodes, m=m, s=s)
    model, X = whorl.load(tmp_path / "a.onnx"), rng.normal(size=(5, 3)).astype(np.float32)
    assert model.layers == (Standardize(),)
    np.testing.assert_allclose(model.predict(X), ((X - m) * s + m) / s, rtol=1e-5)


def test_damaged_files(tmp_path):
    whole = (FILES / "sklearn_1.9_classes.onnx").read_bytes()
    path = tmp_path / "a.onnx"
    for content in (b"", b"no", whole[: len(whole) // 2], whole[:-20], b"\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="is not a network that whorl can load"):
            whorl.load(path)


def test_a_chain_of_doublings_takes_no_time(tmp_path):
    """Each value is computed once, however many ways lead to it."""
    names = ["x", *(f"v{i}" for i in range(48)), "y"]
    nodes = [("Add", [before, before], [name]) for before, name in pairwise(names)]
    file(tmp_path / "a.onnx", nodes)
    assert whorl.load(tmp_path / "a.onnx").layers == (Rescale(2.0, 0.0),) * 49
