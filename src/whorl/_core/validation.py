"""Checks at the door: each returns the value in the form the library works with, or raises.

An error names the argument, says what was expected, and shows what came. A wrong type is a `TypeError`,
a wrong value a `ValueError`. The kernels behind the door check nothing again.
"""

import math
import numbers
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from whorl._core.types import Array, Shape


def show(value: object) -> str:
    """Print a value on one short line, for an error message."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 80 else f"{text[:77]}..."


def integer(name: str, value: object, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`. A bool is no number, and 2.0 no whole one."""
    expected = f"{name} must be a whole number of at least {minimum}, got {show(value)}"
    if isinstance(value, bool | np.bool_):
        raise TypeError(expected)
    try:
        whole = operator.index(value)  # type: ignore[arg-type]  # raises TypeError, as wanted
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


def number(
    name: str,
    value: object,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    below: float = math.inf,
    above: float = -math.inf,
) -> float:
    """Return `value` as a finite float in [minimum, maximum], strictly below `below` and above `above`."""
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


def instance(name: str, value: object, kind: type[Any], example: str) -> Any:
    """Return `value` if it is a `kind`; a common slip is to give the class itself."""
    if not isinstance(value, kind):
        what = f"the class {value.__name__} itself" if isinstance(value, type) else show(value)
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {kind.__name__}, such as {example}, got {what}")
    return value


def shape(name: str, value: object) -> Shape:
    """Return the shape of one sample as a tuple: an int n is short for (n,)."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        sizes = tuple(integer(f"{name}[{i}]", size) for i, size in enumerate(value))
        if not sizes:
            raise ValueError(f"{name} must have at least one dimension, got ()")
        return sizes
    return (integer(name, value),)


def batch(of: Shape) -> str:
    """Write the shape of a batch of samples: (n,) or (n, 2)."""
    return f"({', '.join(['n', *map(str, of)])}{'' if of else ','})"


def float_type(name: str, value: npt.DTypeLike) -> "np.dtype[Any]":
    """Return float32 or float64 as a `numpy.dtype`."""
    expected = f"{name} must be float32 or float64, got {show(value)}"
    if value is None:  # which NumPy takes for float64
        raise TypeError(expected)
    try:
        dtype = np.dtype(value)
    except TypeError:
        raise TypeError(expected) from None
    if dtype not in (np.float32, np.float64):
        raise ValueError(expected)
    return dtype


def numeric(name: str, values: object, dtype: "np.dtype[Any] | None" = None) -> Array:
    """Return `values` as an array of finite real numbers, in C order, of the type `dtype` if one is given."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must hold a number everywhere, got a masked array: fill it, or leave rows out")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array, with rows of one length: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got {show(array)}")
    if dtype is not None:
        if array.dtype != dtype:
            with np.errstate(over="ignore"):  # what overflows is found below, and named
                array = array.astype(dtype, order="C")
        array = np.ascontiguousarray(array)
    finite(name, array)
    return array


def all_finite(array: Array) -> bool:
    """Whether there is neither NaN nor infinity in an array of floats."""
    row = array if array.flags.c_contiguous else array.ravel(order="K")  # which copies arrays with gaps only
    # Σ x² is not finite if any x is not: many times faster than to look at each.
    return math.isfinite(np.vdot(row, row)) or bool(np.isfinite(array).all())


def finite(name: str, array: Array) -> None:
    """Raise if there is a NaN or an infinity in `array`, and say where the first one is."""
    if array.dtype.kind != "f" or all_finite(array):
        return
    strange = ~np.isfinite(array)
    first = tuple(int(i) for i in np.argwhere(strange)[0])
    place = f"{name}[{', '.join(map(str, first))}]"
    raise ValueError(
        f"{name} must hold finite numbers, but {place} is {array[first]}"
        f" ({int(strange.sum())} of {array.size} are NaN, infinite or too large for {array.dtype})"
    )


def samples(name: str, values: object, inputs: Shape, dtype: "np.dtype[Any]") -> Array:
    """Return `values` as the batch (n, *inputs) of `dtype`, n at least 1."""
    array = numeric(name, values, dtype)
    if array.shape[1:] != inputs:
        hint = f"; for one sample, give {name}[None]" if array.shape == inputs else ""
        raise ValueError(f"{name} must have shape {batch(inputs)}, got {array.shape}{hint}")
    if len(array) == 0:
        raise ValueError(f"{name} must hold at least one sample, got shape {array.shape}")
    return array


def learning_rate(name: str, value: object) -> float | Callable[[float], float]:
    """Return `value` if it is a learning rate of at least 0, or a schedule or another function that gives one."""
    if isinstance(value, type):
        raise TypeError(f"{name} must be a number or a schedule, got the class {value.__name__} itself")
    return value if callable(value) else number(name, value, minimum=0)
