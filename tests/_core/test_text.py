"""Text tables, and their width."""

import pytest

from whorl._core.text import align

ROWS = [["name", "n", ""], ["one", "1", "the first of all numbers"], ["two", "22", "red"]]


def test_without_a_width_nothing_is_wrapped():
    assert align(ROWS, right={1}).splitlines() == [
        "name   n",
        "one    1  the first of all numbers",
        "two   22  red",
    ]


def test_the_last_column_is_wrapped():
    assert align(ROWS, {1}, 30).splitlines() == [
        "name   n",
        "one    1  the first of all",
        "          numbers",
        "two   22  red",
    ]
    assert align(ROWS, {1}, 34) == align(ROWS, {1}, 200) == align(ROWS, {1})


@pytest.mark.parametrize(("right", "last"), [({1}, "two   22  r…"), ({1, 2}, "two   22   …")])
def test_what_does_not_fit_is_cut(right, last):
    lines = align(ROWS, right, 12).splitlines()
    assert lines[1] == "one    1  t…"
    assert lines[-1] == last
