"""The commands for files with columns: describe, predict, evaluate."""

import io
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

import whorl
from whorl.cli import main

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

NEW = "id,age,city\na1,30,Paris\na2,50,Rome\na3,,Madrid\na4,20,Paris\n"


@pytest.fixture
def people():
    """A file, and a model that has learned it."""
    chance = random.Random(0)
    rows = [(f"k{i}", chance.randint(18, 80), chance.choice(["Rome", "Oslo", "Bonn"])) for i in range(120)]
    lines = [f"{name},{age},{city},{'yes' if (age > 40) != (city == 'Rome') else 'no'}" for name, age, city in rows]
    Path("people.csv").write_text("\n".join(["id,age,city,bought", *lines]) + "\n")
    assert (
        main(
            [
                "train",
                "people.csv",
                "--target",
                "bought",
                "--preset",
                "fast",
                "--epochs",
                "25",
                "--hidden",
                "16",
                "--dropout",
                "0",
            ]
        )
        == 0
    )
    Path("new.csv").write_text(NEW)
    return whorl.load("model.npz")


def test_training_says_first_what_it_will_use(people, capsys):
    capsys.readouterr()
    assert main(["train", "people.csv", "--target", "bought", "--epochs", "1", "--members", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "120 rows, classification of bought"
    assert lines[1].split() == ["column", "kind", "missing"]
    assert lines[2].startswith("id      left out        0  it looks like an identifier")
    assert lines[3].startswith("age     number          0  19 to 80")
    assert lines[2].endswith("120 different values in 120 rows; use=['id'] (--use id) keeps it")
    assert not any(line.startswith("column 'id' is left out") for line in lines)  # the table says so


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["bought  category        0  2: no, yes", "120 rows, 6 features"]),
        (["--target", "bought"], ["120 rows, 4 features; classification"]),
        (["--ignore", "city", "bought"], ["city    left out        0  ignored, as requested", "120 rows, 1 features"]),
    ],
)
def test_describe(people, capsys, words, expected):
    capsys.readouterr()
    assert main(["describe", "people.csv", *words]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["column", "kind", "missing"]
    assert [line.split()[0] for line in out[1:5]] == ["id", "age", "city", "bought"]
    assert all(any(line.startswith(each) for line in out) for each in expected), out


@pytest.mark.parametrize("words", [[], ["--target", "kind"]], ids=str)
def test_describe_has_the_remarks_on_the_file(words, capsys):
    lines = [f"{i % 4}%,,{'ab'[i % 2]}" for i in range(40)]
    Path("styled.csv").write_text("\n".join(["size,,kind", *lines]) + "\n")
    assert main(["describe", "styled.csv", "--stray", "category", *words]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-2] == "column 2 is left out: it has no name"
    assert out[-1].startswith("column 'size' is text: numbers must be written like 3000.5")


def test_describe_refuses_what_is_not_there(capsys):
    Path("a.csv").write_text("a,b\n1,2\n3,4\n")
    assert main(["describe", "nothing.csv"]) == 2
    assert main(["describe", "a.csv", "--target", "c"]) == 2
    assert "target must be a column of a.csv, which has a, b, got 'c'" in capsys.readouterr().err


def test_describe_uses_columns_that_look_like_identifiers_if_it_is_told_to(people, capsys):
    capsys.readouterr()
    for words in ([], ["--target", "bought"]):
        assert main(["describe", "people.csv", "--use", "id", "age", *words]) == 0
        assert capsys.readouterr().out.splitlines()[1].startswith("id      category        0  50 and others: k0, k1,")


def test_describe_checks_the_names_of_columns_first(capsys):
    Path("typo.csv").write_text("a,y\n3x,u\n" + "1,v\n2,u\n" * 20)
    for option in ("--ignore", "--use", "--target"):
        for more in ([], ["--target", "y"]):
            assert main(["describe", "typo.csv", *more, option, "b"]) == 2
            assert "of typo.csv, which has a, y, got 'b'" in capsys.readouterr().err


def test_predict_repeats_columns_and_warns_of_unseen_categories(people, capsys):
    capsys.readouterr()
    assert main(["predict", "model.npz", "new.csv", "--keep", "id", "age"]) == 0
    out, err = capsys.readouterr()
    lines = [line.split(",") for line in out.splitlines()]
    assert lines[0] == ["id", "age", "bought", "no", "yes"]
    assert [line[:2] for line in lines[1:]] == [["a1", "30"], ["a2", "50"], ["a3", ""], ["a4", "20"]]
    p = people.predict({"age": [30, 50, None, 20], "city": ["Paris", "Rome", "Madrid", "Paris"]})
    np.testing.assert_allclose([[float(cell) for cell in line[3:]] for line in lines[1:]], p, rtol=1e-4)
    assert [line[2] for line in lines[1:]] == [people.classes[k] for k in p.argmax(axis=1)]
    new = {"age": [30, 50, None, 20], "city": ["Paris", "Rome", "Madrid", "Paris"]}
    assert [line[2] for line in lines[1:]] == people.predict_classes(new).tolist()
    assert err == "column 'city' has categories that training has not seen, in 3 rows: 'Paris' (2), 'Madrid' (1)\n"


def test_predict_reads_the_standard_input_and_writes_a_file(people, capsys, monkeypatch):
    capsys.readouterr()
    main(["predict", "model.npz", "new.csv"])
    expected = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NEW.encode())))
    assert main(["predict", "model.npz", "-", "--output", "out.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("saved out.csv: 4 rows\n")
    assert Path("out.csv").read_text() == expected
    assert main(["predict", "model.npz", "new.csv", "--json", "--keep", "id", "--output", "out.json"]) == 0
    rows = json.loads(Path("out.json").read_text())
    assert [row["id"] for row in rows] == ["a1", "a2", "a3", "a4"]
    assert set(rows[0]) == {"id", "bought", "no", "yes"}


def test_predict_names_columns_that_are_not_there(people, capsys):
    assert main(["predict", "model.npz", "new.csv", "--keep", "name"]) == 2
    assert (
        "argument --keep: must name columns of new.csv, which has id, age, city, got 'name'" in capsys.readouterr().err
    )
    assert main(["predict", "model.npz", "new.csv", "--output", "no/such/folder.csv"]) == 2
    assert "cannot write no/such/folder.csv" in capsys.readouterr().err


def test_evaluate_has_figures_for_each_class_and_a_confusion_matrix(people, capsys):
    capsys.readouterr()
    assert main(["evaluate", "model.npz", "people.csv"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["rows", "precision", "recall", "f1", "as", "no", "as", "yes"]
    assert main(["evaluate", "model.npz", "people.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    data = whorl.tables.table("people.csv", preparation=people.preparation)
    matrix = whorl.metrics.confusion_matrix(data.y, people.predict(data.X))
    assert found["confusion_matrix"] == matrix.tolist()
    assert [int(cell) for cell in lines[2][5:]] == matrix[0].tolist()
    for k, name in enumerate(people.classes):
        figures = found["classes"][name]
        assert figures["rows"] == matrix[k].sum()
        assert figures["precision"] == pytest.approx(matrix[k, k] / matrix[:, k].sum())
        assert figures["recall"] == pytest.approx(matrix[k, k] / matrix[k].sum())
        assert figures["f1"] == pytest.approx(2 / (1 / figures["precision"] + 1 / figures["recall"]))
        assert lines[2 + k][:4] == [
            name,
            str(figures["rows"]),
            f"{figures['precision']:.3f}",
            f"{figures['recall']:.3f}",
        ]


def test_a_bad_cell_is_named_and_may_count_as_missing(capsys):
    rows = "".join(f"{'3x' if i == 7 else i % 9},{'yes' if i % 2 else 'no'}\n" for i in range(60))
    Path("typo.csv").write_text("a,y\n" + rows)
    assert main(["train", "typo.csv", "--target", "y", "--epochs", "1", "--members", "1"]) == 2
    assert (
        "typo.csv line 9, column 'a': must be a number, got '3x': all but 1 of 60 values are numbers"
        in capsys.readouterr().err
    )
    assert main(["describe", "typo.csv"]) == 2
    capsys.readouterr()
    assert main(["describe", "typo.csv", "--stray", "missing"]) == 0
    assert "a       number          1" in capsys.readouterr().out
    assert main(["train", "typo.csv", "--target", "y", "--epochs", "1", "--members", "1", "--stray", "missing"]) == 0
    assert 'stray = "missing"' in Path("model.toml").read_text()
    capsys.readouterr()
    assert main(["train", "--config", "model.toml", "--output", "again"]) == 0
    assert Path("again/model.npz").read_bytes() == Path("model.npz").read_bytes()


def test_new_rows_are_read_as_training_was_told_to(capsys):
    rows = "".join(f"{'3x' if i == 7 else i % 9},{'yes' if i % 9 > 4 else 'no'}\n" for i in range(60))
    Path("typo.csv").write_text("a,y\n" + rows)
    Path("new.csv").write_text("a\n1\nnone\n")
    quick = ["--target", "y", "--epochs", "1", "--members", "1", "--quiet"]
    assert main(["train", "typo.csv", *quick, "--stray", "missing", "--output", "lenient.npz"]) == 0
    warning = "column 'a' has text that counts as missing, in 1 row: '{}' (1)\n"
    for command, said in {
        ("predict", "lenient.npz", "new.csv"): warning.format("none"),
        ("evaluate", "lenient.npz", "typo.csv"): warning.format("3x"),
    }.items():
        capsys.readouterr()
        assert main(command) == 0
        assert capsys.readouterr().err == said
        assert main([*command, "--stray", "error"]) == 2
        assert "column 'a': must be a number, got '" in capsys.readouterr().err
    Path("good.csv").write_text("a,y\n" + rows.replace("3x", "3"))
    assert main(["train", "good.csv", *quick, "--output", "strict.npz"]) == 0
    capsys.readouterr()
    for command in (["predict", "strict.npz", "new.csv"], ["evaluate", "strict.npz", "typo.csv"]):
        assert main(command) == 2
        assert "column 'a': must be a number, got '" in capsys.readouterr().err
        assert main([*command, "--stray", "missing"]) == 0
        capsys.readouterr()


def test_columns_of_dates(capsys):
    """A training on dates, and predictions for new ones."""
    lines = [f"{i % 28 + 1}.{i % 12 + 1}.2024,{'warm' if 4 <= i % 12 <= 9 else 'cold'}" for i in range(400)]
    Path("days.csv").write_text("\n".join(["day,weather", *lines]) + "\n")
    assert (
        main(
            [
                "train",
                "days.csv",
                "--target",
                "weather",
                "--preset",
                "fast",
                "--epochs",
                "30",
                "--hidden",
                "16",
                "--dropout",
                "0",
            ]
        )
        == 0
    )
    assert "day      date          0  2024-01-01 to 2024-12-28" in capsys.readouterr().out
    Path("new.csv").write_text("day\n24.12.2025\n2026-07-01 12:30\n")
    assert main(["predict", "model.npz", "new.csv"]) == 0
    assert [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()] == ["weather", "cold", "warm"]
    Path("new.csv").write_text("day\n12/24/2025\n")
    assert main(["predict", "model.npz", "new.csv"]) == 2
    assert "new.csv line 2, column 'day': must be a date, day.month.year, got '12/24/2025'" in capsys.readouterr().err


def test_errors_name_the_standard_input(people, capsys, monkeypatch):
    for text, words in {
        "age,city\nold,Rome\n": "the standard input line 2, column 'age': must be a number, got 'old'",
        "age\n30\n": "the standard input has no column 'city'; it has age",
        "": "the standard input is empty",
    }.items():
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["predict", "model.npz", "-"]) == 2
        assert capsys.readouterr().err.endswith(f"whorl predict: error: {words}\n")


@pytest.mark.parametrize("command", [["describe", "people.csv"], ["train", "people.csv", "--target", "bought"]])
def test_the_columns_fit_on_a_narrow_terminal(command, people, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert main([*command, *["--epochs", "1", "--members", "1"] * (command[0] == "train")]) == 0
    wide = capsys.readouterr().out
    assert "use=['id'] (--use id) keeps it" in wide
    assert max(map(len, wide.splitlines())) > 60
    monkeypatch.setattr("whorl.cli.console.has_rich", lambda: False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main([*command, *["--epochs", "1", "--members", "1"] * (command[0] == "train")]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[
        lines.index("column  kind      missing") : lines.index(next(x for x in lines if x.startswith("bought")))
    ]
    assert max(map(len, table)) <= 60
    assert " ".join(" ".join(table).split()).find("it looks like an identifier: 120 different values in 120 rows;") > 0


def test_the_confusion_matrix_is_cut_on_a_narrow_terminal(people, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    capsys.readouterr()
    monkeypatch.setattr("whorl.cli.console.has_rich", lambda: False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["evaluate", "model.npz", "people.csv"]) == 0
    _, *table = capsys.readouterr().out.splitlines()
    assert [len(line) for line in table] == [40] * 3
    assert all(line.endswith("…") for line in table)


def test_predictions_do_not_overwrite_what_they_are_made_of(people, capsys):
    for name in "new.csv", "model.npz":
        before = Path(name).read_bytes()
        assert main(["predict", "model.npz", "new.csv", "--output", f"./{name}"]) == 2
        assert f"argument --output: {name} is read from, so it cannot be written to" in capsys.readouterr().err
        assert Path(name).read_bytes() == before
