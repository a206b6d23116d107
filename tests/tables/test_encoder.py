"""`Encoder` against `Preparation.transform`, which defines what the features are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whorl.tables import Category, Date, Number, Preparation
from whorl.tables.encoder import Encoder

COLUMNS = [
    Number("size", 2.5),
    Number("age", 30.0, missing=True),
    Number("since 1970", 1.7e9, offset=1.7e9),
    Number("year", 2000.0, missing=True, offset=2000.0),
    Category("colour", ["NA", "blue", "red"]),
    Category("code", ["1", "2", "true"], other=True, missing=True),
    Category("one", ["same"], missing=True),
    Category("member", ["false", "true"]),
    Category("paid", ["true"], other=True),
    Date("sold", "ymd", "2024-01-01", ["year", "week", "day"], missing=True),
]
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.integers(0, 3)
TEXTS = st.sampled_from(["1", "2.0", " red", "red ", "Red", "NA", "n/a", "", "?", "true", "TRUE", "same", "x", "2024-05-06", "é\0"])  # fmt: skip
CELLS = {
    Number: st.none() | NUMBERS,
    Category: st.none() | TEXTS | st.booleans() | st.integers(0, 3) | st.floats(0, 3),
    Date: st.none() | st.sampled_from(["2024-05-06", "2023-12-31T23:59:59.5", "2020-02-29 12:00+02:00"]),
}
ANY = st.none() | NUMBERS | TEXTS | st.booleans() | st.just(float("nan"))


@st.composite
def tables(draw, *, wild):
    """Some columns, in any order, with cells of their kind; with one that may have any cells, if `wild`."""
    columns = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, unique_by=lambda column: column.name))
    n = draw(st.integers(1, 4))
    odd = draw(st.sampled_from(columns)) if wild else None
    cells = {
        each.name: draw(st.lists(ANY if each is odd else CELLS[type(each)], min_size=n, max_size=n)) for each in columns
    }
    stray = draw(st.sampled_from(["error", "missing"]))
    return Preparation(columns, stray=stray), cells


def result(function, cells):
    """The features, or the error."""
    try:
        return function(cells)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


@settings(max_examples=60)
@given(tables(wild=False) | tables(wild=True))
def test_features_and_errors_are_those_of_the_preparation(table):
    preparation, cells = table
    expected, found = (result(each, cells) for each in (preparation.transform, Encoder(preparation).encode))
    if isinstance(expected, tuple):
        assert found == expected
    else:
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


def test_cells_that_it_encodes_do_not_go_through_the_preparation(monkeypatch):
    encoder = Encoder(Preparation(COLUMNS))
    monkeypatch.setattr(Preparation, "transform", None)
    cells = {
        "size": [1, 2.5],
        "age": [None, 3],
        "since 1970": [1.8e9, 0],
        "year": [1999, None],
        "colour": ["red", " blue "],
        "code": [2, True],
        "one": ["same", "other"],
        "member": [True, "false"],
        "paid": [False, None],
        "sold": ["2024-05-06", None],
    }
    X = encoder.encode(cells)
    assert X.shape == (2, sum(len(column.feature_names) for column in COLUMNS))
    np.testing.assert_array_equal(X[:, :7], [[1, 30, 1, 1e8, -1, 0, 0], [2.5, 3, 0, -1.7e9, 0, 1, 0]])


@pytest.mark.parametrize("cell", [[1], {"a": 1}, [[["deep"]]]])
@pytest.mark.parametrize("column", COLUMNS)
def test_nested_values_are_refused(column, cell):
    with pytest.raises(TypeError, match="must hold numbers, text, booleans or dates"):
        Encoder(Preparation([column])).encode({column.name: [None, cell]})
