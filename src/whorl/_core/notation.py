"""The notation of descriptions: text such as ``Adam(Cosine(0.1, epochs=50))``, as ``repr`` returns it.

Model files, ``model.toml`` and command-line options use it for layers, optimizers and schedules. The text is parsed as
Python; only calls of names that the caller lists, numbers, strings, True, False, None, and lists, tuples and dicts of these
are accepted. A name alone is a call without arguments. Nothing is evaluated, looked up or imported.
"""

from __future__ import annotations

import ast
import inspect
import re
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from whorl._core.calls import usage
from whorl._core.hints import did_you_mean

LONGEST = 10_000
"""Default limit to the number of characters of a text."""

DEEPEST, NAMES = 60, 2000
"""Limits to the nested brackets of a text, and to the number of names in it: 2000 layers, 29 inside each other."""


def concrete(module: ModuleType, base: type) -> dict[str, type]:
    """Return the subclasses of `base` in a module that are not abstract, by name, in alphabetical order.

    Examples
    --------
    >>> from whorl import losses
    >>> list(concrete(losses, losses.Loss))[:3]
    ['BinaryCrossEntropy', 'CrossEntropy', 'Hinge']
    """
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base))
    return {
        kind.__name__: kind for kind in sorted(kinds, key=lambda kind: kind.__name__) if not inspect.isabstract(kind)
    }


def parse(text: str, known: Mapping[str, type], *, limit: int = LONGEST) -> Any:
    """Return what a text describes.

    Parameters
    ----------
    text : str
        The text, as ``repr`` returns it or as typed in Python.
    known : mapping of str to type
        The classes that the text may name.
    limit : int, optional
        The largest number of characters to accept.

    Raises
    ------
    ValueError
        If the text is anything else, or an argument is invalid; the message says what is wrong.

    Examples
    --------
    >>> from whorl import schedules
    >>> known = concrete(schedules, schedules.Schedule)
    >>> parse("WarmUp(Cosine(0.1, epochs=45), epochs=5)", known)
    WarmUp(Cosine(0.1, epochs=45.0), epochs=5.0)
    """
    try:
        return _value(syntax(text, limit), known)
    except (SyntaxError, MemoryError, RecursionError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "it is nested too deep"
        raise ValueError(_misspelled(text, known) or f"cannot be read: {why}, in {_short(text)}") from None


def syntax(text: str, limit: int) -> ast.expr:
    """Return the syntax tree of a text; raise ValueError if it is larger than `parse` reads, SyntaxError if it is no expression."""
    if len(text) > limit:
        raise ValueError(f"must have at most {limit} characters, got {len(text)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # syntax warnings are meant for programs
        tree = ast.parse(" ".join(text.splitlines()).strip(), mode="eval").body
    _check_size(tree)
    return tree


def parse_one(text: str, known: Mapping[str, type], base: type) -> Any:
    """Return the object of class `base` that a text describes; raise ValueError if it describes anything else.

    Examples
    --------
    >>> from whorl import schedules
    >>> parse_one("Constant(0.5)", {"Constant": schedules.Constant}, schedules.Schedule)
    Constant(0.5)
    """
    value = parse(text, known)
    if not isinstance(value, base):
        names = ", ".join(name for name, kind in known.items() if issubclass(kind, base))
        raise ValueError(f"must be one of {names}, got {_short(text)}")  # noqa: TRY004  # the argument is text, as it must be
    return value


def parse_list(text: str, known: Mapping[str, type], base: type) -> list[Any]:
    """Return the objects of class `base` that a text lists: ``"Dense(64), ReLU()"``, with or without brackets.

    An empty text lists none.

    Examples
    --------
    >>> from whorl import layers
    >>> parse_list("Dense(64), ReLU, Dropout(0.1)", concrete(layers, layers.Layer), layers.Layer)
    [Dense(64), ReLU(), Dropout(0.1)]
    """
    value = parse(text, known) if text.strip() else ()
    values = list(value) if isinstance(value, list | tuple) else [value]
    for item in values:
        if not isinstance(item, base):
            names = ", ".join(name for name, kind in known.items() if issubclass(kind, base))
            raise ValueError(f"must list only {base.__name__} objects ({names}), got {_short(repr(item))}")  # noqa: TRY004
    return values


def _check_size(tree: ast.expr) -> None:
    """Raise ValueError if there are too many names, or if they are nested too deep: each may be a layer."""
    names, depth = 0, 0
    level: list[ast.AST] = [tree]
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"is nested deeper than {DEEPEST} brackets")
        names += sum(isinstance(each, ast.Name) for each in level)
        if names > NAMES:
            raise ValueError(f"must name at most {NAMES} things")
        level = [child for each in level for child in ast.iter_child_nodes(each) if not isinstance(child, ast.Constant)]


def _value(tree: ast.expr, known: Mapping[str, type]) -> Any:
    match tree:
        case ast.Call() | ast.Name() | ast.Attribute():
            return _call(tree, known)
        case ast.List(elts=items):
            return [_value(item, known) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, known) for item in items)
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) for key in keys):
            pairs = zip(keys, values, strict=True)
            return {_value(key, known): _value(value, known) for key, value in pairs if key is not None}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as number)) if (
            not isinstance(number, bool)
        ):
            return -number if isinstance(sign, ast.USub) else number
        case ast.Constant(value=None | bool() | int() | float() | str() as constant):
            return constant
    raise ValueError(
        f"must be made of numbers, text in quotes, lists and calls of {', '.join(known)}, got {_short(ast.unparse(tree))}"
    )


def _call(tree: ast.expr, known: Mapping[str, type]) -> Any:
    function = tree.func if isinstance(tree, ast.Call) else tree
    name = function.id if isinstance(function, ast.Name) else ast.unparse(function)
    if name not in known:
        raise ValueError(_unknown(name, known))
    kind, values, named = known[name], [], dict[str, Any]()
    if isinstance(tree, ast.Call):
        values = [_value(argument, known) for argument in tree.args]
        for keyword in tree.keywords:
            if keyword.arg is None:
                raise ValueError(f"{name}: arguments must be written out, got **{ast.unparse(keyword.value)}")
            if keyword.arg in named:
                raise ValueError(f"{name}: {keyword.arg} is given twice")
            named[keyword.arg] = _value(keyword.value, known)
    signature = inspect.signature(kind)
    for argument in named:
        if argument not in signature.parameters:
            hint = did_you_mean(argument, signature.parameters)
            raise ValueError(f"{name} has no argument {argument!r}{hint}; its usage is {usage(name, signature)}")
    try:
        signature.bind(*values, **named)
    except TypeError as error:
        raise ValueError(f"{name}: {error}; its usage is {usage(name, signature)}") from None
    try:
        return kind(*values, **named)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def _unknown(name: str, known: Mapping[str, type]) -> str:
    """Say that a name is not known, and which one is meant, or which are known."""
    return f"{_short(name)} is not known{did_you_mean(name, known) or '; known are ' + ', '.join(known)}"


def _misspelled(text: str, known: Mapping[str, type]) -> str:
    """Say which name in a text that cannot be read is not known but resembles one that is; nothing if none does."""
    names = re.findall(r"\b[A-Za-z]\w*\b(?!\s*=)", text) if len(text) <= LONGEST else []
    return next((_unknown(name, known) for name in names if name not in known and did_you_mean(name, known)), "")


def _short(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:77]!r}..."
