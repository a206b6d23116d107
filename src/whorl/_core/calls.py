"""Errors for calls with wrong arguments: they say what the function takes, and translate the calls of other libraries."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from whorl._core.hints import unknown_names

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_LIST = "give the layers as one list"
_SIZE = "a layer finds out the size of its inputs by itself: write"
_OPTIMIZERS = "SGD Adam AdamW NAdam RMSprop Adagrad Lion LBFGS"

TRANSLATIONS: Sequence[tuple[str, int, type | tuple[type, ...], str]] = [
    ("Model", 1, object, f"{_LIST}, and the shape of a sample by name: Model([Dense(64), ReLU()], inputs=2)"),
    ("Residual", 1, object, f"{_LIST}: Residual([Dense(64), ReLU()])"),
    ("Average", 2, object, f"{_LIST}: Average([Dense(64), ReLU()], members=8)"),
    ("Dense", 1, int, f"{_SIZE} Dense(64)"),
    ("Dense", 1, str, "an activation is a layer of its own, after this one: [Dense(64), ReLU()]"),
    ("BatchNorm LayerNorm Standardize", 0, int, f"{_SIZE} it without this number"),
    ("Embedding", 0, int, "the categories of each column are a list: Embedding([1000], 16)"),
    (
        _OPTIMIZERS,
        0,
        (np.ndarray, Iterator),
        "an optimizer gets the model's parameters from fit: write optimizer=Adam(0.01)",
    ),
]
"""Calls as in other libraries: names of classes, the place and the type of an argument, and what to write instead."""


NEEDED = {
    "inputs": "inputs (the shape of one sample, such as inputs=2)",
    "y": "y (whorl.tables.table(frame, target) makes X and y of a data frame)",
}
"""Explanations of arguments, for the error that they are missing."""

VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def explain_calls(cls: type[T]) -> type[T]:
    """Let the methods of a class say what they take, except those that look after unknown arguments themselves."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        any_name = method.__code__.co_flags & inspect.CO_VARKEYWORDS
        if name == "__init__" or not (name.startswith("_") or any_name):
            setattr(cls, name, explained(method))
    return cls


def explained(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method say what it takes, with hints, if it is called with other arguments."""

    @wraps(method)
    def call(*given: P.args, **named: P.kwargs) -> R:
        try:
            return method(*given, **named)
        except TypeError:
            name = type(given[0]).__name__ if method.__name__ == "__init__" else method.__name__
            problem = call_problem(name, method, given[1:], named)
            if not problem:  # the error has another reason
                raise
        raise TypeError(problem)

    return call


def call_problem(name: str, method: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any]) -> str:
    """Return why a method cannot be called with these arguments, those after ``self``, and what to write; "" if it can.

    Examples
    --------
    >>> def predict(self, X):
    ...     return X
    >>> call_problem("predict", predict, (1, 2), {})
    'predict: too many positional arguments; its usage is predict(X)'
    """
    _, *parameters = inspect.signature(method).parameters.values()
    signature = inspect.Signature(parameters)
    write = f"its usage is {usage(name, signature)}"
    for names, place, kind, hint in TRANSLATIONS:
        if name in names.split() and len(given) > place and isinstance(given[place], kind):
            return f"{name}: {hint}; {write}"
    open_ended = any(each.kind is each.VAR_KEYWORD for each in parameters)
    if not open_ended and (unknown := unknown_names(name, named, signature.parameters)):
        return unknown
    try:
        known = signature.bind_partial(*given, **named).arguments
    except TypeError as error:
        return f"{name}: {error}; {write}"
    required = [each.name for each in parameters if each.default is each.empty and each.kind not in VARIABLE]
    missing = [NEEDED.get(each, each) for each in required if each not in known]
    return f"{name} needs {', '.join(missing)}; {write}" if missing else ""


def usage(name: str, signature: inspect.Signature) -> str:
    """Return a signature without types: ``Cosine(learning_rate, *, epochs, end=0.0)``."""
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=signature.empty))
    return name + re.sub(r"<class '([\w.]+)'>", r"\1", text)
