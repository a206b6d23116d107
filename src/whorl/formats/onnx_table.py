"""The preparation of a table in ONNX: columns of numbers and strings become the inputs of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core.types import Array, Shape
from whorl.formats.onnx_builder import Builder
from whorl.tables import Category, Number, Preparation
from whorl.tables.dates import YEAR, Date
from whorl.tables.frame import BOOLEANS

if TYPE_CHECKING:
    import onnx

YEARS = "1800", "2201"
"""The first and the last year whose length is written to the file."""


def table_inputs(b: Builder, preparation: Preparation) -> tuple[list[onnx.ValueInfoProto], str]:
    """Add the encoding of each column; return the declarations of the inputs, and the name of the features."""
    inputs, features = [], []
    for column in preparation.columns:
        if isinstance(column, Number):
            inputs.append(b.declared(column.name, np.float64, (1,)))
            features += _number(b, column)
        elif isinstance(column, Category):
            inputs.append(b.declared(column.name, str, (1,)))
            features += _category(b, column)
        else:
            inputs.append(b.declared(column.name, np.float64, (1,)))
            features += _date(b, column)
    return inputs, b.node("Concat", features, axis=1)


def _number(b: Builder, column: Number) -> list[str]:
    """Add the features of a column of numbers; return their names."""
    gaps = b.node("IsNaN", [column.name])
    filled = b.node("Where", [gaps, np.array(column.fill), column.name])
    shifted = b.node("Sub", [filled, np.array(column.offset)])
    return [b.cast(shifted, b.dtype), *[b.cast(gaps, b.dtype)] * column.missing]


def _category(b: Builder, column: Category) -> list[str]:
    """Add the features of a column of categories; return their names."""
    logical = BOOLEANS.issuperset(column.categories) and not column.other
    spellings = [[each, each.title(), each.upper()] if logical else [each] for each in column.categories]
    found = [_equal(b, column.name, list(dict.fromkeys(each))) for each in spellings]
    known = b.node("Concat", found, axis=1)  # (n, k) booleans
    features, gap = [b.cast(known, b.dtype)], [_equal(b, column.name, [""])]
    if column.other:
        number = b.node(
            "ReduceMax",
            [b.node("Concat", [features[0], b.cast(gap[0], b.dtype)], axis=1), np.array([1])],
        )
        features.append(b.node("Sub", [np.array(1, b.dtype), number]))
    return [*features, *[b.cast(each, b.dtype) for each in gap * column.missing]]


def _date(b: Builder, column: Date) -> list[str]:
    """Add the features of a column of dates, given in days since 1970-01-01; return their names."""
    reference = _days(np.datetime64(column.reference, "us"))
    gaps = b.node("IsNaN", [column.name])
    days = b.node("Where", [gaps, reference, column.name])
    years = b.node("Mul", [b.node("Sub", [days, reference]), np.array(np.timedelta64(1, "D") / YEAR)])
    features = [years]
    for cycle in column.cycles:
        angle = b.node("Mul", [PLACES[cycle](b, days), np.array(2 * np.pi)])
        features += [b.node("Where", [gaps, np.array(0.0), b.node(wave, [angle])]) for wave in ("Sin", "Cos")]
    return [b.cast(each, b.dtype) for each in [*features, *[gaps] * column.missing]]


def _days(moments: Any) -> Array:
    """Return moments as days since 1970-01-01, float64."""
    return np.asarray((moments - np.datetime64(0, "D")) / np.timedelta64(1, "D"))


def _place_in_year(b: Builder, days: str) -> str:
    """Add the place in the year, from 0 to below 1; the years are looked up."""
    starts = _days(np.arange(*YEARS, dtype="M8[Y]").astype("M8[D]"))
    begun = b.cast(b.node("GreaterOrEqual", [days, starts[None]]), np.int64)
    after = b.node("ReduceSum", [begun, np.array([1])], keepdims=1)  # the index of the next year
    start, end = (b.node("Gather", [starts, each]) for each in (b.node("Sub", [after, np.array(1)]), after))
    return b.node("Div", [b.node("Sub", [days, start]), b.node("Sub", [end, start])])


def _place_in_week(b: Builder, days: str) -> str:
    """Add the place of the day in the week, 0 on Monday; 1970-01-01 was a Thursday."""
    monday = b.node("Add", [b.node("Floor", [days]), np.array(3.0)])
    return _fraction(b, b.node("Div", [monday, np.array(7.0)]))


def _fraction(b: Builder, x: str) -> str:
    """Add the part of a number after its point."""
    return b.node("Sub", [x, b.node("Floor", [x])])


PLACES = {"year": _place_in_year, "week": _place_in_week, "day": _fraction}
"""What adds the place in a cycle, from 0 to below 1."""


def _equal(b: Builder, name: str, spellings: list[str]) -> str:
    """Add whether a column of strings has one of these values, (n, 1); return the name."""
    equal = [b.node("Equal", [name, np.array([each], object)]) for each in spellings]
    while len(equal) > 1:
        equal = [b.node("Or", equal[:2]), *equal[2:]]
    return equal[0]


def table_class(b: Builder, classes: tuple[str, ...], outputs: Shape) -> onnx.ValueInfoProto:
    """Add the names of the most probable classes as the output ``class``; return its declaration."""
    if outputs == (1,):
        above = b.node("GreaterOrEqual", ["y", np.array(0.5, b.dtype)])
        code = b.node("Squeeze", [b.cast(above, np.int64), np.array([1])])
    else:
        code = b.node("ArgMax", ["y"], axis=1, keepdims=0)
    b.node("Gather", [np.array(classes, object), code], result="class")
    return b.declared("class", str, ())
