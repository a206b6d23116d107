"""TOML is written so that Python reads the same."""

import math
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl.formats.toml import dumps

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans(), st.lists, max_leaves=5
)


@given(st.dictionaries(TEXT, VALUES | st.dictionaries(TEXT, VALUES)))
def test_what_is_written_is_read_again(document):
    read = tomllib.loads(dumps(document))
    assert read == document
    assert repr(sorted(read.items(), key=repr)) == repr(sorted(document.items(), key=repr))  # 1, 1.0 and True are one


def test_values_come_before_tables_and_tuples_are_lists():
    text = dumps(
        {
            "settings": {"hidden": (3, 4)},
            "data": "two\nlines \x7f \\ é",
            "rate": 1e-05,
            "none": math.nan,
            "n": np.float64(2),
        }
    )
    assert text.splitlines() == [
        *['data = "two\\nlines \\u007f \\\\ é"', "rate = 1e-05", "none = nan", "n = 2.0"],
        *["", "[settings]", "hidden = [3, 4]"],
    ]


def test_what_toml_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="a value must be text, a number, a boolean or a list of these, got None"):
        dumps({"a": None})
    with pytest.raises(TypeError, match=r"got \{'deep'"):
        dumps({"a": {"b": {"deep": 1}}})
    with pytest.raises(
        ValueError, match="text must not hold lone surrogates, got 'a\\\\udcff': surrogates not allowed"
    ):
        dumps({"a": "a\udcff"})
