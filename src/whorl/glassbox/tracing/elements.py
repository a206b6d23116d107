"""One element of an array: its formula with the numbers that enter it, ``x w + b`` as ``0.5 · 0.2 + 1 · (−0.3) + 0.1``."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.tracing import formula as language
from whorl.glassbox.tracing.rendering import text

MOST_TERMS = 8
"""The most terms of a sum that are written out: the largest; the sum of the others is one number."""

ELEMENTWISE = {"sqrt", "exp", "log", "abs", "sign", "tanh", "sin", "cos", "max", "min", "where"}
"""Functions of whose results each element depends on the same element of the operands."""


def element(formula: str, operands: Mapping[str, Any], place: tuple[int, ...]) -> str:
    """Return the formula of one element of an array as text, with numbers for its operands.

    Parameters
    ----------
    formula : str
    operands : mapping of str to array or number
    place : tuple of int
        The index of the element.

    Examples
    --------
    >>> given = {"x": np.array([[0.5, 1.0]]), "w": np.array([[0.25], [-0.3]]), "b": np.array([0.1])}
    >>> element("x @ w + b", given, (0, 0))
    '0.5 · 0.25 + 1 · (−0.3) + 0.1'
    >>> element("sum_s(x * (x > 0)) / 2", {"x": np.array([[2.0], [-1.0]])}, (0,))
    '(2 · [2 > 0] + (−1) · [−1 > 0]) / 2'
    """
    with np.errstate(all="ignore"):
        written = text(ast.unparse(_element(language.parse(formula), operands, place)))
    return written.replace("+ −", "− ").replace("− −", "+ ")


def _element(tree: ast.expr, operands: Mapping[str, Any], place: tuple[int, ...]) -> ast.expr:  # noqa: C901, PLR0911  # a case for each kind of node
    """Return the tree of one element, in which numbers stand for the operands."""

    def part(inner: ast.expr, at: tuple[int, ...] = place) -> ast.expr:
        return _element(inner, operands, at)

    match tree:
        case ast.Constant():
            return tree
        case ast.BinOp(left=left, op=ast.MatMult(), right=right) if len(place) == 2:
            a, b = (np.asarray(_value(each, operands)) for each in (left, right))
            if a.ndim == b.ndim == 2:
                return _product(a[place[0]], b[:, place[1]])
        case ast.BinOp(left=left, op=op, right=right) if not isinstance(op, ast.MatMult):
            return ast.BinOp(part(left), op, part(right))
        case ast.UnaryOp(op=op, operand=operand):
            return ast.UnaryOp(op, part(operand))
        case ast.Compare(left=left, ops=ops, comparators=[right]):
            return ast.Compare(part(left), ops, [part(right)])
        case ast.Call(func=ast.Name(id="sum_s"), args=[inner]):
            return _sum([part(inner, (s, *place)) for s in range(len(_value(inner, operands)))])
        case ast.Call(func=ast.Name(id="sum_c"), args=[inner]) if len(place) == 2:
            return _sum([part(inner, (place[0], c)) for c in range(_value(inner, operands).shape[-1])])
        case ast.Call(func=ast.Name(id=name) as function, args=inner) if name in ELEMENTWISE:
            return ast.Call(function, [part(each) for each in inner], [])
    return _number(_at(_value(tree, operands), place))


def _value(tree: ast.expr, operands: Mapping[str, Any]) -> Any:
    return language.evaluate(ast.unparse(tree), operands)


def _at(value: Any, place: tuple[int, ...]) -> float:
    """Return the element that NumPy would take for this place, with axes of length 1 repeated."""
    array = np.asarray(value)
    last = place[len(place) - array.ndim :] if array.ndim else ()
    return float(array[tuple(i if size > 1 else 0 for i, size in zip(last, array.shape, strict=True))])


def _number(value: float) -> ast.expr:
    """Return a number with four digits as a tree."""
    short = float(f"{float(value):.4g}")
    whole = short.is_integer() and abs(short) < 1e15
    return ast.Constant(int(short) if whole else short)


def _product(a: Array, b: Array) -> ast.expr:
    """Return the sum of the products of two vectors: the largest terms in their order, and one number for the others."""
    products = a * b
    kept = np.sort(np.argsort(-np.abs(products), kind="stable")[:MOST_TERMS])
    terms: list[ast.expr] = [ast.BinOp(_number(a[i]), ast.Mult(), _number(b[i])) for i in kept]
    rest = float(np.delete(products, kept).sum())
    return _sum([*terms, _number(rest)] if rest else terms)


def _sum(terms: Sequence[ast.expr]) -> ast.expr:
    return reduce(lambda a, b: ast.BinOp(a, ast.Add(), b), terms)
