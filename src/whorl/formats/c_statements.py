"""How each operation of a `Graph` is written in C."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod

import numpy as np

from whorl._core.types import Array
from whorl.formats.graph import Operation, Value

SYMBOLS: Mapping[str, str] = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "maximum": "fmax({}, {})",
    "minimum": "fmin({}, {})",
    "relu": "fmax({}, (real)0)",
    "tanh": "tanh({})",
    "cos": "cos({})",
    "sqrt": "sqrt({})",
}
"""How operations on single numbers are written that are no functions of `c_functions`."""

ELEMENTWISE = {*SYMBOLS, "leaky_relu", "elu", "selu", "sigmoid", "softplus", "silu", "mish", "gelu"}
"""The operations on single numbers."""


def statement(operation: Operation, places: Mapping[int, str], arrays: dict[str, Array]) -> str:
    """Return the statement that computes an operation."""
    y = places[operation.result.number]
    if operation.kind in ELEMENTWISE:
        numbers = [_element(each, operation.result, places, arrays) for each in operation.operands]
        if operation.kind in SYMBOLS:
            value = SYMBOLS[operation.kind].format(*numbers)
        else:
            value = _call(operation.kind, [*numbers, *_numbers(operation)])
        return f"for (int k = 0; k < {length(operation.result)}; k++) {y}[k] = {value};"
    names = [places[each.number] if isinstance(each, Value) else _constant(each, arrays) for each in operation.operands]
    return STATEMENTS[operation.kind](operation, names, y)


def _affine(operation: Operation, names: Sequence[str], y: str) -> str:
    return _call("affine", [*names, *operation.operands[1].shape, y]) + ";"


def _rowwise(operation: Operation, names: Sequence[str], y: str) -> str:
    return _call(operation.kind, [length(operation.result), *names, *_numbers(operation), y]) + ";"


def _reshape(operation: Operation, names: Sequence[str], y: str) -> str:
    return _call("copy", [length(operation.result), *names, y]) + ";"


def _grouped(operation: Operation, names: Sequence[str], y: str) -> str:
    return _call("grouped", [*names, *operation.operands[1].shape, y]) + ";"


def _columns(operation: Operation, names: Sequence[str], y: str) -> str:
    return " ".join(f"{y}[{k}] = {names[0]}[{j}];" for k, j in enumerate(operation.settings["chosen"]))


def _concatenate(operation: Operation, names: Sequence[str], y: str) -> str:
    """Return the statements that put values side by side along their last axis."""
    width, start, lines = operation.result.shape[-1], 0, list[str]()
    rows = range(length(operation.result) // width)
    for name, each in zip(names, operation.operands, strict=True):
        own = each.shape[-1]
        lines += [f"copy({own}, {name} + {row * own}, {y} + {row * width + start});" for row in rows]
        start += own
    return "\n".join(lines)


def _lookup(operation: Operation, names: Sequence[str], y: str) -> str:
    """Return the statements that copy a row of the table for each column."""
    (x, table), dimension, start, lines = names, operation.operands[1].shape[1], 0, []
    for k, categories in enumerate(operation.settings["categories"]):
        given = [f"{x}[{k}]", f"{table} + {start * dimension}", categories, dimension, f"{y} + {k * dimension}"]
        lines.append(f"if ({_call('lookup', given)}) return 1;")
        start += categories
    return "\n".join(lines)


def _ranks(operation: Operation, names: Sequence[str], y: str) -> str:
    """Return a statement for each column."""
    (x, knots), width = names, operation.operands[1].shape[1]
    spread = literal(operation.settings["spread"])
    return "\n".join(
        f"{y}[{j}] = rank({x}[{j}], {knots} + {j * width}, {last}, {spread});"
        for j, last in enumerate(operation.settings["last"])
    )


STATEMENTS: Mapping[str, Callable[[Operation, Sequence[str], str], str]] = {
    "affine": _affine,
    "columns": _columns,
    "concatenate": _concatenate,
    "grouped": _grouped,
    "lookup": _lookup,
    "normalize": _rowwise,
    "ranks": _ranks,
    "reshape": _reshape,
    "softmax": _rowwise,
}
"""What writes the other operations: the names of the operands and of the result are given."""


def _element(operand: Value | Array, result: Value, places: Mapping[int, str], arrays: dict[str, Array]) -> str:
    """Return how element k of a result gets its number from an operand, which may have fewer of them."""
    size = prod(operand.shape)
    if size == 1 and not isinstance(operand, Value):
        return f"(real){literal(float(operand.reshape(())))}"
    name = places[operand.number] if isinstance(operand, Value) else _constant(operand, arrays)
    if size == length(result):
        return f"{name}[k]"
    if size == 1:
        return f"{name}[0]"
    assert operand.shape == (*result.shape[:-1], 1)
    return f"{name}[k / {result.shape[-1]}]"


def _numbers(operation: Operation) -> list[str]:
    return [f"(real){literal(each)}" for each in operation.settings.values()]


def _constant(array: Array, arrays: dict[str, Array]) -> str:
    """Return the name of a new array of constants."""
    arrays[name := f"c{len(arrays) + 1}"] = array
    return name


def literal(value: float | np.floating) -> str:
    """Write a number such that it is read back as it is."""
    return str(value)


def _call(name: str, arguments: Iterable[object]) -> str:
    return f"{name}({', '.join(map(str, arguments))})"


def length(operand: Value | Array) -> int:
    """Return the number of numbers in a value."""
    return prod(operand.shape)
