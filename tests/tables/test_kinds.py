"""Which columns look like identifiers, and how to use them all the same."""

import numpy as np
import pytest

from whorl.tables import Preparation, table
from whorl.tables.kinds import DISTINCT

N = 30


def excluded(columns, **options):
    n = max(map(len, columns.values()))
    rows = columns | {"a": np.arange(n) / 7}
    return {each.name: each.reason for each in Preparation.learn(rows, **options).excluded}


@pytest.mark.parametrize(
    "name",
    [
        *[
            "id",
            "ID",
            "PassengerId",
            "CustomerID",
            "customer_id",
            "Row Number",
            "RowNumber",
            "row-no",
            "Kunden-Nr.",
            "index",
        ],
        *["Unnamed: 0", "primaryKey", "GUID", "No", "order_idx"],
    ],
)
def test_whole_numbers_all_different_are_identifiers_if_the_name_says_so(name):
    reason = excluded({name: range(N)})[name]
    assert reason.startswith(f"it looks like an identifier: its name, and {N} whole numbers, all different; use=['")
    assert excluded({name: [*range(N - 1), None]})[name].startswith("it looks like an identifier")


@pytest.mark.parametrize("name", ["t", "time", "grid", "paid", "Idaho", "key_figure", "number of rooms", "nothing"])
def test_other_names_are_features(name):
    assert excluded({name: range(N)}) == {}


@pytest.mark.parametrize(
    "values",
    [[*range(N - 1), 0], np.arange(N) + 0.5, range(DISTINCT), [*range(DISTINCT), *[None] * N]],
    ids=["repeated", "fractions", "few", "few and missing"],
)
def test_the_name_alone_is_not_enough(values):
    assert excluded({"id": values}) == {}


@pytest.mark.parametrize(
    ("different", "rows", "missing", "found"),
    [
        (20, 20, 0, False),  # too few
        (21, 21, 0, True),
        (70, 100, 0, False),
        (71, 100, 0, True),  # like the numbers of tickets, some of which several people share
        (72, 100, 200, False),  # like cabins, which few people have
        (90, 100, 200, False),
        (91, 100, 200, True),
    ],
)
def test_text_that_is_different_in_most_rows_is_an_identifier(different, rows, missing, found):
    texts = [f"A{i % different}" for i in range(rows)] + [None] * missing
    reasons = excluded({"ticket": texts})
    assert bool(reasons) == found
    if found:
        start = f"it looks like an identifier: {different} different values in {rows} rows; use=['ticket']"
        assert reasons["ticket"] == f"{start} (--use ticket) keeps it"


def test_the_remedy_is_named_only_if_there_is_one():
    assert excluded({"Row Nr": range(N)})["Row Nr"].endswith("; use=['Row Nr'] (--use 'Row Nr') keeps it")
    many = [f"Ada {i}" for i in range(600)]  # each in less than one of 500 rows: there is no category to keep
    assert excluded({"name": many}) == {"name": "it looks like an identifier: 600 different values in 600 rows"}
    assert excluded({"name": many}, use=["name"]) == {
        "name": "none of its 600 different values is in at least one of 500 rows"
    }


def test_columns_to_use_all_the_same():
    rows = {"id": range(N), "ticket": [f"A{i}" for i in range(N)], "seven": [7] * N, "y": [0, 1] * (N // 2)}
    t = table(rows, "y", use=["id", "ticket", "seven"])
    assert [(column.name, column.kind) for column in t.preparation.columns] == [
        ("id", "number"),
        ("ticket", "category"),
    ]
    assert [column.name for column in t.preparation.excluded] == ["seven"]  # which has nothing to tell
    assert Preparation.learn(rows, "y", use=["id"]).feature_names == ("id",)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"use": ["Id"]}, "use must name columns of the mapping, which has id, a, y, got 'Id'; did you mean 'id'"),
        ({"use": ["y"]}, "use must not name the target, got 'y'"),
        ({"use": ["a"], "ignore": ["id", "a"]}, "use must not name a column of ignore, got 'a'"),
    ],
)
def test_columns_that_cannot_be_used(options, words):
    rows = {"id": range(N), "a": range(N), "y": [0, 1] * (N // 2)}
    for learn in (table, Preparation.learn):
        with pytest.raises(ValueError, match=words):
            learn(rows, "y", **options)
    with pytest.raises(TypeError, match="use must be a list of column names, got 'id'"):
        table(rows, "y", use="id")


def test_names_are_checked_before_values():
    rows = {"a": ["3x", *range(N)], "y": ["u", "v", *["u"] * (N - 1)]}
    for options in ({"use": ["b"]}, {"ignore": ["b"]}):
        for learn in (table, Preparation.learn):
            with pytest.raises(ValueError, match="must name columns of the mapping, which has a, y, got 'b'"):
                learn(rows, "y", **options)
