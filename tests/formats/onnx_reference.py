"""Writes the ONNX files that PyTorch and scikit-learn export, which `test_onnx_reader` reads, with what these libraries predict.

pip install torch==2.13.0 onnxscript scikit-learn skl2onnx
python tests/formats/onnx_reference.py
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

FILES = Path(__file__).parent / "files"


class Block(nn.Module):
    """A residual block."""

    def __init__(self, size):
        super().__init__()
        self.inside = nn.Sequential(nn.Linear(size, 6), nn.Tanh(), nn.Linear(6, size))

    def forward(self, x):
        return x + self.inside(x)


def activations():
    """A network with every activation."""
    return nn.Sequential(
        nn.Linear(4, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(8, 8),
        nn.LayerNorm(8, eps=1e-3),
        nn.GELU(approximate="tanh"),
        Block(8),
        nn.SiLU(),
        nn.Linear(8, 8),
        nn.Mish(),
        nn.ELU(0.5),
        nn.Linear(8, 8),
        nn.SELU(),
        nn.LeakyReLU(0.2),
        nn.Linear(8, 8),
        nn.Softplus(),
        nn.Linear(8, 8),
        nn.Hardtanh(-0.5, 0.7),
        nn.Linear(8, 8, bias=False),
        nn.Sigmoid(),
        nn.Linear(8, 3),
        nn.Softmax(1),
    )


def write_torch(name, module, inputs, *, dynamo):
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            for array in (part.weight, part.bias, part.running_mean, part.running_var):
                torch.nn.init.uniform_(array, 0.5, 2)
    module.eval()
    x = torch.randn(6, *inputs, dtype=next(module.parameters()).dtype)
    if dynamo:
        sizes = {"dynamic_shapes": ({0: torch.export.Dim("n")},)}
    else:
        sizes = {"dynamic_axes": {"input": {0: "n"}}, "input_names": ["input"]}
    torch.onnx.export(module, (x,), FILES / f"{name}.onnx", dynamo=dynamo, external_data=False, **sizes)
    written = onnx.load(FILES / f"{name}.onnx")
    for part in (
        written,
        written.graph,
        *written.graph.node,
        *written.graph.value_info,
        *written.graph.input,
        *written.graph.output,
    ):
        del part.metadata_props[:]  # with the paths of the program that wrote it
        part.doc_string = ""
    onnx.save(written, FILES / f"{name}.onnx")
    save(name, x.numpy(), module(x).detach().numpy())


def write_sklearn(name, estimator, y):
    X = np.random.default_rng(0).normal(3, 2, size=(90, 4)).astype(np.float32)
    fitted = make_pipeline(StandardScaler(), estimator).fit(X, y(X))
    options = {"zipmap": False} if hasattr(estimator, "predict_proba") else None
    onnx.save(to_onnx(fitted, X[:1], options=options), FILES / f"{name}.onnx")
    predicted = fitted.predict_proba(X[:6]) if hasattr(fitted, "predict_proba") else fitted.predict(X[:6])[:, None]
    save(name, X[:6], predicted)


def save(name, x, y):
    np.savez(FILES / f"{name}.onnx.npz", x=x, y=y)


if __name__ == "__main__":
    write_torch("torch_2.13", activations(), (4,), dynamo=True)
    write_torch("torch_2.13_torchscript", activations(), (4,), dynamo=False)
    image = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1), nn.Sigmoid()).double()
    write_torch("torch_2.13_image", image, (2, 3), dynamo=True)
    small = {"hidden_layer_sizes": (7, 5), "max_iter": 3, "random_state": 0}
    write_sklearn("sklearn_1.9_classes", MLPClassifier(**small), lambda X: np.arange(len(X)) % 3)
    write_sklearn("sklearn_1.9_two_classes", MLPClassifier(activation="tanh", **small), lambda X: X[:, 0] > 3)
    write_sklearn("sklearn_1.9_number", MLPRegressor(activation="logistic", **small), lambda X: X[:, 0] * X[:, 1])
