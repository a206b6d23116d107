"""CSV files: what is read, the kinds of the columns, and what is refused."""

import csv

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from whorl.tables import read, table


@pytest.mark.parametrize("blank", ["", "?", "NA", "N/A", "nan", "null", " ", " ? ", "NaN", "NULL", "n/a", '""', "na\t"])
def test_spellings_of_a_missing_value(write, blank):
    t = table(write(f"a,b,y\n1,red,0\n{blank},{blank},1\n4,blue,1\n"), "y")
    np.testing.assert_array_equal(t.X, [[1, 0, 0, 1, 0], [2.5, 1, 0, 0, 1], [4, 0, 1, 0, 0]])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_line_ends_and_byte_order_mark(write, delimiter, line_end, mark):
    lines = ["a,größe,y", '1,"x, ; | y",no', "2,plain,yes", "", "3, plain ,yes", ""]
    cells = [['"x, ; | y"' if "|" in line else "", *line.split(",")] for line in lines]
    text = line_end.join(delimiter.join(["1", cell[0], "no"] if cell[0] else cell[1:]) for cell in cells)
    t = table(write(mark + text.encode()), "y")
    assert t.preparation.feature_names == ("a", "größe=plain", "größe=x, ; | y")
    np.testing.assert_array_equal(t.X, [[1, 0, 1], [2, 1, 0], [3, 1, 0]])
    np.testing.assert_array_equal(t.y, [0, 1, 1])


def test_another_delimiter_in_the_text_of_every_row(write):
    assert list(read(write("name;y\nSmith, A;1\nBrown, B;0\nGreen, C;0\n"))) == ["name", "y"]


def test_spaces_before_a_quote(write):
    assert read(write('a, b, y\n1, "x, y", 2\n3, z , 4\n')).texts("b") == ["x, y", "z"]


def test_a_file_without_a_header_and_with_a_title(write):
    path = write("|a title\n39, State-gov, <=50K\n50, ?, >50K\n", "adult.data")
    t = table(path, "income", columns=["age", "work", "income"], skip=1)
    assert t.classes == ("<=50K", ">50K")
    assert t.preparation.feature_names == ("age", "work=State-gov", "work (missing)")
    np.testing.assert_array_equal(t.preparation.transform(path, columns=["age", "work", "pay"], skip=1), t.X)


def test_columns_must_name_all_the_columns(write):
    with pytest.raises(ValueError, match=r"columns must name the 2 columns of .*a\.csv, got 3 names"):
        read(write("1,2\n3,4\n"), columns=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"columns must name the 1 columns of .*a\.csv, got 2 names"):
        read(write("a title\n\n1,2\n3,4\n"), columns=["a", "b"])
    with pytest.raises(ValueError, match=r"a\.csv line 3 has 2 cells, but the first line has 1"):
        read(write("a title\n\n1,2\n3,4\n"))


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "-2.5", "1e3", ".5", "+7"], True),
        (["1", "", "nan"], True),
        (["true", "false", "?"], False),
        (["1", "2", "three"], False),
        (["1_000", "2"], False),
        (["2024-01-31", "2024-02-01"], False),
        (["?", ""], True),
        (["01", "2"], True),
        (["01", "x"], False),
    ],
)
def test_kinds_of_cells(write, cells, numbers):
    assert read(write("a,b\n" + "".join(f"{cell},1\n" for cell in cells))).is_number("a") == numbers


@pytest.mark.parametrize(("last", "first"), [("?", "true"), ("FALSE", "true"), ("perhaps", "True")])
def test_booleans_are_read_in_small_letters(write, last, first):
    path = write(f"a,b\nTrue,1\n{last},2\n")
    assert read(path).texts("a")[0] == first
    assert read(path, text=["a"]).texts("a")[0] == "True"


def test_lines_count_from_the_top_of_the_file(write):
    frame = read(write('a title\n\na,b\n1,"2\n"\n\n2,z\n'), skip=1)
    assert frame.rows.tolist() == [4, 7]
    with pytest.raises(ValueError, match=r"a\.csv line 7, column 'b': must be a number, got 'z'"):
        frame.numbers("b")


# Damaged files


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "a.csv is empty"),
        ("\n \n", "a.csv is empty"),
        ("a,y\n", "a.csv has column names, but no rows"),
        ("a,y\n1,2\n\n3\n", "a.csv line 4 has 1 cells, but the first line has 2"),
        ("a,y\n1,2,3\n", "a.csv line 2 has 3 cells, but the first line has 2"),
        ('a,y\n"1\n2",2,3\n', "a.csv line 2 has 3 cells, but the first line has 2"),
        ('a,y\n"1\n2",2\n\n3\n', "a.csv line 5 has 1 cells, but the first line has 2"),
        ('a,y\n1,2\n"3,4\n5,6\n', "a.csv is not a CSV file: line 3: unexpected end of data"),
        ("a, b ,b,y\n1,2,3,4\n", "a.csv has 2 columns named 'b'"),
        (
            b"a,y\n1,2\ncaf\xe9,2\n",
            "a.csv is not a CSV file in UTF-8: line 3 has the byte 0xe9; save it as UTF-8",
        ),
        (b"a,y\n1,2\ncaf\xc3", "a.csv is not a CSV file in UTF-8: line 3 has the byte 0xc3"),
        ("a,y\n1,2\n".encode("utf-16"), "a.csv is not a CSV file in UTF-8: it is in UTF-16; convert it, iconv"),
        (b"PK\x03\x04\xff", "a.csv is not a CSV file in UTF-8: it is a spreadsheet or an archive; export it as CSV"),
        (b"\x1f\x8b\x08\xff", "a.csv is not a CSV file in UTF-8: it is compressed; unpack it first"),
        ("a,y\nx\0,2\n", "a.csv is not a CSV file: column 'a' has a NUL character"),
        ("a,y\n1,0\ninf,1\n", "a.csv line 3, column 'a': must be a finite number, got inf"),
        ("a,y\n1,0\n1e999,1\n", "a.csv line 3, column 'a': must be a finite number, got inf"),
        ("a,b\n1,2\n", "target must be a column of a.csv, which has a, b, got 'y'"),
        ("a,y\n1,only\n2,only\n", "target 'y' is always 'only' in a.csv: there is nothing to learn"),
        ("a,y\n1,\n2,?\n", "target 'y' has no values in a.csv: there is nothing to learn"),
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


def test_files_that_do_not_exist(tmp_path):
    for name in ("no.csv", "no.parquet"):
        with pytest.raises(FileNotFoundError, match=name):
            table(tmp_path / name, "y")


def test_a_cell_that_is_too_long(write):
    with pytest.raises(ValueError, match="is not a CSV file: line 1: field larger than field limit"):
        read(write("a" * 200_000))


def test_very_many_columns(write):
    header, row = (",".join(f"{prefix}{i}" for i in range(100_000)) for prefix in ("c", ""))
    frame = read(write(f"{header}\n{row}\n{row}\n"))
    assert len(frame.columns) == 100_000
    np.testing.assert_array_equal(frame.numbers("c99999"), [99_999, 99_999])
    with pytest.raises(
        ValueError, match=r"has no column 'C7'; it has c0, .*, c19, … \(100,000 columns\); did you mean 'c7'"
    ):
        frame.numbers("C7")


@pytest.mark.parametrize("last", ["x", "1_000", "0x10"])
def test_text_after_many_numbers_keeps_the_spelling_of_all(write, last):
    cells = [f"{i:05}" for i in range(30_000)] + ["", last]
    frame = read(write("a,b\n" + "".join(f"{cell},1\n" for cell in cells)))
    assert frame.texts("a") == [*cells[:-2], None, last]
    assert frame.location(30_001).endswith("a.csv line 30003")


def test_numbers_of_many_rows_and_their_gaps(write):
    values = np.where(np.arange(50_000) % 7 == 0, np.nan, np.random.default_rng(0).normal(size=50_000))
    text = "".join(f"{'' if np.isnan(x) else repr(float(x))};{i}\n" for i, x in enumerate(values))
    frame = read(write("a;b\n" + text))
    np.testing.assert_array_equal(frame.numbers("a"), values)
    np.testing.assert_array_equal(frame.numbers("b"), np.arange(50_000))


def test_columns_named_as_text_stay_text(write):
    path = write("a,b\n01,02\n1.0,?\n")
    frame = read(path, text=["a"])
    assert frame.texts("a") == ["01", "1.0"]
    assert frame.texts("b") == ["2", None]


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
def test_a_table_is_the_same_after_writing_and_reading(tmp_path_factory, columns, delimiter):
    path = tmp_path_factory.mktemp("hypothesis") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    before = read(columns)
    again = read(path, text=[name for name in before if not before.is_number(name)])
    assert list(again) == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(again.missing(name), before.missing(name))
        if before.is_number(name):
            np.testing.assert_array_equal(again.numbers(name), before.numbers(name))
        elif any(isinstance(value, bool) for value in values):
            assert [text.lower() for text in again.texts(name)] == before.texts(name)
        elif all(value is None or isinstance(value, str) for value in values):
            assert again.texts(name) == before.texts(name)


def test_a_few_words_beside_many_numbers_are_missing_numbers_however_frequent(write):
    rows = [f"{i}.5,{i % 2}" for i in range(40)] + ["unknown,0"] * 12 + ["refused,1"] * 8 + ["-,1", "#N/A,0", "n.a.,1"]
    path = write("a,y\n" + "\n".join(rows) + "\n")
    with pytest.raises(
        ValueError, match=r"line 42, column 'a': must be a number, got 'unknown': all but 20 of 60 values"
    ):
        table(path, "y")
    lenient = table(path, "y", stray="missing")
    assert lenient.preparation.columns[0].kind == "number"
    assert lenient.frame.missing("a").sum() == 23
    several = [f"{i % 25}.5,{i % 2}" for i in range(40)] + [f"size {i % 5},0" for i in range(20)]
    assert table(write("a,y\n" + "\n".join(several) + "\n"), "y").preparation.columns[0].kind == "category"
