"""Objects written as calls, such as ``warm_up(cosine(0.1, epochs=45), epochs=5)``: read, never run.

Python's own grammar takes the text apart; what is accepted of it are calls of names that are known, numbers, text, True,
False, None, and lists and tuples of these. A name alone is a call without arguments. Nothing is looked up, evaluated or
imported.
"""

from __future__ import annotations

import ast
import inspect
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from whorl import schedules

LONGEST = 1000
"""Characters of the longest text that is read: far more than anybody types, and too few to nest deep."""


def by_name(*kinds: type) -> dict[str, type]:
    """Return classes by the names they are written with.

    Examples
    --------
    >>> by_name(schedules.OneCycle, schedules.WarmUp)
    {'one_cycle': <class 'whorl.schedules.cosine.OneCycle'>, 'warm_up': <class 'whorl.schedules.composition.WarmUp'>}
    """
    # The end of LeakyReLU and of AdamW is no word: leaky_relu, adamw.
    return {re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", kind.__name__).lower(): kind for kind in kinds}


SCHEDULES: Mapping[str, type] = by_name(
    schedules.Constant,
    schedules.InverseTime,
    schedules.Exponential,
    schedules.Step,
    schedules.Polynomial,
    schedules.Cosine,
    schedules.OneCycle,
    schedules.WarmUp,
    schedules.Chain,
    schedules.ReduceOnPlateau,
)
"""The schedules that can be written."""


@dataclass
class Call:
    """A call as it was read; nothing is made yet.

    Parameters
    ----------
    name : str
        As it was written.
    kind : type
        What is called.
    arguments : dict
        By the names of the constructor's arguments; calls among them are `Call`s.
    """

    name: str
    kind: type
    arguments: dict[str, Any]

    def make(self) -> Any:
        """Return the object; raise ValueError if a constructor refuses its arguments."""
        arguments = {name: _made(value) for name, value in self.arguments.items()}
        try:
            return self.kind(**arguments)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name}: {error}") from None


def parse(text: str, known: Mapping[str, type]) -> Any:
    """Return the object that a call describes; its arguments may be such calls too.

    Parameters
    ----------
    text : str
        As one would write it in Python, with names as in `known`.
    known : mapping of str to type
        What may be called.

    Raises
    ------
    ValueError
        If the text is anything else, or a constructor refuses its arguments; the message says what is wrong, and what
        is known.

    Examples
    --------
    >>> parse("warm_up(cosine(0.1, epochs=45), epochs=5)", SCHEDULES)
    WarmUp(Cosine(0.1, epochs=45.0), epochs=5.0)
    """
    return read(text, known).make()


def read(text: str, known: Mapping[str, type]) -> Call:
    """Take a call apart, as `parse` does, and make nothing yet.

    Examples
    --------
    >>> read("cosine(0.1, epochs=45)", SCHEDULES).arguments
    {'learning_rate': 0.1, 'epochs': 45}
    """
    if len(text) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters, got {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice is for programs
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(f"cannot be read: {why}, in {text!r}; {_example(known)}") from None
    if not isinstance(tree, ast.Call | ast.Name):
        raise ValueError(f"must be a call, got {text!r}; {_example(known)}")  # noqa: TRY004  # its type was right: text
    try:
        return _call(tree, known)
    except RecursionError:
        raise ValueError(f"is nested too deep: {text!r}") from None


def _call(tree: ast.Call | ast.Name, known: Mapping[str, type]) -> Call:
    name = ast.unparse(tree.func if isinstance(tree, ast.Call) else tree)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ValueError(f"{name!r} is not known; {hint}There are {', '.join(known)}")
    kind = known[name]
    by_place, named = [], dict[str, Any]()
    if isinstance(tree, ast.Call):
        by_place = [_value(argument, known) for argument in tree.args]
        named = _named(name, kind, tree.keywords, known)
    try:
        bound = inspect.signature(kind).bind(*by_place, **named)
    except TypeError as error:
        raise ValueError(f"{name}: {error}; it is written {_usage(name, kind)}") from None
    return Call(name, kind, dict(bound.arguments))


def _named(name: str, kind: type, keywords: list[ast.keyword], known: Mapping[str, type]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for keyword in keywords:
        argument_name = keyword.arg
        if argument_name is None:
            raise ValueError(f"{name}: its arguments must be written out, got **{ast.unparse(keyword.value)}")
        if argument_name not in inspect.signature(kind).parameters:
            raise ValueError(f"{name} has no argument {argument_name!r}; it is written {_usage(name, kind)}")
        if argument_name in named:
            raise ValueError(f"{name}: {argument_name} is given twice")
        named[argument_name] = _value(keyword.value, known)
    return named


def _value(tree: ast.expr, known: Mapping[str, type]) -> Any:
    if isinstance(tree, ast.Call) or (isinstance(tree, ast.Name) and tree.id in known):
        return _call(tree, known)
    if isinstance(tree, ast.List | ast.Tuple):
        values = [_value(element, known) for element in tree.elts]
        return values if isinstance(tree, ast.List) else tuple(values)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd) and _is_number(tree.operand):
        return ast.literal_eval(tree)
    if isinstance(tree, ast.Constant) and (
        _is_number(tree) or tree.value is None or isinstance(tree.value, bool | str)
    ):
        return tree.value
    raise ValueError(
        f"an argument must be a number, a text in quotes, a list of such, or a call of {', '.join(known)},"
        f" got {ast.unparse(tree)}"
    )


def _made(value: Any) -> Any:
    if isinstance(value, Call):
        return value.make()
    return type(value)(map(_made, value)) if isinstance(value, list | tuple) else value


def _is_number(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and type(tree.value) in (int, float)


def _usage(name: str, kind: type) -> str:
    """Write how a class is called: ``cosine(learning_rate, *, epochs, end=0.0)``, less the types."""
    signature = inspect.signature(kind)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"{name}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def _example(known: Mapping[str, type]) -> str:
    """Say what can be written."""
    name, kind = next(iter(known.items()))
    return f"write a call, such as {_usage(name, kind)}, of {', '.join(known)}"
