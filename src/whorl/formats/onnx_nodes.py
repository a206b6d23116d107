"""The nodes of an ONNX file: which values they compute, from which others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from whorl._core.archive import ModelFileError
from whorl._core.types import Array
from whorl.formats.elementwise import FUNCTIONS
from whorl.formats.onnx_builder import package

if TYPE_CHECKING:
    import onnx

LONGEST = 50
"""The largest number of nodes of an activation, or of a residual block."""


class Nodes:
    """The nodes of a file.

    Attributes
    ----------
    constants : dict of str to ndarray
        The arrays in the file, by name.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        to_array = package().numpy_helper.to_array
        self.constants: dict[str, Array] = {each.name: to_array(each) for each in graph.initializer}
        self._makers: dict[str, onnx.NodeProto] = {}
        self._order: dict[str, int] = {}
        for i, node in enumerate(graph.node):
            if node.op_type == "Constant":
                self.constants[node.output[0]] = to_array(node.attribute[0].t)
            elif node.op_type == "Identity" and node.input[0] in self.constants:
                self.constants[node.output[0]] = self.constants[node.input[0]]
            for name in node.output:
                self._makers[name], self._order[name] = node, i

    def maker(self, name: str) -> onnx.NodeProto | None:
        """Return the node that computes a value; None for the input of the model."""
        return self._makers.get(name)

    def kind(self, name: str) -> str:
        """Return the operator that computes a value, "" for the input of the model."""
        node = self.maker(name)
        return node.op_type if node else ""

    def variables(self, node: onnx.NodeProto | None) -> list[str]:
        """Return the names of the values that a node uses, without those that are constants."""
        return [name for name in node.input if name and name not in self.constants] if node else []

    def constant(self, node: onnx.NodeProto, i: int) -> Array:
        """Return an input of a node that must be a constant."""
        if len(node.input) <= i or node.input[i] not in self.constants:
            raise unknown(node, f"its input {i} must be a constant")
        return self.constants[node.input[i]]

    def source(self, names: Collection[str], through: Collection[str] | None = None) -> str | None:
        """Return the last value that all of these depend on, at most `LONGEST` nodes before; or None.

        If operators are given, the nodes between must be of these.
        """
        found = set(names)
        for _ in range(LONGEST):
            if len(found) == 1:
                return found.pop()
            newest = max(found, key=lambda name: self._order.get(name, -1), default="")
            if not self.kind(newest) or (through is not None and self.kind(newest) not in through):
                return None
            found.remove(newest)
            found.update(self.variables(self.maker(newest)))
        return None

    def values(self, name: str, source: str, points: Array) -> Array:
        """Return a value that is computed element by element from another, whose numbers are given."""
        known: dict[str, Any] = {source: points, "": None}

        def value(name: str) -> Any:
            if name in self.constants and self.constants[name].size > 1:
                raise ModelFileError(
                    f"it has a function of each number with the constants {name}, one for each feature"
                )
            if name in self.constants:
                return self.constants[name].item()
            if name not in known:
                node = self._makers[name]
                given = attributes(node, "alpha", "gamma", "approximate")
                known[name] = FUNCTIONS[node.op_type](*map(value, node.input), **given)
            return known[name]

        result: Array = value(name)
        return result


def attributes(node: onnx.NodeProto, *names: str) -> dict[str, Any]:
    """Return those of these attributes that a node has."""
    value = package().helper.get_attribute_value
    return {each.name: value(each) for each in node.attribute if each.name in names}


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return an attribute of a node."""
    return attributes(node, name).get(name, default)


def unknown(node: onnx.NodeProto, why: str) -> ModelFileError:
    """Return the error that a node cannot be read."""
    hint = ""
    if node.op_type == "Gelu":
        hint = '; whorl has the approximation with tanh, in PyTorch nn.GELU(approximate="tanh")'
    return ModelFileError(f"its node {node.name or node.output[0]}, {node.op_type}, cannot be read: {why}{hint}")
