"""Puts an ONNX model together, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import whorl
from whorl._core.types import Array, Shape

if TYPE_CHECKING:
    import onnx

OPSET = 19
"""The version of the operators: the first that compares strings."""
IR_VERSION = 9
"""The version of the file format that belongs to it."""


def package() -> Any:
    """Return the package onnx."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError("ONNX files need the package onnx, which the extra whorl[onnx] installs") from error
    return onnx


class Builder:
    """Collects nodes, and the constants that they use.

    Parameters
    ----------
    dtype : dtype
        The float type of the model.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.onnx: Any = package()
        self.dtype: np.dtype[Any] = dtype
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, operator: str, inputs: Sequence[str | Array], *, result: str = "", **attributes: Any) -> str:
        """Add a node, and constants for the arrays among its inputs; return the name of its result."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        result = result or f"v{len(self._nodes) + 1}"
        self._nodes.append(self.onnx.helper.make_node(operator, names, [result], **attributes))
        return result

    def constant(self, array: Array) -> str:
        """Add a constant, and return its name."""
        name = f"c{len(self._constants) + 1}"
        self._constants.append(
            self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        )
        return name

    def cast(self, name: str, dtype: Any) -> str:
        """Add a conversion to another type; return the name of the result."""
        return self.node("Cast", [name], to=self._kind(dtype))

    def number(self, value: float) -> Array:
        """Return a number of the type of the model."""
        return np.array(value, self.dtype)

    def declared(self, name: str, dtype: Any, shape: Shape) -> onnx.ValueInfoProto:
        """Return the declaration of an input or an output; the type is that of NumPy, or str."""
        made: onnx.ValueInfoProto = self.onnx.helper.make_tensor_value_info(name, self._kind(dtype), ["n", *shape])
        return made

    def model(self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """Return the model, which has been checked."""
        helper = self.onnx.helper
        made: onnx.ModelProto = helper.make_model(
            helper.make_graph(self._nodes, "whorl", inputs, outputs, self._constants),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="whorl",
            producer_version=whorl.__version__,
        )
        self.onnx.checker.check_model(made)
        return made

    def _kind(self, dtype: Any) -> Any:
        """Return ONNX's number of a type."""
        return (
            self.onnx.TensorProto.STRING if dtype is str else self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        )
