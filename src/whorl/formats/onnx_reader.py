"""Models from ONNX files, such as PyTorch and scikit-learn write, with the package onnx, the extra ``whorl[onnx]``.

The file is read backwards, from its output: each node, or several together, are the last layer that is not known yet, until the input is
reached.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from whorl._core import archive
from whorl._core.archive import ModelFileError
from whorl._core.types import Array, Shape
from whorl.formats.elementwise import FUNCTIONS, recognize
from whorl.formats.onnx_builder import package
from whorl.formats.onnx_nodes import LONGEST, Nodes, attribute, unknown
from whorl.layers import BatchNorm, Dense, Flatten, Layer, LayerNorm, Residual, Softmax, Standardize
from whorl.layers.chain import walk
from whorl.model import Model

if TYPE_CHECKING:
    import onnx

Arrays: TypeAlias = Mapping[str, Array]
"""The arrays of a layer, by its own names."""


class Found(NamedTuple):
    """A layer that was read, with its arrays, and those of the layers inside it."""

    layer: Layer
    arrays: tuple[Arrays, ...] = ()


Read: TypeAlias = tuple[Sequence[Found], str]
"""The layers that a node is the end of, and the name of their input."""


def load_onnx(path: str | os.PathLike[str]) -> Model:
    """Load a network from an ONNX file, as `whorl.load` does."""
    package_ = package()
    with archive.open_file(path, "a network that whorl can load"):
        file = package_.load(os.fspath(path))
        package_.checker.check_model(file)
        nodes, given = Nodes(file.graph), _input(file.graph)
        found = _layers(nodes, _output(file.graph), given.name)
        if not found:
            raise ModelFileError("it has no layer")
        arrays = [each for one in found for each in one.arrays]
        wide = any(array.dtype == np.float64 for array in nodes.constants.values())
        return _built([each.layer for each in found], arrays, _shape(given, arrays), np.float64 if wide else np.float32)


def _built(layers: list[Layer], arrays: Sequence[Arrays], inputs: Shape, dtype: type) -> Model:
    """Return the model with these arrays of its layers, in order."""
    model = Model(layers, inputs=inputs, dtype=dtype)
    own = model.named_arrays()
    for place, given in zip((each for each in walk(model.places) if each.declared), arrays, strict=True):
        for full, name in place.names.items():
            own[full][...] = given[name]
    if not all(np.isfinite(array).all() for array in own.values()):
        raise ModelFileError("it holds numbers that are infinite or NaN")
    return model


def _input(graph: onnx.GraphProto) -> Any:
    """Return the only input that is not a constant."""
    constants = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in constants]
    if len(inputs) != 1:
        raise ModelFileError(f"it must have one input, got {', '.join(each.name for each in inputs) or 'none'}")
    return inputs[0]


def _output(graph: onnx.GraphProto) -> str:
    """Return the name of the output to read: that of the probabilities, or the only one that holds floats."""
    kinds = package().TensorProto
    floats = {kinds.FLOAT, kinds.DOUBLE, kinds.FLOAT16}
    names = [str(each.name) for each in graph.output if each.type.tensor_type.elem_type in floats]
    chosen = [name for name in names if name.startswith("prob")] or names
    if len(chosen) != 1:
        raise ModelFileError(f"it must have one output of floats, got {', '.join(names) or 'none'}")
    return chosen[0]


def _shape(given: onnx.ValueInfoProto, arrays: Sequence[Arrays]) -> Shape:
    """Return the shape of one sample: that in the file, or the number of rows of the first weights."""
    shape = tuple(each.dim_value for each in given.type.tensor_type.shape.dim[1:])
    if shape and all(shape):
        return shape
    first = next((each[name] for each in arrays for name in ("w", "mean", "gamma") if name in each), None)
    if first is None or len(shape) > 1:
        raise ModelFileError("it does not say the shape of its input")
    return first.shape[:1]


def _layers(nodes: Nodes, name: str, start: str) -> list[Found]:
    """Return the layers that compute a value from another."""
    found: list[Found] = []
    while name != start:
        node = nodes.maker(name)
        if node is None or name in nodes.constants:
            raise ModelFileError(f"its value {name} does not depend on the input alone")
        layers, name = RULES.get(node.op_type, _composed)(nodes, node)
        found[:0] = layers
    return _merged(found)


def _merged(found: Sequence[Found]) -> list[Found]:
    """Return the layers with one `Standardize` in place of several that follow each other."""
    merged: list[Found] = []
    for each in found:
        last = each
        if merged and each.layer == merged[-1].layer == Standardize():
            (first,), (second,) = merged.pop().arrays, each.arrays
            last = _standardize(first["mean"] + first["scale"] * second["mean"], first["scale"] * second["scale"])
        merged.append(last)
    return merged


def _nothing(_: Nodes, node: onnx.NodeProto) -> Read:
    """Return no layer: the result is the first input, when predicting."""
    return [], node.input[0]


def _flat(nodes: Nodes, node: onnx.NodeProto) -> Read:
    """Return `Flatten` for the input of the model; later the samples are flat already."""
    return [Found(Flatten())] if not nodes.kind(node.input[0]) else [], node.input[0]


def _softmax(_: Nodes, node: onnx.NodeProto) -> Read:
    if attribute(node, "axis", -1) not in {1, -1}:
        raise unknown(node, "its axis must be the last one")
    return [Found(Softmax())], node.input[0]


def _gemm(nodes: Nodes, node: onnx.NodeProto) -> Read:
    """Return the layer for ``alpha x W + beta b``."""
    if attribute(node, "transA", 0):
        raise unknown(node, "its first input must not be transposed")
    w = nodes.constant(node, 1) * attribute(node, "alpha", 1.0)
    b = nodes.constant(node, 2) if len(node.input) > 2 else np.zeros(1)
    return [_dense(w.T if attribute(node, "transB", 0) else w, b * attribute(node, "beta", 1.0))], node.input[0]


def _product(nodes: Nodes, node: onnx.NodeProto) -> Read:
    return [_dense(nodes.constant(node, 1), np.zeros(1))], node.input[0]


def _dense(w: Array, b: Array) -> Found:
    return Found(Dense(w.shape[1]), ({"w": w, "b": b.reshape(-1)},))


def _batch_norm(nodes: Nodes, node: onnx.NodeProto) -> Read:
    arrays = {name: nodes.constant(node, i) for i, name in enumerate(("gamma", "beta", "mean", "variance"), 1)}
    return [Found(BatchNorm(epsilon=_short(attribute(node, "epsilon", 1e-5))), (arrays,))], node.input[0]


def _layer_norm(nodes: Nodes, node: onnx.NodeProto) -> Read:
    gamma = nodes.constant(node, 1)
    arrays = {"gamma": gamma, "beta": nodes.constant(node, 2) if len(node.input) > 2 else np.zeros_like(gamma)}
    return [Found(LayerNorm(epsilon=_short(attribute(node, "epsilon", 1e-5))), (arrays,))], node.input[0]


def _scaler(_: Nodes, node: onnx.NodeProto) -> Read:
    """Return the layer for ``(x − offset) scale``, as scikit-learn's ``StandardScaler`` is exported."""
    offset, scale = (np.array(attribute(node, name, 0), np.float64) for name in ("offset", "scale"))
    return [_standardize(offset, 1 / scale)], node.input[0]


def _two_classes(nodes: Nodes, node: onnx.NodeProto) -> Read:
    """Return the input p of a node that puts 1 − p and p side by side, as that of scikit-learn for two classes."""
    other, *rest = node.input
    if nodes.kind(other) != "Sub" or nodes.variables(nodes.maker(other)) != rest:
        raise unknown(node, "no layer of whorl computes it")
    return [], rest[0]


RULES: Mapping[str, Callable[[Nodes, onnx.NodeProto], Read]] = {
    "BatchNormalization": _batch_norm,
    "Cast": _nothing,
    "Concat": _two_classes,
    "Dropout": _nothing,
    "Flatten": _flat,
    "Gemm": _gemm,
    "Identity": _nothing,
    "LayerNormalization": _layer_norm,
    "MatMul": _product,
    "Reshape": _flat,
    "Scaler": _scaler,
    "Softmax": _softmax,
}
"""How nodes are read that are a layer by themselves."""


def _composed(nodes: Nodes, node: onnx.NodeProto) -> Read:
    """Return the layer that a node and those before it are together: a bias, an activation, or a residual block."""
    if node.op_type not in FUNCTIONS:
        raise unknown(node, "no layer of whorl computes it")
    variables = nodes.variables(node)
    constant = next((nodes.constants[name].reshape(-1) for name in node.input if name in nodes.constants), np.empty(0))
    product = nodes.maker(variables[0]) if len(variables) == 1 and node.op_type == "Add" else None
    if product is not None and product.op_type == "MatMul":
        return [_dense(nodes.constant(product, 1), constant)], product.input[0]
    if len(variables) == 1 and constant.size > 1:
        return [_by_feature(node, constant, first=node.input[0] == variables[0])], variables[0]
    if activation := _activation(nodes, node):
        return activation
    if node.op_type == "Add" and (x := nodes.source(variables)) in variables:
        inside = _layers(nodes, variables[1 - variables.index(x)], x)
        residual = Residual(tuple(each.layer for each in inside))
        return [Found(residual, tuple(arrays for each in inside for arrays in each.arrays))], x
    raise unknown(node, "no layer of whorl computes this function")


def _activation(nodes: Nodes, node: onnx.NodeProto) -> Read | None:
    """Return the activation that a node and those before it compute, or None."""
    x = nodes.source(nodes.variables(node), through=FUNCTIONS)
    for _ in range(LONGEST):
        if x is None:
            return None
        if layer := recognize(partial(nodes.values, node.output[0], x)):
            return [Found(layer)], x
        x = nodes.source(nodes.variables(nodes.maker(x)), through=FUNCTIONS) if nodes.kind(x) in FUNCTIONS else None
    return None


def _by_feature(node: onnx.NodeProto, numbers: Array, *, first: bool) -> Found:
    """Return the layer for arithmetic with a number for each feature; `first` says whether x is the first operand."""
    zeros, ones, kind = np.zeros_like(numbers), np.ones_like(numbers), node.op_type
    if kind == "Add":
        return _standardize(-numbers, ones)
    if kind == "Mul" and numbers.all():
        return _standardize(zeros, 1 / numbers.astype(np.float64))
    if kind == "Sub" and first:
        return _standardize(numbers, ones)
    if kind == "Div" and first:
        return _standardize(zeros, numbers)
    raise unknown(node, "no layer of whorl computes it with a number for each feature")


def _standardize(mean: Array, scale: Array) -> Found:
    """Return a `Standardize` layer, as if it had been fitted."""
    return Found(Standardize(), ({"mean": mean.astype(np.float64), "scale": scale, "count": np.ones(1)},))


def _short(value: float) -> float:
    """Return a number with the digits that float32 has."""
    return float(f"{value:.7g}")
