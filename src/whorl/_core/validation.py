"""Argument validation: each function returns the value in the form that the library uses, or raises an error.

An error names the argument, what was expected and what was received. A wrong type is a `TypeError`, a wrong value a
`ValueError`. Arguments are validated once, in the public functions; internal functions do not repeat the checks.
"""

import math
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from whorl._core.hints import did_you_mean
from whorl._core.types import Array, Shape

TABLES = "whorl.tables.table converts data frames with text and gaps, and so do the estimators of whorl.sklearn"
SMALL = 10_000  # numbers; with more, BLAS may use all cores, and threads that call it wait for each other


def show(value: object) -> str:
    """Return a value as one line of text, for an error message."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 80 else f"{text[:77]}..."


def integer(name: str, value: object, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`; neither a bool nor a float such as 2.0 is accepted."""
    expected = f"{name} must be a whole number of at least {minimum}, got {show(value)}"
    if isinstance(value, bool | np.bool_):
        raise TypeError(expected)
    try:
        whole = operator.index(value)  # type: ignore[arg-type]  # raises TypeError if it is not an integer
    except TypeError:
        raise TypeError(expected) from None
    if whole < minimum:
        raise ValueError(expected)
    return whole


def truth(name: str, value: object) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {show(value)}")
    return value


def choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return `value` if it is one of these words."""
    expected = f"{name} must be {' or '.join(map(repr, choices))}, got {show(value)}"
    if not isinstance(value, str):
        raise TypeError(expected)
    if value not in choices:
        raise ValueError(expected)
    return value


def number(
    name: str,
    value: object,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    below: float = math.inf,
    above: float = -math.inf,
) -> float:
    """Return `value` as a finite float in [minimum, maximum] and strictly between `above` and `below`."""
    bounds = [
        text
        for text, bound in [
            (f"at least {minimum:g}", minimum),
            (f"above {above:g}", above),
            (f"at most {maximum:g}", maximum),
            (f"below {below:g}", below),
        ]
        if math.isfinite(bound)
    ]
    expected = " ".join([f"{name} must be a finite number", " and ".join(bounds)]).rstrip()
    expected = f"{expected}, got {show(value)}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(expected)
    real = float(value)
    if not math.isfinite(real) or not (minimum <= real <= maximum and above < real < below):
        raise ValueError(expected)
    return real


def number_or_numbers(name: str, value: object, **limits: float) -> float | tuple[float, ...]:
    """Return one number, or those of a sequence as a tuple, each within the limits of `number`."""
    if (isinstance(value, Sequence) and not isinstance(value, str | bytes)) or (
        isinstance(value, np.ndarray) and value.ndim
    ):
        if len(value) == 0:
            raise ValueError(f"{name} must be a number, or a sequence of at least one, got {show(value)}")
        return tuple(number(f"{name}[{i}]", each, **limits) for i, each in enumerate(value))
    return number(name, value, **limits)


def instance(name: str, value: object, kind: type[Any], example: str) -> Any:
    """Return `value` if it is a `kind`; the error mentions the common mistake of passing the class itself."""
    if not isinstance(value, kind):
        what = f"the class {value.__name__} itself" if isinstance(value, type) else show(value)
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        hint = did_you_mean(value, _names(kind), "{}()") if isinstance(value, str) else ""
        raise TypeError(f"{name} must be {article} {kind.__name__}, such as {example}, got {what}{hint}")
    return value


def _names(kind: type[Any]) -> list[str]:
    """Return the names of the classes of whorl of this kind."""
    below = [name for each in kind.__subclasses__() for name in _names(each)]
    return [kind.__name__, *below] if kind.__module__.startswith("whorl.") else below


def shape(name: str, value: object) -> Shape:
    """Return the shape of one sample as a tuple; an int n means (n,)."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        sizes = tuple(integer(f"{name}[{i}]", size) for i, size in enumerate(value))
        if not sizes:
            raise ValueError(f"{name} must have at least one dimension, got ()")
        return sizes
    return (integer(name, value),)


def batch(of: Shape) -> str:
    """Return the shape of a batch of samples as text, such as "(n, 2)"."""
    return f"({', '.join(['n', *map(str, of)])}{'' if of else ','})"


def float_type(name: str, value: npt.DTypeLike) -> "np.dtype[Any]":
    """Return float32 or float64 as a `numpy.dtype`."""
    expected = f"{name} must be float32 or float64, got {show(value)}"
    if value is None:  # which means float64 in NumPy
        raise TypeError(expected)
    try:
        dtype = np.dtype(value)
    except TypeError:
        raise TypeError(expected) from None
    if dtype not in (np.float32, np.float64):
        raise ValueError(expected)
    return dtype


def array(name: str, values: object) -> Array:
    """Return `values` as an array of any type; raise TypeError for masked arrays, whose masked values would be used."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array: fill in the masked values, or leave out those samples")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array, with rows of equal length: {error}") from None


def numeric(name: str, values: object, dtype: "np.dtype[Any] | None" = None) -> Array:
    """Return `values` as an array of finite real numbers; with a `dtype`, of that type and in C order."""
    result = array(name, values)
    if result.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got {show(result)}{_conversion(name, result, float)}")
    if dtype is not None:
        if result.dtype != dtype:
            with np.errstate(over="ignore"):  # a value that overflows is reported below
                result = result.astype(dtype, order="C")
        result = np.ascontiguousarray(result)
    finite(name, result)
    return result


def all_finite(values: Array) -> bool:
    """Whether an array of floats holds neither NaN nor infinity."""
    row = values if values.flags.c_contiguous else values.ravel(order="K")  # copies only if there are gaps
    # Σ x² or Σ x is finite only if every x is, and is computed faster than isfinite.
    if values.size <= SMALL:
        return math.isfinite(np.vdot(row, row)) or bool(np.isfinite(values).all())
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(np.add.reduce(row, axis=None)) or bool(np.isfinite(values).all())


def finite(name: str, values: Array) -> None:
    """Raise ValueError if `values` holds NaN or infinity, with the index of the first one."""
    if values.dtype.kind != "f" or all_finite(values):
        return
    wrong = ~np.isfinite(values)
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f"{name}[{', '.join(map(str, first))}]"
    raise ValueError(
        f"{name} must hold finite numbers, but {place} is {values[first]}"
        f" ({int(wrong.sum())} of {values.size} are NaN, infinite or too large for {values.dtype})"
    )


def samples(name: str, values: object, inputs: Shape, dtype: "np.dtype[Any]") -> Array:
    """Return `values` as a batch (n, *inputs) of type `dtype`, with n at least 1."""
    result = numeric(name, values, dtype)
    if result.shape[1:] != inputs:
        hint = f"; for one sample, give {name}[None]" if result.shape == inputs else ""
        raise ValueError(f"{name} must have shape {batch(inputs)}, got {result.shape}{hint}")
    if len(result) == 0:
        raise ValueError(f"{name} must hold at least one sample, got shape {result.shape}")
    return result


def labels(y: object, classes: int) -> Array:
    """Return class labels as integers (n,) in [0, classes), from integers or from one-hot rows (n, classes)."""
    result = array("y", y)
    if result.ndim == 2 and result.shape[1] == classes:
        return _from_one_hot(numeric("y", result))
    if result.ndim != 1:
        hint = "; use y.ravel()" if result.ndim == 2 and result.shape[1] == 1 else ""
        raise ValueError(f"y must have shape (n,), or (n, {classes}) if one-hot, got {result.shape}{hint}")
    if result.dtype.kind not in "iub":
        expected = f"y must hold whole numbers from 0 to {classes - 1}"
        raise TypeError(f"{expected}, got {show(result)}{_conversion('y', result, int)}")
    result = result.astype(np.intp, copy=False)
    wrong = np.flatnonzero((result < 0) | (result >= classes))
    if len(wrong):
        raise ValueError(
            f"y must hold labels from 0 to {classes - 1}, one for each of the model's {classes} outputs,"
            f" but y[{wrong[0]}] is {result[wrong[0]]}"
        )
    return result


def _conversion(name: str, values: Array, kind: type) -> str:
    """Return how to convert values to `kind`, or what to do with text, for an error message; "" if there is nothing to say."""
    text = values.dtype.kind in "US"
    if not text and values.dtype.kind not in "fO":
        return ""
    try:
        with np.errstate(invalid="ignore"):
            converted: Array = values.astype(kind)
        if text or bool((converted == values).all()):
            return f"; use np.asarray({name}, {kind.__name__})"
    except (TypeError, ValueError, OverflowError):
        text = text or any(isinstance(each, str) for each in values.flat)
    if not text or name not in {"X", "y"}:
        return ""
    number_them = "; np.unique(y, return_inverse=True)[1] numbers labels" if name == "y" else ""
    return f"{number_them}; {TABLES}"


def _from_one_hot(rows: Array) -> Array:
    ones, zeros = (rows == 1).sum(axis=1), (rows == 0).sum(axis=1)
    wrong = np.flatnonzero((ones != 1) | (zeros != rows.shape[1] - 1))
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(f"y must be one-hot: one 1 in each row, the rest 0, but y[{row}] is {rows[row]}")
    result: Array = rows.argmax(axis=1)
    return result


def same_length(first: str, first_length: int, second: str, second_length: int) -> None:
    """Raise ValueError unless two arguments have the same number of samples."""
    if first_length != second_length:
        raise ValueError(
            f"{first} and {second} must have the same number of samples, got {first_length} and {second_length}"
        )


def learning_rate(name: str, value: object) -> float | Callable[[float], float]:
    """Return `value` if it is a number of at least 0, or a function of time in epochs, such as a schedule."""
    if isinstance(value, type):
        raise TypeError(f"{name} must be a number or a schedule, got the class {value.__name__} itself")
    return value if is_function(value) else number(name, value, minimum=0)


def scheduled(name: str, value: object, **limits: float) -> float | Callable[[float], float]:
    """Return `value` if it is a number within the limits of `number`, or a schedule that does not depend on results."""
    if isinstance(value, type):
        raise TypeError(f"{name} must be a number or a schedule, got the class {value.__name__} itself")
    if not is_function(value):
        return number(name, value, **limits)
    if getattr(value, "monitored", ()):
        raise ValueError(f"{name} must not depend on results, as a learning rate may, got {show(value)}")
    return value


def at(name: str, value: float | Callable[[float], float], epoch: float, **limits: float) -> float:
    """Return the number that a setting is at a time in epochs; raise an error unless it is one within the limits of `number`."""
    if not callable(value):
        return value
    return number(f"{name} at epoch {epoch:g}", np.asarray(value(epoch)).tolist(), **limits)


def is_function(value: object) -> TypeGuard[Callable[..., Any]]:
    """Whether `value` can be called: neither a class nor a model, whose call is an error."""
    return callable(value) and not isinstance(value, type) and not hasattr(value, "predict")


def path(name: str, value: object) -> str:
    """Return a path as text; raise TypeError for anything else."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path, got {show(value)}")
    return os.fspath(value)
