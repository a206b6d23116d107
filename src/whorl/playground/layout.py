"""Calls as the usual formatter lays them out: on one line if that is short enough, else an argument on each."""

from __future__ import annotations

import ast

WIDTH = 88
"""Characters in a line."""


def laid_out(code: str, indent: int = 0, taken: int = 0) -> str:
    """Return an expression of calls, lists and constants, with line breaks where it is longer than a line.

    Parameters
    ----------
    code : str
    indent : int, optional
        The columns before the line that the expression is in.
    taken : int, optional
        The characters of that line that are not the expression's own.

    Examples
    --------
    >>> print(laid_out("Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)"))
    Model(
        [Dense(64), ReLU(), Dense(64), ReLU(), Dense(64), ReLU(), Dense(3), Softmax()],
        inputs=2,
        rng=0,
    )
    """
    return _written(ast.parse(code, mode="eval").body, indent, taken)


def _written(tree: ast.expr, indent: int, taken: int) -> str:
    flat = _flat(tree)
    if indent + taken + len(flat) <= WIDTH or not isinstance(tree, ast.Call | ast.List | ast.Tuple):
        return flat
    inner = " " * (indent + 4)
    if isinstance(tree, ast.Call):
        opening, closing = f"{ast.unparse(tree.func)}(", ")"
        parts = [("", each) for each in tree.args] + [(f"{each.arg}=", each.value) for each in tree.keywords]
    else:
        opening, closing = "[]" if isinstance(tree, ast.List) else "()"
        parts = [("", each) for each in tree.elts]
    lines = [f"{inner}{name}{_written(part, indent + 4, len(name) + 1)},\n" for name, part in parts]
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def _flat(tree: ast.expr) -> str:
    """Return an expression on one line, text in double quotes, as the formatter does."""
    match tree:
        case ast.Constant(value=str() as value):
            return quoted(value)
        case ast.Call():
            named = [f"{each.arg}={_flat(each.value)}" for each in tree.keywords]
            return f"{ast.unparse(tree.func)}({', '.join([*map(_flat, tree.args), *named])})"
        case ast.List(elts=items):
            return f"[{', '.join(map(_flat, items))}]"
        case ast.Tuple(elts=items):
            return f"({', '.join(map(_flat, items))}{',' if len(items) == 1 else ''})"
    return ast.unparse(tree).replace(" ** ", "**")  # the only powers are those of single names


def quoted(value: str) -> str:
    """Return text as a literal, in double quotes if that needs no escape.

    Examples
    --------
    >>> print(quoted("species"), quoted('5" pipe'))
    "species" '5" pipe'
    """
    plain = repr(value)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in plain else plain
