"""How columns become features, how new rows do, and the text of a preparation."""

import re
import subprocess
import sys

import numpy as np
import pytest
from houses import HOUSES

from whorl._core.notation import parse
from whorl.tables import KNOWN, Category, Excluded, Number, Preparation, Target, table
from whorl.tables.encoding import MOST, RARE


def test_numbers_in_a_column_of_text_keep_their_spelling(write):
    assert table(write("a,y\n01,0\n1,1\nx,0\n"), "y").preparation.columns[0].categories == ("01", "1", "x")


def test_notes_say_which_columns_are_left_out_and_why(write):
    rows = "".join(f"{i},{i % 3},Ada {i},7,red,,{i % 2}\n" for i in range(30))
    t = table(write(",a,name,seven,colour,empty,y\n" + rows), "y")
    assert t.preparation.feature_names == ("a",)
    assert t.notes == (
        "column 1 is left out: it has no name",
        "column 'name' is left out: it looks like an identifier: 30 different values in 30 rows; use=['name'] (--use name) keeps it",
        "column 'seven' is left out: it is always 7",
        "column 'colour' is left out: it is always 'red'",
        "column 'empty' is left out: it has no values",
    )


def test_a_typing_error_in_a_column_of_numbers_is_an_error_unless_asked_for(write):
    rows = "".join(f"{'o.5' if i == 40 else i % 40},{i % 25}{'kg' * (i == 2)},{i % 2}\n" for i in range(100))
    path = write("a,b,y\n" + rows)
    place = f"{path} line"
    message = f"{place} 42, column 'a': must be a number, got 'o.5': all but 1 of 100 values are numbers; stray='missing' (--stray missing) makes"
    with pytest.raises(ValueError, match=re.escape(message)):
        table(path, "y")
    with pytest.raises(ValueError, match="column 'b': must be a number, got '2kg'"):
        Preparation.learn(path, "y", ignore=["a"])
    missing = table(path, "y", stray="missing")
    assert missing.preparation.columns == (Number("a", 16.0, missing=True), Number("b", 12.0, missing=True))
    assert missing.notes == ()
    assert np.flatnonzero(missing.X[:, 1]).tolist() == [40]
    with pytest.raises(ValueError, match="stray must be 'error' or 'missing' or 'category', got 'text'"):
        table(path, "y", stray="text")
    assert table(path, "y", stray="category").notes == (
        f"column 'a' is text: all but 1 of 100 values are numbers; {place} 42 has 'o.5'",
        f"column 'b' is text: all but 1 of 100 values are numbers; {place} 4 has '2kg'",
    )
    assert len(table(path, "y", ignore=["a"], stray="category").notes) == 1


@pytest.mark.parametrize("style", ["${},000", "{},5", "{} %", "1,{:03},000", "€ {}", "({},000)"])
def test_numbers_written_for_people_are_refused_by_name(style):
    rows = {"a": [style.format(i % 9) for i in range(30)], "b": [i % 4 for i in range(30)], "y": ["u", "v"] * 15}
    for stray in "error", "missing":
        with pytest.raises(
            ValueError, match=r"numbers must be written like 3000\.5, without signs of currency, per cent"
        ) as caught:
            table(rows, "y", stray=stray)
        assert f"row 0, column 'a': must be a number, got {rows['a'][0]!r}" in str(caught.value)
    assert table(rows, "y", stray="category").preparation.columns[0].kind == "category"


def test_texts_that_only_begin_with_numbers_are_categories():
    rows = {"a": ["3 rooms", "2nd", "1-2", "2024-01-31", "10:30", "1.2.3"] * 5, "y": ["u", "v"] * 15}
    assert table(rows, "y").preparation.columns[0].kind == "category"


def test_requested_exclusions_are_not_noted(write):
    t = table(write(HOUSES), "price", ignore=["street", "sold"])
    assert t.notes == ()
    assert {column.name for column in t.preparation.columns} == {"rooms", "garden"}
    assert t.preparation.excluded == (
        Excluded("street", "ignored, as requested"),
        Excluded("sold", "ignored, as requested"),
    )


def test_few_or_repeated_texts_are_not_identifiers():
    assert len(Preparation.learn({"a": [str(i) for i in range(20)]}).columns[0].categories) == 20
    twice = [str(i) for i in range(50)] * 2
    assert len(Preparation.learn({"a": twice}).columns[0].categories) == 50


def test_rare_categories_are_combined():
    n = 2 * RARE  # so two rows are enough, and one is not
    values = ["red"] * (n - 3) + ["blue"] * 2 + ["ochre"]
    colour = Preparation.learn({"colour": values}).columns[0]
    assert (colour.categories, colour.other) == (("blue", "red"), True)
    X = Preparation((colour,)).transform({"colour": ["ochre", "blue", "new", None]})
    np.testing.assert_array_equal(X, [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]])


def test_the_fifty_most_frequent_categories_are_kept():
    values = [f"{i:02}" for i in range(60) for _ in range(2 + (i >= 10))]
    kept = Preparation.learn({"a": values}).columns[0]
    assert kept.categories == tuple(f"{i:02}" for i in range(10, 60))
    assert len(kept.categories) == MOST
    assert kept.other


def test_rare_booleans_stay_booleans(write):
    preparation = Preparation.learn({"a": [True] * 2 * RARE + [False]})
    np.testing.assert_array_equal(preparation.transform(write("a\nFALSE\nTRUE\n")), [[1, 0], [0, 1]])
    with pytest.raises(ValueError, match="column 'a': must be true or false, got 'perhaps'"):
        preparation.transform({"a": ["true", "perhaps"]})


def test_a_column_of_rare_categories_is_left_out():
    values = [f"{i}" for i in range(4 * RARE) for _ in range(3)]
    with pytest.raises(ValueError, match="none of its 2,000 different values is in at least one of 500 rows"):
        Preparation.learn({"a": values})


def test_a_constant_column_with_missing_values_is_used():
    preparation = Preparation.learn({"a": [7, None], "b": ["red", None]})
    np.testing.assert_array_equal(
        preparation.transform({"a": [7, None], "b": ["red", None]}), [[7, 0, 1, 0], [7, 1, 0, 1]]
    )


# New rows


def test_new_rows_in_another_order_with_more_columns_and_a_new_category(write):
    houses = table(write(HOUSES), "price")
    new = houses.preparation.transform(write("extra,sold,garden,street,rooms\n9,2024-01-31,TRUE,New Road,\n", "b.csv"))
    np.testing.assert_array_equal(new[0, :8], [4, 1, 0, 0, 0, 0, 1, 0])


def test_categories_that_look_like_numbers(write):
    preparation = Preparation.learn({"code": ["1", "2", "A"]})
    np.testing.assert_array_equal(preparation.transform(write("code,x\n2,0\n1,0\n")), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(preparation.transform({"code": [2, 1.0]}), [[0, 1, 0], [1, 0, 0]])
    padded = Preparation.learn({"code": ["01", "1", "A"]})
    np.testing.assert_array_equal(padded.transform(write("code\n01\n1\n")), [[1, 0, 0], [0, 1, 0]])


def test_numbers_given_as_text():
    np.testing.assert_array_equal(Preparation.learn({"a": [1, 2]}).transform({"a": ["3", " 4.5 "]}), [[3], [4.5]])


def test_a_value_of_the_wrong_type_is_located(write):
    preparation = table(write(HOUSES), "price").preparation
    path = write("rooms,street,garden,sold\n1,a,true,\n\nmany,a,true,\n", "b.csv")
    with pytest.raises(ValueError, match=r"b.csv line 4, column 'rooms': must be a number, got 'many'"):
        preparation.transform(path)
    good = {"rooms": [1, 2], "street": [1, 2], "garden": [True, None], "sold": ["", ""]}
    assert preparation.transform(good).shape == (2, 10)
    with pytest.raises(ValueError, match="the mapping, row 1, column 'rooms': must be a number, got 'many'"):
        preparation.transform(good | {"rooms": [1, "many"]})
    with pytest.raises(ValueError, match="the mapping, row 0, column 'garden': must be true or false, got '1'"):
        preparation.transform(good | {"garden": [1, 0]})


def test_all_missing_columns_are_named(write):
    preparation = table(write(HOUSES), "price").preparation
    with pytest.raises(ValueError, match="the mapping has no column 'rooms', 'garden'; it has sold, street"):
        preparation.transform({"sold": [""], "street": ["x"]})
    with pytest.raises(ValueError, match=r"has no column 'rooms', .*; did you mean 'Rooms'\?"):
        preparation.transform({"sold": [""], "street": ["x"], "Rooms": [3]})


# Text in a column of numbers


def test_what_training_has_settled_is_settled_for_new_rows(write):
    rows = "".join(f"{'3x' if i == 7 else i % 9},{'-' if i == 9 else i / 7},{i % 4}\n" for i in range(60))
    learned = table(write("a,y,b\n" + rows), "y", stray="missing")
    assert learned.dropped == 1
    preparation = learned.preparation
    assert repr(preparation).endswith("target=Target('y', 'regression'), stray='missing')")
    assert parse(repr(preparation), KNOWN) == preparation
    new = write("b,a,y\n1,soon,1\n?,4,late\n2,5,0\n", "b.csv")
    np.testing.assert_array_equal(preparation.transform(new), [[4, 1, 1], [4, 0, 2], [5, 0, 2]])
    np.testing.assert_array_equal(preparation.transform({"a": ["soon", 4], "b": [1, "x"]}), [[4, 1, 1], [4, 0, 2]])
    known = table(new, preparation=preparation)
    assert (known.dropped, known.y.tolist()) == (1, [[1], [0]])
    by_name = Preparation.learn(write("a,y,b\n" + rows), "y", stray="missing")
    assert [column.name for column in by_name.columns] == ["a", "b"]
    assert (by_name.stray, by_name.target) == ("missing", preparation.target)


@pytest.mark.parametrize("stray", ["error", "category"])
def test_text_in_a_column_of_numbers_is_an_error_otherwise(stray):
    preparation = Preparation.learn({"a": [1, 2], "b": [3, 4]}, stray=stray)
    assert preparation.stray == stray
    assert ("stray" in repr(preparation)) == (stray != "error")
    with pytest.raises(ValueError, match="column 'a': must be a number, got 'soon'"):
        preparation.transform({"a": ["soon"], "b": [1]})


def test_text_where_training_had_categories_or_dates_is_no_stray_text():
    preparation = Preparation.learn({"a": ["x", "1"], "sold": ["2024-01-31", "2024-02-01"]}, stray="missing")
    np.testing.assert_array_equal(preparation.transform({"a": ["x"], "sold": [None]})[0, :3], [0, 1, 0])
    with pytest.raises(ValueError, match="column 'sold': must be a date, year-month-day, got 'soon'"):
        preparation.transform({"a": ["x"], "sold": ["soon"]})


# The text of a preparation

COLUMNS = {
    "age": [22.5, None, 40.0] * 10,
    "colour": ["red", None, 'it\'s "blue", \\ größe\n'] * 10,
    "open": [True, False, True] * 10,
    "name": [f"Ada {i}" for i in range(30)],
    "y": ["p", "q", "q"] * 10,
}
TEXT = (
    "Preparation((Number('age', 31.25, missing=True), Category('colour', ('blue', 'red'), missing=True)), "
    "(Excluded('name', 'no use'),), Target('y', 'classification', ('p', 'q')))"
)


def test_the_text_is_read_back():
    preparation = table(COLUMNS, "y").preparation
    again = parse(repr(preparation), KNOWN, limit=10_000)
    assert again == preparation
    assert hash(again) == hash(preparation)
    assert again.target == Target("y", "classification", ("p", "q"))
    np.testing.assert_array_equal(again.transform(COLUMNS), preparation.transform(COLUMNS))


def test_the_text_of_a_preparation_without_a_target():
    preparation = Preparation.learn({"rooms": [3, 5], "name": ["x", "x"]})
    assert repr(preparation) == "Preparation((Number('rooms', 4.0),), (Excluded('name', \"it is always 'x'\"),))"
    again = parse(repr(preparation), KNOWN)
    assert again == preparation
    assert again.target is None
    np.testing.assert_array_equal(again.transform({"rooms": [1]}), [[1]])


def test_the_text_of_the_tests_is_that_of_a_preparation():
    preparation = parse(TEXT, KNOWN)
    assert repr(preparation) == TEXT
    assert preparation.feature_names == (*["age", "age (missing)", "colour=blue", "colour=red", "colour (missing)"],)


def changed(old, new):
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT[:-1] + ", stray='no')", "stray must be 'error' or 'missing' or 'category', got 'no'"),
        ("Preparation()", "Preparation: missing a required argument: 'columns'"),
        ("Preparation", "Preparation: missing a required argument: 'columns'"),
        ("Preparation(())", "Preparation: columns must hold at least one column, got none"),
        ("Preparation({})", "Preparation: columns must be a list, got {}"),
        ("Preparation('Number')", "Preparation: columns must be a list, got 'Number'"),
        ("Preparation((3,))", "Preparation: columns[0] must be a Number, a Date or a Category, got 3"),
        ("Preparation((Target('y', 'regression'),))", "columns[0] must be a Number, a Date or a Category, got Target("),
        (TEXT[:-1] + ", code='1')", "Preparation has no argument 'code'"),
        (changed("(Excluded('name', 'no use'),)", "['name']"), "excluded[0] must be Excluded, got 'name'"),
        (
            changed("(Excluded('name', 'no use'),)", "{'name': 'no use'}"),
            "excluded must be a list, got {'name': 'no use'}",
        ),
        (changed("'no use'", "3"), "Excluded: reason must be text, got 3"),
        (changed("'name'", "'age'"), "names of columns must be different"),
        (changed("'name'", "'y'"), "names of columns must be different"),
        (changed("Number(", "system("), "'system' is not known"),
        (changed("Number(", "os.system("), "'os.system' is not known"),
        (changed("31.25, missing=True", "missing=True"), "Number: missing a required argument: 'fill'"),
        (changed("31.25,", "31.25, more=1,"), "Number has no argument 'more'"),
        (changed("31.25", "'3'"), "Number: fill must be a finite number, got '3'"),
        (changed("31.25", "1e999"), "Number: fill must be a finite number, got inf"),
        (changed("31.25", "nan"), "'nan' is not known"),
        (changed("31.25, missing=True", "31.25, missing=1"), "Number: missing must be True or False, got 1"),
        (changed("'age'", "''"), "Number: name must be text, got ''"),
        (changed("('blue', 'red')", "'red'"), "Category: categories must be a list of texts, got 'red'"),
        (changed("('blue', 'red')", "()"), "Category: categories must be 1 to 50, got 0"),
        (changed("('blue', 'red')", "('a', 'a')"), "Category: categories must be different, got ('a', 'a')"),
        (changed("('blue', 'red')", "('a', 3)"), "Category: categories[1] must be text, got 3"),
        (changed("('blue', 'red')", f"{[*map(str, range(51))]}"), "Category: categories must be 1 to 50, got 51"),
        (changed("('blue', 'red')", "('a',), other=None"), "Category: other must be True or False, got None"),
        (changed("Target('y', 'classification', ('p', 'q'))", "'y'"), "target must be a Target, such as Target("),
        (changed("'classification'", "'guess'"), "Target: task must be 'classification' or 'regression', got 'guess'"),
        (
            changed("'classification'", "['guess']"),
            "Target: task must be 'classification' or 'regression', got ['guess']",
        ),
        (changed("'classification'", "'regression'"), "Target: classes are for classification, got 2 for a regression"),
        (changed("('p', 'q')", "('p',)"), "Target: classes must be at least 2, got 1"),
        (changed("'y'", "3"), "Target: name must be text, got 3"),
    ],
)
def test_damaged_texts(text, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
        parse(text, KNOWN, limit=10_000)
    assert words in str(caught.value)


def test_a_text_cut_short_anywhere_is_refused():
    for length in range(len(TEXT)):
        try:
            found = parse(TEXT[:length], KNOWN)
        except ValueError:
            continue
        raise AssertionError((length, found))


def test_prediction_needs_numpy_alone(write):
    path = write("age,colour\n30,red\n")
    code = f"""
import sys; before = set(sys.modules)
from whorl._core.notation import parse
from whorl.tables import KNOWN
X = parse({TEXT!r}, KNOWN).transform({str(path)!r})
print(X.tolist(), {{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.startswith("[[30.0, 0.0, 0.0, 1.0, 0.0]] ")
    assert eval(found.partition("]] ")[2]) == {"numpy", "whorl"}


def test_preparations_made_by_hand():
    assert Preparation([Number("a", 1), Category("b", ["x"], missing=True)]).feature_names == (
        "a",
        "b=x",
        "b (missing)",
    )
    by_name = Preparation.learn({"a": [1, 2], "y": [0, 1]}, "y")
    assert table({"a": [1, 2], "y": [0, 1]}, "y").preparation == by_name
    assert by_name.target == Target("y", "classification", ["0", "1"])
