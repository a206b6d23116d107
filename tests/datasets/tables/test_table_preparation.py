"""How columns become numbers, and new rows in the same way; the preparation as plain data."""

import json
import math

import numpy as np
import pytest

from whorl.datasets import Preparation, table
from whorl.datasets.tables.features import COMMON, MOST, Category, Number
from whorl.datasets.tables.target import Target


def test_numbers_in_a_text_column_keep_their_spelling(write):
    assert table(write("a,y\n01,0\n1,1\nx,0\n"), "y").preparation.columns[0].categories == ("01", "1", "x")


def test_notes_say_what_was_left_out_and_why(write):
    rows = "".join(f"{i},{i % 3},Ada {i},7,red,,{i % 2}\n" for i in range(30))
    t = table(write(",a,name,seven,colour,empty,y\n" + rows), "y")
    assert t.preparation.names == ("a",)
    assert t.notes == (
        "column 1 is left out: it has no name",
        "column 'name' is left out: its 30 texts have 30 different values, which name the rows and tell nothing else",
        "column 'seven' is left out: it is always 7",
        "column 'colour' is left out: it is always 'red'",
        "column 'empty' is left out: it has no values",
    )


def test_what_was_ignored_as_asked_is_no_news(houses_csv):
    t = table(houses_csv, "price", ignore=["street", "sold"])
    assert t.notes == ()
    assert {column.name for column in t.preparation.columns} == {"rooms", "garden"}


def test_few_different_texts_are_no_names():
    assert Preparation.learn({"a": [str(i) for i in range(20)]}).columns[0].categories != ()
    twice = [str(i) for i in range(50)] * 2
    assert len(Preparation.learn({"a": twice}).columns[0].categories) == 50


def test_rare_categories_go_together():
    n = 2 * COMMON  # so two rows are enough, and one is not
    values = ["red"] * (n - 3) + ["blue"] * 2 + ["ochre"]
    colour = Preparation.learn({"colour": values}).columns[0]
    assert (colour.categories, colour.other) == (("blue", "red"), True)
    X = Preparation((colour,)).transform({"colour": ["ochre", "blue", "new", None]})
    np.testing.assert_array_equal(X, [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]])


def test_the_commonest_fifty_are_kept():
    values = [f"{i:02}" for i in range(60) for _ in range(2 + (i >= 10))]
    kept = Preparation.learn({"a": values}).columns[0]
    assert kept.categories == tuple(f"{i:02}" for i in range(10, 60))
    assert len(kept.categories) == MOST
    assert kept.other


def test_a_column_of_rare_categories_only_is_left_out():
    values = [f"{i}" for i in range(4 * COMMON) for _ in range(3)]
    with pytest.raises(ValueError, match="none of its 2000 different values is found in one of 500 rows"):
        Preparation.learn({"a": values})


def test_a_missing_value_makes_a_constant_column_say_something():
    preparation = Preparation.learn({"a": [7, None], "b": ["red", None]})
    np.testing.assert_array_equal(
        preparation.transform({"a": [7, None], "b": ["red", None]}), [[7, 0, 1, 0], [7, 1, 0, 1]]
    )


# New rows


def test_new_rows_in_another_order_with_more_columns_and_a_new_category(write, houses_csv):
    houses = table(houses_csv, "price")
    new = houses.preparation.transform(write("extra,sold,garden,street,rooms\n9,2024-01-31,TRUE,New Road,\n", "b.csv"))
    np.testing.assert_array_equal(new, [[4, 1, 0, 0, 0, 0, 1, 1, 0]])


def test_a_category_of_digits_alone_is_still_a_category(write):
    preparation = Preparation.learn({"code": ["1", "2", "A"]})
    np.testing.assert_array_equal(preparation.transform(write("code,x\n2,0\n1,0\n")), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(preparation.transform({"code": [2, 1.0]}), [[0, 1, 0], [1, 0, 0]])


def test_numbers_given_as_text_are_numbers_where_numbers_were():
    np.testing.assert_array_equal(Preparation.learn({"a": [1, 2]}).transform({"a": ["3", " 4.5 "]}), [[3], [4.5]])


def test_a_changed_type_says_where(write, houses_csv):
    preparation = table(houses_csv, "price").preparation
    path = write("rooms,street,garden,sold\n1,a,true,x\n\nmany,a,true,x\n", "b.csv")
    with pytest.raises(ValueError, match=r"b.csv line 4, column 'rooms': must be a number, got 'many'"):
        preparation.transform(path)
    good = {"rooms": [1, 2], "street": [1, 2], "garden": [True, None], "sold": ["", ""]}
    assert preparation.transform(good).shape == (2, 9)
    with pytest.raises(ValueError, match="the mapping, row 1, column 'rooms': must be a number, got 'many'"):
        preparation.transform(good | {"rooms": [1, "many"]})
    with pytest.raises(ValueError, match="the mapping, row 0, column 'garden': must be true or false, got '1'"):
        preparation.transform(good | {"garden": [1, 0]})


def test_all_the_columns_that_are_missing_are_named(houses_csv):
    preparation = table(houses_csv, "price").preparation
    with pytest.raises(ValueError, match="the mapping has no column 'rooms', 'garden'; it has sold, street"):
        preparation.transform({"sold": [""], "street": ["x"]})


# Plain data


def learnt():
    columns = {
        "age": [22.5, None, 40.0] * 10,
        "colour": ["red", None, "blue"] * 10,
        "open": [True, False, True] * 10,
        "name": [f"Ada {i}" for i in range(30)],
        "y": ["p", "q", "q"] * 10,
    }
    return table(columns, "y").preparation, columns


def test_describe_and_rebuild_through_json():
    preparation, columns = learnt()
    again = Preparation.rebuild(json.loads(json.dumps(preparation.describe())))
    assert again == preparation
    assert again.target == preparation.target == Target("y", "classification", ("p", "q"))
    np.testing.assert_array_equal(again.transform(columns), preparation.transform(columns))
    assert "left_out" in str(preparation)


def changed(change):
    description = learnt()[0].describe()
    change(description)
    return description


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (None, "a preparation must have columns, left_out and target, got None"),
        ({"columns": []}, "a preparation must have columns, left_out and target"),
        (changed(lambda d: d.update(code="1")), "a preparation must have columns, left_out and target"),
        (changed(lambda d: d.update(columns=[])), "columns must be a list that is not empty, got []"),
        (changed(lambda d: d.update(columns={})), "columns must be a list that is not empty, got {}"),
        (changed(lambda d: d.update(left_out=["name"])), "left_out must give each column a reason"),
        (changed(lambda d: d.update(left_out={"name": 3})), "left_out must give each column a reason"),
        (changed(lambda d: d.update(left_out={"age": "twice"})), "columns and target must hold each text once"),
        (changed(lambda d: d["columns"].append(d["columns"][0])), "columns and target must hold each text once"),
        (changed(lambda d: d["columns"].append(3)), "columns[3] must be one of Number, Category, got 3"),
        (changed(lambda d: d["columns"][0].update({"is": "system"})), "columns[0] must be one of Number, Category"),
        (changed(lambda d: d["columns"][0].update({"is": ["Number"]})), "columns[0] must be one of Number, Category"),
        (
            changed(lambda d: d["columns"][0].pop("fill")),
            "columns[0], a Number, must have ['fill', 'gaps', 'name'], got ['gaps', 'name']",
        ),
        (changed(lambda d: d["columns"][0].update(more=1)), "columns[0], a Number, must have ['fill', 'gaps', 'name']"),
        (
            changed(lambda d: d["columns"][0].update(fill="3")),
            "columns[0], a Number, does not fit: fill must be a finite number",
        ),
        (
            changed(lambda d: d["columns"][0].update(fill=math.nan)),
            "columns[0], a Number, does not fit: fill must be a finite number",
        ),
        (
            changed(lambda d: d["columns"][0].update(gaps=1)),
            "columns[0], a Number, does not fit: gaps must be True or False, got 1",
        ),
        (
            changed(lambda d: d["columns"][0].update(name="")),
            "columns[0], a Number, does not fit: name must be text, got ''",
        ),
        (changed(lambda d: d["columns"][1].update(categories="red")), "categories must be a list of texts, got 'red'"),
        (changed(lambda d: d["columns"][1].update(categories=[])), "categories must be 1 to 50, got 0"),
        (changed(lambda d: d["columns"][1].update(categories=["a"] * 2)), "categories must hold each text once"),
        (
            changed(lambda d: d["columns"][1].update(categories=[*map(str, range(51))])),
            "categories must be 1 to 50, got 51",
        ),
        (
            changed(lambda d: d["columns"][1].update(other=None)),
            "columns[1], a Category, does not fit: other must be True or False",
        ),
        (changed(lambda d: d.update(target="y")), "target must have a name, a task and classes, got 'y'"),
        (
            changed(lambda d: d["target"].update(task="guess")),
            "task must be 'classification' or 'regression', got 'guess'",
        ),
        (changed(lambda d: d["target"].update(task=["guess"])), "task must be 'classification' or 'regression'"),
        (changed(lambda d: d["target"].update(task="regression")), "classes are for classification, got 2"),
        (changed(lambda d: d["target"].update(classes=["p"])), "classes must be at least 2, got 1"),
        (changed(lambda d: d["target"].update(name=3)), "target does not fit: name must be text, got 3"),
    ],
)
def test_a_description_that_does_not_fit(description, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
        Preparation.rebuild(description)
    assert words in str(caught.value)


def test_parts_can_be_put_together_by_hand():
    assert Preparation([Number("a", 1, gaps=False), Category("b", ["x"], other=False, missing=True)]).names == (
        *["a", "b=x", "b (missing)"],
    )
    by_name = Preparation.learn({"a": [1, 2], "y": [0, 1]}, "y")
    t = table({"a": [1, 2], "y": [0, 1]}, "y")
    assert t.preparation == by_name
    assert by_name.target == Target("y", "classification", ["0", "1"])
