"""Nested data as JSON and arrays: what training keeps from step to step, for checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import show


def flatten(value: Any, arrays: dict[str, Array], prefix: str) -> Any:
    """Return data as JSON can hold it, and add its arrays to `arrays`.

    Lists, numbers, text, True, False and None stay as they are. Everything else becomes a mapping with one key, which says what
    it is.

    Parameters
    ----------
    value : object
        Made of numbers, text, None, arrays, lists, tuples, dicts with text as keys, and namespaces.
    arrays : dict
        Gets the arrays, with the names ``{prefix}1``, ``{prefix}2`` …
    prefix : str

    Raises
    ------
    TypeError
        If there is anything else in the data.

    Examples
    --------
    >>> arrays = {}
    >>> flatten(SimpleNamespace(t=3, m=np.zeros(2), best=math.inf), arrays, "a")
    {'namespace': {'t': 3, 'm': {'array': 'a1'}, 'best': {'float': 'inf'}}}
    >>> arrays
    {'a1': array([0., 0.])}
    """

    def inner(each: Any) -> Any:
        return flatten(each, arrays, prefix)

    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        name = f"{prefix}{len(arrays) + 1}"
        arrays[name] = value
        return {"array": name}
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, float):
        return {"float": str(value)}
    if isinstance(value, list | tuple):
        items = [inner(each) for each in value]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, SimpleNamespace):
        return {"namespace": {name: inner(each) for name, each in vars(value).items()}}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"dict": {name: inner(each) for name, each in value.items()}}
    raise TypeError(f"only numbers, text, arrays, lists, dicts and namespaces can be saved, got {show(value)}")


def restore(tree: Any, array: Callable[[str], Array]) -> Any:
    """Return the data that `flatten` was given.

    Parameters
    ----------
    tree : object
        From `flatten`.
    array : callable
        Returns an array, given its name.

    Raises
    ------
    ValueError
        If the tree is anything else.
    """
    if isinstance(tree, list):
        return [restore(each, array) for each in tree]
    if not isinstance(tree, dict):
        return tree
    if len(tree) == 1:
        (kind, content), *_ = tree.items()
        if kind == "array" and isinstance(content, str):
            return array(content)
        if kind == "float" and content in ("nan", "inf", "-inf"):
            return float(content)
        if kind == "tuple" and isinstance(content, list):
            return tuple(restore(content, array))
        if kind in ("dict", "namespace") and isinstance(content, dict):
            items = {name: restore(each, array) for name, each in content.items()}
            return items if kind == "dict" else SimpleNamespace(**items)
    raise ValueError(f"the training state holds {show(tree)}, which is nothing that whorl writes")
