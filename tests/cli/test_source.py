"""The files that commands read new rows from, and what they say of them."""

import io
import sys
from pathlib import Path

import pytest
from tests.cli.commands import checkpoint, flowers, out, refused

from whorl.cli import main

TRAIN = ["train", "flowers.csv", "--target", "kind", "--epochs", "3", "--members", "2"]


@pytest.fixture(autouse=True)
def model(own_directory, no_picture, capsys):
    flowers("flowers.csv")
    out(capsys, *TRAIN)


def test_evaluate_reads_the_standard_input(capsys, monkeypatch):
    expected = out(capsys, "evaluate", "model.npz", "flowers.csv")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("flowers.csv").read_bytes())))
    found = out(capsys, "evaluate", "model.npz", "-")
    assert found == [expected[0].replace("flowers.csv", "the standard input"), *expected[1:]]


def test_evaluate_warns_of_new_categories(capsys):
    text = Path("flowers.csv").read_text().replace("red", "blue", 1)
    Path("new.csv").write_text(text)
    assert main(["evaluate", "model.npz", "new.csv"]) == 0
    expected = "column 'colour' has categories that training has not seen, in 1 row: 'blue' (1)\n"
    assert capsys.readouterr().err == expected


def test_a_rare_category_is_not_called_unseen(capsys):
    lines = Path("flowers.csv").read_text().splitlines()
    lines = [lines[0], *(lines[1:] * 4)]
    lines[5] = lines[5].replace("red", "pink").replace("white", "pink")
    Path("flowers.csv").write_text("\n".join(lines) + "\n")
    out(capsys, *TRAIN)
    assert main(["predict", "model.npz", "flowers.csv"]) == 0
    expected = "column 'colour' has categories that were rare in training, or not in it, in 1 row: 'pink' (1)\n"
    assert capsys.readouterr().err == expected


def test_train_does_not_read_the_standard_input(capsys):
    assert "train reads a file: the standard input" in refused(capsys, "train", "-", "--target", "kind")


def test_a_target_that_is_kept_stands_beside_its_prediction(capsys):
    header = out(capsys, "predict", "model.npz", "flowers.csv", "--keep", "price", "kind")[0]
    assert header == "price,kind,predicted kind,lily,rose"


def test_columns_with_commas_between_them(capsys):
    expected = "ignore must name columns one by one, got 'length,colour': separate them by blanks, without commas"
    assert expected in refused(capsys, *TRAIN, "--ignore", "length,colour")


def test_quiet_prints_what_is_saved_and_no_table(capsys):
    assert out(capsys, *TRAIN, "--quiet")[:2] == ["saved model.npz", "saved model.toml"]


def test_resume_refuses_a_file_that_has_changed(capsys):
    checkpoint("model.checkpoint-1.npz")
    Path("flowers.csv").write_text(Path("flowers.csv").read_text().replace("rose", "lily", 3))
    expected = "argument --resume: the file to learn from is no longer the one of the training in model.toml"
    assert expected in refused(capsys, *TRAIN, "--resume")
