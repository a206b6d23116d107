"""Tables from CSV files: what is read, what it is taken for, what is refused."""

import csv

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from whorl.datasets import table
from whorl.datasets.tables.sources import read


@pytest.mark.parametrize("blank", ["", "?", "NA", "N/A", "nan", "null", " ", " ? ", "NaN", "NULL", "n/a", '""', "na\t"])
def test_every_spelling_of_a_missing_value(write, blank):
    t = table(write(f"a,b,y\n1,red,0\n{blank},{blank},1\n4,blue,1\n"), "y")
    np.testing.assert_array_equal(t.X, [[1, 0, 0, 1, 0], [2.5, 1, 0, 0, 1], [4, 0, 1, 0, 0]])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_line_ends_and_the_byte_order_mark(write, delimiter, line_end, mark):
    lines = ["a,größe,y", '1,"x, ; | y",no', "2,plain,yes", "", "3, plain ,yes", ""]
    cells = [['"x, ; | y"' if "|" in line else "", *line.split(",")] for line in lines]
    text = line_end.join(delimiter.join(["1", cell[0], "no"] if cell[0] else cell[1:]) for cell in cells)
    t = table(write(mark + text.encode()), "y")
    assert t.preparation.names == ("a", "größe=plain", "größe=x, ; | y")
    np.testing.assert_array_equal(t.X, [[1, 0, 1], [2, 1, 0], [3, 1, 0]])
    np.testing.assert_array_equal(t.y, [0, 1, 1])


def test_text_that_has_a_delimiter_of_another_kind_in_every_row(write):
    assert list(read(write("name;y\nSmith, A;1\nBrown, B;0\nGreen, C;0\n"))) == ["name", "y"]


def test_blanks_before_a_quote(write):
    assert read(write('a, b, y\n1, "x, y", 2\n3, z , 4\n')).texts("b") == ["x, y", "z"]


def test_a_file_without_names_and_with_a_title(write):
    path = write("|a title\n39, State-gov, <=50K\n50, ?, >50K\n", "adult.data")
    t = table(path, "income", columns=["age", "work", "income"], skip=1)
    assert t.classes == ("<=50K", ">50K")
    assert t.preparation.names == ("age", "work=State-gov", "work (missing)")
    np.testing.assert_array_equal(t.preparation.transform(path, columns=["age", "work", "pay"], skip=1), t.X)


def test_names_for_a_file_must_be_as_many_as_its_columns(write):
    with pytest.raises(ValueError, match=r"columns must name the 2 columns of .*a\.csv, got 3 names"):
        read(write("1,2\n3,4\n"), columns=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"a\.csv line 3 has 2 cells, the first line 1"):
        read(write("a title\n\n1,2\n3,4\n"), columns=["a", "b"])


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2.5", "1e3", ".5", "+7"], "number"),
        (["1", "", "nan"], "number"),
        (["True", "false", "?"], "boolean"),
        (["true", "false", "perhaps"], "text"),
        (["1", "2", "three"], "text"),
        (["1_000", "2"], "text"),
        (["2024-01-31", "2024-02-01"], "text"),
        (["?", ""], "text"),
    ],
)
def test_kinds_of_cells(write, cells, kind):
    assert read(write("a,b\n" + "".join(f"{cell},1\n" for cell in cells)))["a"].kind == kind


# Damage


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "a.csv is empty"),
        ("\n \n", "a.csv is empty"),
        ("a,y\n", "a.csv has the columns' names, but no row"),
        ("a,y\n1,2\n\n3\n", "a.csv line 4 has 1 cells, the first line 2"),
        ("a,y\n1,2,3\n", "a.csv line 2 has 3 cells, the first line 2"),
        ('a,y\n"1\n2",2,3\n', "a.csv line 2 has 3 cells, the first line 2"),
        ('a,y\n"1\n2",2\n\n3\n', "a.csv line 5 has 1 cells, the first line 2"),
        ('a,y\n1,2\n"3,4\n5,6\n', "a.csv is not a CSV file: line 3: unexpected end of data"),
        ("a, b ,b,y\n1,2,3,4\n", "a.csv has 2 columns of the name 'b'"),
        (
            b"a,y\n1,2\ncaf\xe9,2\n",
            "a.csv is not a CSV file in UTF-8: byte 0xe9 on line 3 is no text; save it as UTF-8",
        ),
        ("a,y\n1,2\n".encode("utf-16"), "a.csv is not a CSV file in UTF-8: byte 0xff on line 1"),
        ("a,y\n1,0\ninf,1\n", "a.csv line 3, column 'a': must be a finite number, got inf"),
        ("a,y\n1,0\n1e999,1\n", "a.csv line 3, column 'a': must be a finite number, got 1e999"),
        ("a,b\n1,2\n", "target must be a column of a.csv, which has a, b, got 'y'"),
        ("a,y\n1,only\n2,only\n", "target 'y' is always 'only' in a.csv: there is nothing to tell apart"),
        ("a,y\n1,\n2,?\n", "target 'y' has no values in a.csv: there is nothing to tell apart"),
        ("y\n1\n2\n", "a.csv has no column to learn from (the target is the only one)"),
        ("a,y\n1,0\n1,1\n", "a.csv has no column to learn from ('a': it is always 1)"),
    ],
)
def test_damaged_files(write, monkeypatch, content, words):
    path = write(content)
    monkeypatch.chdir(path.parent)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
        table("a.csv", "y")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there(tmp_path):
    for name in ("no.csv", "no.parquet"):
        with pytest.raises(FileNotFoundError, match=name):
            table(tmp_path / name, "y")


def test_a_cell_too_long_is_no_csv(write):
    with pytest.raises(ValueError, match="is not a CSV file: line 1: field larger than field limit"):
        read(write("a" * 200_000))


def test_an_empty_cell_of_a_single_column(write):
    assert read(write('a\n1\n""\n\n3\n')).texts("a") == ["1", None, "3"]


# Any table

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
NUMBER = st.integers(-(2**53), 2**53) | st.floats(-1e300, 1e300)
CELL = st.none() | NUMBER | TEXT


@st.composite
def columns(draw):
    n = draw(st.integers(1, 8))
    kinds = draw(
        st.lists(
            st.sampled_from([CELL, NUMBER, st.none() | NUMBER, TEXT, st.none() | TEXT, st.booleans()]),
            min_size=2,
            max_size=5,
        )
    )
    return {f"c{i}": draw(st.lists(kind, min_size=n, max_size=n)) for i, kind in enumerate(kinds)}


@given(columns(), st.sampled_from([",", ";", "\t", "|"]))
def test_a_table_written_and_read_again_is_the_same(tmp_path_factory, columns, delimiter):
    path = tmp_path_factory.mktemp("hypothesis") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    again, before = read(path), read(columns)
    assert list(again) == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(again.missing(name), before.missing(name))
        if before[name].kind == "number":
            np.testing.assert_array_equal(again.numbers(name), before.numbers(name))
        elif before[name].kind == "boolean":
            assert [text.lower() for text in again.texts(name)] == before.texts(name)
        elif all(value is None or isinstance(value, str) for value in values):
            assert again.texts(name) == before.texts(name)
