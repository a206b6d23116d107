"""Formulas: text such as ``x @ w + b``, parsed by `ast` and never run as Python, and evaluated from named arrays.

The language is NumPy's for ``+ - * / ** @``, comparisons, ``x.T`` and indices, with a few functions. A comparison is 1 where it
holds, else 0. The letter after ``sum_``, ``mean_`` and ``max_`` says over what: over the first axis for s, the samples, and i, the
inputs; otherwise over the last one, which is then kept with length 1, so that the result can be combined with the array.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from whorl._core.types import Array

CONSTANTS = {"pi": math.pi}
FIRST_AXIS = {"s", "i"}
"""Letters of sums over the first axis."""

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def onehot(labels: Array, count: int) -> Array:
    """Return a row for each label, 1 at the label and 0 elsewhere."""
    return np.asarray(np.reshape(labels, (-1, 1)) == np.arange(count), float)


def rank(x: Array, knots: Array, last: Array) -> Array:
    """Return the rank of x (n, …) among the first ``last + 1`` knots (…, q) of its feature, from 0 to 1; 0.5 if there is one knot."""
    columns = x.reshape(len(x), -1).T.astype(float)
    ranks = [
        np.interp(column, own[: m + 1], np.linspace(0, 1, m + 1)) if m else np.full(len(x), 0.5)
        for column, own, m in _features(columns, knots, last)
    ]
    return np.array(ranks).T.reshape(x.shape)


def rank_slope(x: Array, knots: Array, last: Array) -> Array:
    """Return the derivative of `rank`; 0 beyond the knots. At a knot it is that of the interval above, at the last one below."""
    columns = x.reshape(len(x), -1).T.astype(float)
    slopes = np.zeros_like(columns)
    for slope, (column, own, m) in zip(slopes, _features(columns, knots, last), strict=True):
        if m:
            k = np.clip(np.searchsorted(own[: m + 1], column, side="right") - 1, 0, m - 1)
            inside = (column >= own[0]) & (column <= own[m])
            slope[:] = np.where(inside, 1 / m / (own[k + 1] - own[k]), 0)
    return slopes.T.reshape(x.shape)


def _features(columns: Array, knots: Array, last: Array) -> list[tuple[Array, Array, int]]:
    own = knots.reshape(len(columns), -1).astype(float)
    return [(column, each, int(m)) for column, each, m in zip(columns, own, last.reshape(-1), strict=True)]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in ("sqrt", "exp", "log", "abs", "sign", "tanh", "sin", "cos", "where", "sum", "mean")
    },
    "max": np.maximum,
    "min": np.minimum,
    "join": lambda *parts: np.concatenate(parts, axis=-1),
    "reshape": lambda x, *shape: np.reshape(x, np.hstack(shape).tolist()),
    "onehot": onehot,
    "rank": rank,
    "rank_slope": rank_slope,
}
OVER = re.compile(r"(sum|mean|max)_([a-z])")
"""Functions over one axis, such as ``sum_s``."""
OPERAND = re.compile(r"(?<![.\w])[A-Za-z_]\w*(?!\w*\()")
"""The name of an operand: no attribute, and no function."""


@lru_cache(maxsize=1024)
def parse(formula: str) -> ast.expr:
    """Return the tree of a formula."""
    return ast.parse(formula, mode="eval").body


def names(formula: str) -> list[str]:
    """Return the names of the operands, each once, in order.

    Examples
    --------
    >>> names("x @ w + sqrt(b) - x")
    ['x', 'w', 'b']
    """
    found: dict[str, None] = {}
    _collect(parse(formula), found)
    return list(found)


def _collect(tree: ast.AST, found: dict[str, None]) -> None:
    if isinstance(tree, ast.Name) and tree.id not in CONSTANTS:
        found[tree.id] = None
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(tree, ast.Call) and child is tree.func):
            _collect(child, found)


def rename(formula: str, new: Mapping[str, str]) -> str:
    """Return the formula with other names for its operands.

    Examples
    --------
    >>> rename("x @ w + b", {"x": "z1", "w": "w2", "b": "b2"})
    'z1 @ w2 + b2'
    """
    return OPERAND.sub(lambda found: new.get(found[0], found[0]), formula)


def evaluate(formula: str, operands: Mapping[str, Any]) -> Any:
    """Return the value of a formula.

    Parameters
    ----------
    formula : str
    operands : mapping of str to array or number

    Raises
    ------
    KeyError
        If an operand is missing.
    ValueError
        If the formula holds anything that is not part of the language.

    Examples
    --------
    >>> evaluate("sum_s(x * (x > 0)) / 2", {"x": np.array([[1.0, -1.0], [3.0, 4.0]])})
    array([2., 2.])
    """
    with np.errstate(all="ignore"):
        return _value(parse(formula), operands)


def _value(tree: ast.expr | None, operands: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911  # a case for each kind of node
    """Return the value of a part of a formula."""

    def value(part: ast.expr | None) -> Any:
        return _value(part, operands)

    match tree:
        case None | ast.Constant(value=None):
            return None
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            found = operands[name] if name in operands else CONSTANTS[name]
            return np.array(found, None if found else int) if isinstance(found, tuple) else found
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return BINARY[type(op)](value(left), value(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value(operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
            return COMPARISONS[type(op)](value(left), value(right)) * 1
        case ast.Attribute(value=array, attr="T"):
            return value(array).T
        case ast.Subscript(value=array, slice=ast.Tuple(elts=places)):
            return value(array)[tuple(value(place) for place in places)]
        case ast.Subscript(value=array, slice=place):
            return value(array)[value(place)]
        case ast.Slice(lower=lower, upper=upper, step=None):
            return slice(value(lower), value(upper))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, [value(each) for each in arguments])
    raise ValueError(f"not part of the language of formulas: {ast.unparse(tree)}")


def _call(name: str, arguments: list[Any]) -> Any:
    if name in FUNCTIONS:
        return FUNCTIONS[name](*arguments)
    if not (found := OVER.fullmatch(name)):
        raise ValueError(f"not a function of formulas: {name}")
    kind, letter = found.groups()
    function = getattr(np, kind)
    return function(arguments[0], axis=0) if letter in FIRST_AXIS else function(arguments[0], axis=-1, keepdims=True)
