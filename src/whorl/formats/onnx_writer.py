"""Models as ONNX files, with the package of that name, the extra ``whorl[onnx]``.

Only operators of ONNX's own domain are written, none of ``ai.onnx.ml``, so that every runtime can run them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core.files import replacing
from whorl.formats.graph import Operation, Value
from whorl.formats.lowering import lower
from whorl.formats.onnx_builder import Builder
from whorl.formats.onnx_table import table_class, table_inputs
from whorl.formats.writing import check_target
from whorl.model import Model

if TYPE_CHECKING:
    import onnx

DIRECT: Mapping[str, str] = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "relu": "Relu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "cos": "Cos",
    "sqrt": "Sqrt",
}
"""Operations that ONNX has too, for both float types."""


def save_onnx(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to an ONNX file, for inference in other programs. A file that was there stays if that fails.

    The input is called ``x``, of shape (n, *inputs), for any n, and the output ``y``. A model that has learned a table is written with its
    preparation. It has an input of shape (n, 1) for each column, with the column's name: strings for categories, "" where one is missing;
    doubles for numbers, and for dates, in days since 1970-01-01 (UTC, from 1800 to 2200), NaN where one is missing. If the target has
    classes, there is a second output ``class``, (n,), with their names.

    Parameters
    ----------
    model : Model
    path : str or path
        Ending in ``.onnx``.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    TypeError
        If a layer is of a class of your own.
    ValueError
        If the path has another ending.
    OSError
        If the file cannot be written.

    Notes
    -----
    The predictions of onnxruntime differ from those of `Model.predict` by rounding errors. A category that `Embedding` does not have is an
    error there only if no column has so many of them. Where text in a column of numbers counts as missing, pass NaN instead. Attributes of
    ONNX are float32, also in a model of float64: the epsilon of `LayerNorm` is rounded.

    The file has opset 19. It cannot hold how the model was trained; to go on training, save it by `Model.save`.

    Examples
    --------
    >>> import os, tempfile
    >>> import onnxruntime
    >>> from whorl import Dense, Model, ReLU
    >>> path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    >>> model = Model([Dense(8), ReLU(), Dense(1)], inputs=2, rng=0)
    >>> save_onnx(model, path)
    >>> x = np.array([[0.1, 0.2]], np.float32)
    >>> [y] = onnxruntime.InferenceSession(path).run(None, {"x": x})
    >>> bool(abs(y - model.predict(x)).max() < 1e-6)
    True
    """
    check_target(model, path, ".onnx")
    data = _model(model).SerializeToString()
    with replacing(path) as file:
        file.write(data)


def _model(model: Model) -> onnx.ModelProto:
    """Return the model in ONNX."""
    b, graph, preparation = Builder(model.dtype), lower(model), model.preparation
    if preparation is None:
        inputs, first = [b.declared("x", b.dtype, graph.shape)], "x"
    else:
        inputs, first = table_inputs(b, preparation)
    names = {graph.input.number: first}
    for operation in graph.operations:
        operands = [names[each.number] if isinstance(each, Value) else each for each in operation.operands]
        names[operation.result.number] = _operation(b, operation, operands)
    b.node("Identity", [names[graph.output.number]], result="y")
    outputs = [b.declared("y", b.dtype, graph.output.shape)]
    if model.classes:
        outputs.append(table_class(b, model.classes, graph.output.shape))
    return b.model(inputs, outputs)


def _operation(b: Builder, operation: Operation, operands: list[Any]) -> str:
    """Add the nodes of an operation; return the name of the result."""
    kind = operation.kind
    if kind in DIRECT:
        return b.node(DIRECT[kind], operands)
    if kind in NATIVE and b.dtype == np.float32:
        operator, attributes = NATIVE[kind]
        chosen = {own: float(operation.settings[name]) for own, name in attributes.items()}
        return b.node(operator, operands, result="", **chosen)
    return WRITERS[kind](b, operation, operands)


NATIVE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "leaky_relu": ("LeakyRelu", {"alpha": "slope"}),
    "elu": ("Elu", {"alpha": "alpha"}),
    "selu": ("Selu", {"alpha": "alpha", "gamma": "scale"}),
    "softplus": ("Softplus", {}),
}
"""Activations that onnxruntime has for float32 only, with the names of their settings; for float64 they are composed."""


def _affine(b: Builder, _: Operation, operands: list[Any]) -> str:
    return b.node("Gemm", operands)


def _softmax(b: Builder, _: Operation, operands: list[Any]) -> str:
    return b.node("Softmax", operands, axis=1)


def _normalize(b: Builder, operation: Operation, operands: list[Any]) -> str:
    ones = np.ones(operation.result.shape, b.dtype)
    return b.node("LayerNormalization", [*operands, ones], epsilon=operation.settings["epsilon"])


def _reshape(b: Builder, operation: Operation, operands: list[Any]) -> str:
    return b.node("Reshape", [*operands, np.array([-1, *operation.result.shape])])


def _columns(b: Builder, operation: Operation, operands: list[Any]) -> str:
    return b.node("Gather", [*operands, np.array(operation.settings["chosen"])], axis=1)


def _concatenate(b: Builder, _: Operation, operands: list[Any]) -> str:
    return b.node("Concat", operands, axis=-1)


def _grouped(b: Builder, _: Operation, operands: list[Any]) -> str:
    rows = b.node("Unsqueeze", [operands[0], np.array([2])])  # (n, d, 1, k)
    return b.node("Squeeze", [b.node("MatMul", [rows, operands[1]]), np.array([2])])


def _lookup(b: Builder, operation: Operation, operands: list[Any]) -> str:
    codes = b.cast(b.node("Round", [operands[0]]), np.int64)
    starts = np.cumsum([0, *operation.settings["categories"][:-1]])
    rows = b.node("Gather", [operands[1], b.node("Add", [codes, starts])], axis=0)
    return b.node("Reshape", [rows, np.array([-1, *operation.result.shape])])


def _ranks(b: Builder, operation: Operation, operands: list[Any]) -> str:
    """Add up the share of each interval between two knots that lies below x, from 0 to 1."""
    knots, last = operands[1], np.array(operation.settings["last"])
    inside = np.arange(knots.shape[1] - 1) < last[:, None]  # (d, m − 1)
    start = np.where(inside, knots[:, :-1], np.finfo(b.dtype).max)
    width = np.where(inside, np.diff(knots, axis=1), 1)
    x = b.node("Unsqueeze", [operands[0], np.array([2])])
    shares = b.node("Div", [b.node("Sub", [x, start.astype(b.dtype)]), width.astype(b.dtype)])
    shares = b.node("Clip", [shares, b.number(0), b.number(1)])
    total = b.node("ReduceSum", [b.cast(shares, np.float64), np.array([2])], keepdims=0)
    spread = operation.settings["spread"]
    scaled = b.node("Mul", [total, np.where(last, 2 * spread / np.maximum(last, 1), 0)])
    return b.cast(b.node("Sub", [scaled, np.where(last, spread, 0)]), b.dtype)


def _silu(b: Builder, _: Operation, operands: list[Any]) -> str:
    return b.node("Mul", [operands[0], b.node("Sigmoid", operands)])


def _mish(b: Builder, operation: Operation, operands: list[Any]) -> str:
    soft = b.node("Softplus", operands) if b.dtype == np.float32 else _softplus(b, operation, operands)
    return b.node("Mul", [operands[0], b.node("Tanh", [soft])])


def _gelu(b: Builder, _: Operation, operands: list[Any]) -> str:
    """Add ``x sigmoid(x (√(8/π) + 0.044715 √(8/π) x²))``."""
    linear = np.sqrt(8 / np.pi)
    square = b.node("Mul", [operands[0], operands[0]])
    slope = b.node("Add", [b.node("Mul", [square, b.number(0.044715 * linear)]), b.number(linear)])
    return b.node("Mul", [operands[0], b.node("Sigmoid", [b.node("Mul", [operands[0], slope])])])


def _softplus(b: Builder, _: Operation, operands: list[Any]) -> str:
    small = b.node("Exp", [b.node("Neg", [b.node("Abs", operands)])])
    return b.node("Add", [b.node("Relu", operands), b.node("Log", [b.node("Add", [small, b.number(1)])])])


def _leaky_relu(b: Builder, operation: Operation, operands: list[Any]) -> str:
    return b.node("Max", [operands[0], b.node("Mul", [operands[0], b.number(operation.settings["slope"])])])


def _elu(b: Builder, operation: Operation, operands: list[Any]) -> str:
    low = b.node("Sub", [b.node("Exp", [b.node("Min", [operands[0], b.number(0)])]), b.number(1)])
    return b.node("Add", [b.node("Relu", operands), b.node("Mul", [low, b.number(operation.settings["alpha"])])])


def _selu(b: Builder, operation: Operation, operands: list[Any]) -> str:
    return b.node("Mul", [_elu(b, operation, operands), b.number(operation.settings["scale"])])


WRITERS: Mapping[str, Callable[[Builder, Operation, list[Any]], str]] = {
    "affine": _affine,
    "columns": _columns,
    "concatenate": _concatenate,
    "elu": _elu,
    "gelu": _gelu,
    "grouped": _grouped,
    "leaky_relu": _leaky_relu,
    "lookup": _lookup,
    "mish": _mish,
    "normalize": _normalize,
    "ranks": _ranks,
    "reshape": _reshape,
    "selu": _selu,
    "silu": _silu,
    "softmax": _softmax,
    "softplus": _softplus,
}
"""What adds the other operations: the names of their operands are given, or arrays; the name of the result is returned."""
