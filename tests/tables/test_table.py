"""The table: features, target, splitting, summary."""

import hypothesis.strategies as st
import numpy as np
import pytest
from houses import HOUSES
from hypothesis import given

import whorl
from whorl.tables import table


def test_the_features_of_each_kind_of_column(write):
    houses = table(write(HOUSES), target="price")
    assert houses.preparation.feature_names == (
        *["rooms", "rooms (missing)", "street=High Street", "street=Mill Road, 5", "street (missing)"],
        *["garden=false", "garden=true", "sold (years)", "sold (week, sin)", "sold (week, cos)"],
    )
    wednesday, thursday = [(np.sin(2 * np.pi * day / 7), np.cos(2 * np.pi * day / 7)) for day in (2, 3)]
    expected = [
        [3, 0, 0, 1, 0, 0, 1, 0, *wednesday],
        [4, 0, 1, 0, 0, 1, 0, 29 / 365.2425, *thursday],
        [4, 1, 1, 0, 0, 0, 1, 0, *wednesday],  # the median of 3, 4, 5
        [5, 0, 0, 0, 1, 1, 0, 0, *wednesday],
    ]
    np.testing.assert_allclose(houses.X, expected, rtol=1e-15)
    np.testing.assert_array_equal(houses.y, [[1.5], [2.5], [3.25], [10]])
    assert (houses.X.dtype, houses.y.dtype) == (np.float64, np.float64)
    assert (houses.task, houses.classes, houses.dropped, houses.notes) == ("regression", (), 0, ())
    assert len(houses) == 4
    assert repr(houses) == "<Table of 4 rows, 10 features: regression of 'price'>"


def test_rows_without_a_target_are_dropped_and_counted(write):
    t = table(write("a,y\n1,p\n2,?\n3,q\n4,\n"), "y")
    np.testing.assert_array_equal(t.X, [[1], [3]])
    np.testing.assert_array_equal(t.y, [0, 1])
    assert t.dropped == 2
    assert t.notes == ("2 rows are left out: they have no 'y'",)
    assert str(t.summary()).endswith("2 rows, 1 features; classification; 2 more rows have no target")


# The target


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a", "b"], "classification", ("a", "b")),
        ([True, False, True], "classification", ("false", "true")),
        ([3, 9, 5], "classification", ("3", "5", "9")),
        ([10.0, 9.0, None], "classification", ("9", "10")),
        ([0.5, 1.5, 2.5], "regression", ()),
        (list(range(20)), "classification", tuple(map(str, range(20)))),
        (list(range(21)), "regression", ()),
    ],
)
def test_the_task_follows_from_the_values(values, task, classes):
    t = table({"x": range(len(values)), "y": values}, "y")
    assert (t.task, t.classes) == (task, classes)
    assert t.y.shape == ((len(t),) if classes else (len(t), 1))
    if classes:
        assert t.y.dtype == np.int64
        spelled = [v for v in values if v is not None]
        assert [classes[label] for label in t.y] == [str(v).lower().removesuffix(".0") for v in spelled]


def test_the_task_as_an_argument():
    t = table({"x": [1, 2, 3], "y": [3, 9, 5]}, "y", task="regression")
    np.testing.assert_array_equal(t.y, [[3], [9], [5]])
    t = table({"x": [1, 2, 3], "y": [0.5, 0.25, 0.5]}, "y", task="classification")
    assert t.classes == ("0.25", "0.5")
    np.testing.assert_array_equal(t.y, [1, 0, 1])


def test_the_preparation_of_another_table(write):
    train = table({"x": [1, 2, 3], "y": [1, 2, 3]}, "y")
    test = table(write("y,x\n3.0,5\n,6\n1,\n"), preparation=train.preparation)
    np.testing.assert_array_equal(test.X, [[5], [2]])
    np.testing.assert_array_equal(test.y, [2, 0])
    assert test.dropped == 1
    one_class = table({"x": [1], "y": [2]}, preparation=train.preparation)
    np.testing.assert_array_equal(one_class.y, [1])
    truth = table({"x": [1, 2], "y": [True, False]}, "y")
    np.testing.assert_array_equal(table(write("x,y\n1,TRUE\n2,False\n"), preparation=truth.preparation).y, [1, 0])


def test_a_target_that_is_different_in_nearly_every_row_is_refused(write):
    rows = "".join(f"{i % 7},{'x' if i == 3 else i}\n" for i in range(54))
    path = write("a,y\n" + rows)
    with pytest.raises(
        ValueError, match="target 'y' has 54 different texts in 54 rows, too many to be classes"
    ) as caught:
        table(path, "y", stray="category")
    assert str(caught.value).endswith(f"all but 1 of 54 values are numbers; {path} line 5 has 'x'")
    with pytest.raises(ValueError, match="too many to be classes; to use them as classes, set task='classification'"):
        table({"a": range(30), "y": [f"Ada {i}" for i in range(30)]}, "y")
    assert len(table(path, "y", task="classification", stray="category").classes) == 54
    with pytest.raises(ValueError, match="line 5, column 'y': must be a number, got 'x'"):
        table(path, "y")


def test_a_name_that_is_nearly_right():
    columns = {"length": [1, 2], "colour": ["x", "y"], "kind": [0, 1]}
    for arguments in ({"target": "Kind"}, {"target": "kind", "ignore": ["color"]}):
        with pytest.raises(
            ValueError, match=r"which has length, colour, kind, got '\w+'; did you mean '(kind|colour)'\?"
        ):
            table(columns, **arguments)


# Splitting


def test_split_learns_from_the_training_rows_only():
    n = 40
    rare = ["rare" if i == 7 else "often" if i % 2 else "other" for i in range(n)]
    whole = table({"a": np.arange(n, dtype=float), "b": rare, "y": [i % 2 for i in range(n)]}, "y")
    for seed in range(10):
        train, test = whole.split(0.25, rng=seed)
        assert (len(train), len(test)) == (30, 10)
        assert train.preparation is test.preparation
        assert train.preparation.columns[0].fill == np.median(train.X[:, 0])
        assert ("rare" in train.preparation.columns[1].categories) == (7 in train.X[:, 0])
        np.testing.assert_array_equal(np.sort(np.concatenate([train.X[:, 0], test.X[:, 0]])), np.arange(n))
        np.testing.assert_array_equal(np.diff(train.X[:, 0]) > 0, True)  # noqa: FBT003  # in their order
        np.testing.assert_array_equal(test.y, test.X[:, 0] % 2)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=60), st.floats(0.1, 0.8), st.integers(0, 99))
def test_split_takes_the_same_fraction_of_each_class(y, fraction, seed):
    y = [0, 1, *y]
    whole = table({"a": np.arange(len(y)), "y": y}, "y")
    train, test = whole.split(fraction, rng=seed)
    assert len(test) == round(fraction * len(y))
    assert train.classes == test.classes == whole.classes
    for label in range(len(whole.classes)):
        assert abs((test.y == label).sum() - len(test) / len(y) * (whole.y == label).sum()) < 1 + 1e-9


def test_split_is_random_and_repeatable():
    whole = table({"a": range(100), "y": np.arange(100) / 7}, "y")
    _, one = whole.split(rng=1)
    _, same = whole.split(rng=1)
    _, other = whole.split(rng=2, stratify=False)
    assert len(one) == len(other) == 20
    np.testing.assert_array_equal(one.X, same.X)
    assert (one.X != other.X).any()
    classes = table({"a": range(100), "y": [0] * 50 + [1] * 50}, "y")
    shares = {classes.split(rng=seed, stratify=False)[1].y.mean() for seed in range(5)}
    assert len(shares) > 1


def test_split_keeps_kinds_and_ignored_columns(write):
    path = write("a,b,c,y\n" + "".join(f"{'x' if i == 0 else i % 5},{i},{i % 3},{i % 2}\n" for i in range(20)))
    for seed in range(5):
        train, test = table(path, "y", ignore=["b"], stray="category").split(0.5, rng=seed)
        assert [column.kind for column in train.preparation.columns] == ["category", "number"]
        assert test.preparation.excluded[0].name == "b"


def test_split_keeps_what_the_whole_table_decides():
    n = 60
    columns = {
        "name": [f"Ada {i}" for i in range(n)],  # an identifier, though half of the rows are too few to tell
        "pair": [f"P{i // 2}" for i in range(n)],  # none, though different in most of half of the rows
        "sold": ["13/04/2024", *(f"0{i % 9 + 1}/04/2024" for i in range(n - 1))],  # the day is first, as one row tells
        "seen": ["soon", *(f"2024-01-0{i % 9 + 1}" for i in range(n - 1))],  # text, though most rows have dates
        "rare": [1, *[0] * (n - 1)],  # constant in most halves
        "seven": [7] * n,
    }
    whole = table(columns | {"y": [0, 1] * (n // 2)}, "y", ignore=["seven"], stray="missing")
    kinds = {column.name: column.kind for column in whole.preparation.columns}
    assert kinds == {"pair": "category", "sold": "date", "seen": "category", "rare": "number"}
    constant = set()
    for seed in range(20):
        learned = whole.split(0.5 if seed % 2 else 0.7, rng=seed)[0].preparation
        assert learned.excluded[:2] == whole.preparation.excluded
        assert [(column.name, column.kind) for column in learned.columns][:3] == list(kinds.items())[:3]
        assert learned.columns[1].order == whole.preparation.columns[1].order == "dmy"
        assert learned.stray == "missing"
        constant |= {(column.name, column.reason) for column in learned.excluded[2:]}
    assert constant == {("rare", "it is always 0")}


# The summary


def test_summary(write):
    t = table(write(HOUSES), "garden", ignore=["sold"])
    assert str(t.summary()).splitlines() == [
        "column  kind      missing",
        "rooms   number          1  3 to 5, median 4",
        "street  category        1  2: High Street, Mill Road, 5",
        "garden  target          0  2 classes: false 2, true 2",
        "sold    left out        0  ignored, as requested",
        "price   number          0  1.5 to 10, median 2.875",
        "4 rows, 6 features; classification",
    ]


def test_summary_of_a_regression_with_an_unknown_column(write):
    train = table({"a": [1, 2], "b": ["x", "y"], "y": [0.5, 1.5]}, "y")
    more = table({"z": [1], "a": [None], "b": ["x"], "y": [2.5]}, preparation=train.preparation)
    assert str(more.summary()).splitlines()[1:] == [
        "z       left out        0  not a column of the preparation",
        "a       number          1",
        "b       category        0  2: x, y",
        "y       target          0  2.5 to 2.5, median 2.5",
        "1 rows, 3 features; regression",
    ]
    many = table({"a": [*"abcdefg"], "y": [0, 1] * 3 + [1]}, "y")
    assert "7: a, b, c, d, e, …" in str(many.summary())


def test_a_network_learns_from_a_table(rng):
    n = 300
    colour = rng.choice(["red", "blue"], n)
    x = rng.normal(size=n)
    t = table({"x": x, "colour": colour, "y": np.where((x > 0) == (colour == "red"), "in", "out")}, "y")
    train, test = t.split(rng=0)
    model = whorl.Model([whorl.Dense(16), whorl.ReLU(), whorl.Dense(2), whorl.Softmax()], inputs=t.X.shape[1], rng=0)
    loss = whorl.CrossEntropy()
    model.fit(train.X, train.y, loss=loss, optimizer=whorl.Adam(0.02), epochs=40, batch_size=32, rng=0)
    assert model.evaluate(test.X, test.y, loss=loss, metrics=["accuracy"])["accuracy"] > 0.9
